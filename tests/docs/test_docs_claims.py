"""What the pages state as fact, against the code and the models."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from docs_pages import DOCS, Fence, Story, fences

from semradio.blocks.api import registry
from semradio.blocks.api.item_type import DTYPES
from semradio.blocks.engine import chain, weaving
from semradio.blocks.gnuradio.link import MAX_MESSAGE_BYTES
from semradio.blocks.gnuradio.pmt import MAX_DEPTH, MAX_SYMBOL_BYTES
from semradio.blocks.gnuradio.stream_sink import MESSAGE_BYTES
from semradio.blocks.metrics.segments import MOST_SEGMENTS
from semradio.blocks.neural.model_file import find_model, read_card
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.cli.main import COMMANDS
from semradio.flowgraphs.control import messages, server
from semradio.flowgraphs.gnuradio.description import described
from semradio.flowgraphs.gnuradio.installation import EXAMPLES
from semradio.flowgraphs.runtime import result
from semradio.flowgraphs.runtime.edges import crossing, wire
from semradio.flowgraphs.runtime.run import children
from semradio.flowgraphs.runtime.run.draining import DRAIN_S

TEXTS = {page.name: page.read_text(encoding="utf-8") for page in DOCS.glob("*.md")}


def plain(page: str) -> str:
    """Return a page in one line, without Markdown's marks."""
    return " ".join(re.sub(r"[`*]", "", TEXTS[page]).split())


def tables(page: str) -> list[list[list[str]]]:
    """Return the tables of a page: rows of cells, without Markdown's marks."""
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", TEXTS[page], re.M):
        rows = [
            re.split(r"(?<!\\)\|", row.strip()[1:-1])
            for row in block.splitlines()
            if not re.fullmatch(r"[|\-: ]+", row)
        ]
        found.append([[re.sub(r"[`*]", "", cell).strip() for cell in row] for row in rows])
    return found


def table(page: str, corner: str) -> dict[str, list[str]]:
    """Return the rows, by their first cell, of the table whose head row holds ``corner``."""
    (rows,) = [rows for rows in tables(page) if corner in rows[0]]
    return {row[0]: row[1:] for row in rows[1:]}


# runtime.md ----------------------------------------------------------------------------------


def test_the_wire_format_is_that_of_the_code() -> None:
    (block,) = re.findall(r"^=+ .*?\n.*?\n=+ .*?\n(.*?)^=+ ", wire.__doc__ or "", re.M | re.S)
    wanted: list[list[str]] = []
    for line in block.splitlines():
        cells = [line[:13], line[13:19], line[19:]]
        clean = [re.sub(r":\w+:|`|semradio\.\S+\.(?=DTYPES)", "", c).strip() for c in cells]
        if clean[0]:
            wanted.append(clean)
        else:
            wanted[-1][2] += " " + clean[2]
    found = [[name, *rest] for name, rest in table("runtime.md", "bytes").items()]
    assert len(found) == len(wanted) == 11
    for row, want in zip(found, wanted, strict=True):
        assert " ".join(row).split() == " ".join(want).split()


def test_numbers_of_the_runtime() -> None:
    text = plain("runtime.md")
    assert ", ".join(DTYPES) in text
    assert f"({weaving.DEFAULT_CHUNK} unless the file or --chunk says otherwise)" in text
    assert f"one pass in {chain.SAMPLE_EVERY}" in text
    assert f"fill {crossing.QUEUE_BYTES >> 20} MiB, at most {crossing.QUEUE_BYTES // 64:,}" in text
    assert f"within a process {crossing.HERE_BYTES >> 10} KiB do" in text
    assert f"draining takes more than {DRAIN_S:.0f} s" in text
    assert f"takes more than {children.STARTUP_S:.0f} s to start" in text


def test_numbers_of_live_control() -> None:
    text = plain("runtime.md")
    assert f"item border within {server.TAKEN_S:.0f} s" in text
    assert f"at most {messages.MAX_REQUEST:,} bytes a request" in text
    assert f"After {MOST_SEGMENTS} segments" in text
    asked = {re.findall(r'"ask": "(\w+)"', row[0])[0] for row in _requests()}
    assert asked == {kind.__struct_config__.tag for kind in get_args(messages.Request)}
    answered = {re.findall(r'"answer": "(\w+)"', row[1])[0] for row in _requests()} | {"refused"}
    assert answered == {kind.__struct_config__.tag for kind in get_args(messages.Answer)}


def _requests() -> list[list[str]]:
    (rows,) = [rows for rows in tables("runtime.md") if rows[0] == ["request", "answer"]]
    return rows[1:-1]


def test_keys_of_the_results() -> None:
    assert list(table("runtime.md", "key")) == list(result.RunResult("x").as_dict())


# security.md ---------------------------------------------------------------------------------

CARD_KEYS = {
    "Eve, no protection": "eve_accuracy_unprotected",
    "Eve, fixed, never saw a protected signal": "eve_accuracy",
    "Eve, retrained on protected signals": "adaptive_eve.accuracy",
    "Eve, fixed, behind a copy of Bob's module": "stolen_bob_eve.accuracy",
    "Bob's MSE, no protection": "bob_mse_unprotected",
    "Bob's MSE, pair on": "bob_mse",
    "Bob's MSE, Alice on and Bob off": "bob_mse_without_bob",
    "PSR in dB": "psr_db",
}

RUNS: dict[str, tuple[str, tuple[str, ...], tuple[str, str]]] = {
    "Eve, no protection": ("arn_link", ("protect=false",), ("leakage", "accuracy")),
    "Eve, fixed, never saw a protected signal": ("arn_link", (), ("leakage", "accuracy")),
    "Eve, retrained on protected signals": (
        "arn_link",
        ("attacker=adaptive_eve",),
        ("leakage", "accuracy"),
    ),
    "Eve, fixed, behind a copy of Bob's module": (
        "stolen_bob.yml",
        (),
        ("leakage", "accuracy"),
    ),
    "Bob's MSE, no protection": ("arn_link", ("protect=false",), ("quality", "mse")),
    "Bob's MSE, pair on": ("arn_link", (), ("quality", "mse")),
    "Bob's MSE, Alice on and Bob off": ("arn_link", ("bob.enabled=false",), ("quality", "mse")),
    "PSR in dB": ("arn_link", (), ("power", "psr_db")),
}


def half_a_digit(shown: str) -> float:
    """Return the largest rounding error of a number as shown."""
    return 0.501 * 10.0 ** -len(shown.partition(".")[2])


def test_the_page_begins_with_the_eve_who_retrains() -> None:
    card = read_card(find_model("arn/alice"))
    assert card is not None
    beginning = TEXTS["security.md"].splitlines()[2]
    adaptive, free = re.findall(r"\.\d{3}", beginning)
    assert float(adaptive) == pytest.approx(card.metrics["heldout.adaptive_eve.accuracy"], abs=5e-4)
    assert float(free) == pytest.approx(card.metrics["heldout.eve_accuracy_unprotected"], abs=5e-4)
    assert "retrains" in beginning


@pytest.mark.parametrize("row", CARD_KEYS)
def test_numbers_of_the_cards(row: str) -> None:
    card = read_card(find_model("arn/alice"))
    assert card is not None
    cells = table("security.md", "card, heldout")[row]
    for part, shown in zip(("heldout", "test"), cells, strict=False):
        measured = card.metrics[f"{part}.{CARD_KEYS[row]}"]
        assert float(shown) == pytest.approx(measured, abs=half_a_digit(shown))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> dict[Any, Any]:
    """The results of the flowgraphs that the table is about, by file and overrides."""
    story = Story(tmp_path_factory.mktemp("runs"), environment)
    found = {}
    with story.inside():
        for fence in fences(DOCS / "security.md"):
            if fence.language == "yaml":
                story.run(fence)
        for file, overrides, _ in RUNS.values():
            if (file, overrides) not in found:
                flowgraph = Flowgraph.load(file, overrides)
                found[file, overrides] = flowgraph.run(processes=False).results
    return found


@pytest.mark.parametrize("row", RUNS)
def test_numbers_of_the_runs(row: str, runs: dict[Any, Any]) -> None:
    file, overrides, (block, key) = RUNS[row]
    found = runs[file, overrides]
    assert found.get("source", {}).get("images") == 5000
    shown = table("security.md", "card, heldout")[row][2]
    # Another CPU may round the noise differently, which moves a few images over a border.
    slack = 0.001 if key == "accuracy" else 0.0
    assert float(shown) == pytest.approx(found[block][key], abs=half_a_digit(shown) + slack)


def test_the_power_sent(runs: dict[Any, Any]) -> None:
    assert abs(runs["arn_link", ()]["power"]["power_gain_db"]) < 0.1


# gnuradio.md ---------------------------------------------------------------------------------


def test_numbers_of_the_links_to_gnu_radio() -> None:
    text = plain("gnuradio.md")
    assert f"Messages carry {MESSAGE_BYTES} bytes of items at most" in text
    assert f"of more than max_message bytes ({MAX_MESSAGE_BYTES >> 20} MiB, or" in text
    assert f"nested {MAX_DEPTH} deep" in text
    assert f"str (up to {MAX_SYMBOL_BYTES} bytes)" in text


def test_the_numbers_of_blocks_and_images_in_companion() -> None:
    text = TEXTS["gnuradio.md"]
    assert re.findall(r"semradio: (\d+) blocks for", text) == [str(len(described()))]
    example = (EXAMPLES / "gnuradio_native.grc").read_text("utf-8")
    (frames,) = re.findall(r"name: frames\n.*\n.*value: '(\d+)'", example)
    assert re.findall(r'"images": (\d+)', text) == [frames]
    assert f"snr_db=200 frames={frames}" in plain("gnuradio.md")
    copied = text.split("semradio gnuradio examples\n")[1].split("```")[0].split()
    assert copied == sorted(p.name for p in EXAMPLES.iterdir() if p.suffix in (".grc", ".yml"))


def test_all_blocks_of_gr_zeromq_are_named() -> None:
    own = {name for name in registry.names() if name.startswith("zeromq_")}
    assert len(own) == 12
    assert set(re.findall(r"`(zeromq_\w+)`", TEXTS["gnuradio.md"])) == own


# Names -----------------------------------------------------------------------------------------

_BLOCK_NAME = re.compile(r"`([a-z]+(?:_[a-z]+)*_(?:source|sink|channel|const|head|in_n|ratio))`")


@pytest.mark.parametrize("page", sorted(TEXTS))
def test_blocks_that_are_named_exist(page: str) -> None:
    named = set(_BLOCK_NAME.findall(TEXTS[page]))
    own = set(re.findall(r'^@block\("(\w+)"', TEXTS[page], re.M))
    parameters = {key for name in registry.names() for key in registry.find(name).parameters}
    assert named - own - parameters <= set(registry.names())


def test_the_gnu_radio_page_names_many_blocks() -> None:
    assert len(set(_BLOCK_NAME.findall(TEXTS["gnuradio-users.md"]))) >= 10


def test_the_extras_exist() -> None:
    known = importlib.metadata.metadata("semradio").get_all("Provides-Extra") or []
    named = {e for text in TEXTS.values() for e in re.findall(r'"(?:semradio|\.)\[(\w+)\]"', text)}
    assert {"demo", "train", "sweep", "cluster"} <= named
    assert named <= set(known)


@pytest.mark.parametrize("page", sorted(TEXTS))
def test_commands_that_are_named_exist(page: str) -> None:
    named = set(re.findall(r"\bsemradio ([a-z]+)\b(?=[^\n]*`)", TEXTS[page]))
    named -= {"is", "and", "runs", "does", "uses", "import", "has", "in", "there"}
    assert named <= set(COMMANDS)


def test_a_page_that_lies_is_found(tmp_path: Path, environment: dict[str, str]) -> None:
    lie = Fence("security.md", "sh", "semradio run arn_link frames=10 # exit status 1\n", 1)
    story = Story(tmp_path, environment)
    with story.inside(), pytest.raises(AssertionError, match="exit status 0, not 1"):
        story.run(lie)
