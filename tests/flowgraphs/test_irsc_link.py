"""The shipped link over the MIMO interference channel, with small untrained models."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from irsc_models import Models

from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.cli.main import main
from semradio.flowgraphs.language.shipped import ROOT, find
from semradio.flowgraphs.plan import FlowgraphError

PLAIN = Models(receiver_h=None)
KINDS = {
    "csir": Models(),
    "csitr": Models(transmitter_h="all"),
    "csi_free": PLAIN,
    "csir_pilots": Models(),
    "interference_free": PLAIN.but(streams=True),
    "interference_free_1": PLAIN.but(rows=1, streams=True),
    "semi_plugin_1": PLAIN.but(rows=1, streams=True),
    "semi_plugin_1_short": PLAIN.but(rows=1, streams=True),
    "semi_plugin_2": PLAIN.but(streams=True),
    "semi_trained_1": PLAIN.but(rows=1, streams=True),
    "semi_trained_2": PLAIN.but(streams=True),
    "lmmse": PLAIN,
    "tdma": Models(receiver_h="own", snr_db=True),
    "csir_lmmse": Models(receiver_h="own", snr_db=True),
    "csir_lmmse_pilots": Models(receiver_h="own", snr_db=True),
}
"""What the models of each scheme take and give."""

FRAMES = 60


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Overrides that give each user images without a data set."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(2)
    for name in "ab":
        np.save(folder / f"{name}.npy", random.integers(0, 256, (FRAMES, 28, 28), np.uint8))
    return [f"datasets=[{folder}/a.npy, {folder}/b.npy]", "split=null", f"frames={FRAMES}"]


@pytest.fixture
def link(pictures: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that loads the link with models of its own: ``link(Models(), "NAME=VALUE")``."""
    monkeypatch.chdir(tmp_path)

    def load(models: Models, *overrides: str, file: str = "irsc_link") -> Flowgraph:
        folder = models.write(tmp_path / "models")
        return Flowgraph.load(
            file, [*pictures, f"models={folder}", f"users={models.users}", *overrides]
        )

    return load


# Schemes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "users"),
    [
        *((scheme, 2) for scheme in KINDS),
        *(("csir", k) for k in (1, 3, 5)),
        *((scheme, k) for scheme in ("csir_lmmse", "lmmse", "semi_trained_1") for k in (1, 3)),
    ],
)
def test_every_scheme_runs_for_any_number_of_users(link: Any, scheme: str, users: int) -> None:
    result = link(KINDS[scheme].but(users=users), f"scheme={scheme}", "frames=20").run(
        processes=False
    )
    for k in range(users):
        found = result[f"quality[{k}]"]
        assert found["images"] == 20
        assert None not in [found[key] for key in ("ssim_global", "ssim_gauss11", "psnr_db", "mse")]
        assert Path(f"irsc_link_{k + 1}.png").is_file()
    designs = [name for name in result.blocks if name.startswith("design")]
    assert designs == (["design[0]"] if scheme.startswith("semi") else [])


@pytest.mark.parametrize(
    ("given", "models"),
    [
        ([], "irsc/csir"),
        (["scheme=csir_lmmse"], "irsc/csir_lmmse"),
        (["scheme=semi_trained_2"], "irsc/semi_trained_2"),
        (["scheme=semi_plugin_1"], "irsc/interference_free_1"),
        (["scheme=semi_plugin_2"], "irsc/interference_free"),
        (["users=1"], "irsc/csir_mnist_1"),
        (["users=5", "scheme=csitr"], "irsc/csitr_mnist_5"),
        (["datasets=[mnist]"], "irsc/csir_mnist_2"),
        (["models=mine"], "mine"),
    ],
)
def test_the_models_of_a_scheme(given: list[str], models: str) -> None:
    plan = Flowgraph.load("irsc_link", given).plan
    users = plan.blocks["air"].parameters["users"]
    for k in range(users):
        end = f"{k + 1}"
        assert plan.blocks[f"tx[{k}]/encoder"].parameters["model"] == f"{models}/transmitter_{end}"
        assert plan.blocks[f"rx[{k}]/decoder"].parameters["model"] == f"{models}/receiver_{end}"
    assert len(plan.processes) == 2 * users + 3


def test_two_users_have_a_data_set_each_and_others_share_one() -> None:
    def datasets(*given: str) -> list[str]:
        blocks = Flowgraph.load("irsc_link", given).plan.blocks
        return [b.parameters["dataset"] for name, b in blocks.items() if name.startswith("source")]

    assert datasets() == ["mnist", "fashion-mnist"]
    assert datasets("users=3") == ["mnist"] * 3
    assert datasets("users=3", "datasets=[a, b]") == ["a", "b", "a"]


def test_without_channel_and_noise_every_snr_is_the_same(link: Any) -> None:
    models = KINDS["interference_free"]
    low, high, faded = (
        link(models, f"scheme={scheme}", f"snr_db={snr}").run(processes=False)
        for scheme, snr in (("interference_free", -20), ("interference_free", 20), ("csi_free", 20))
    )
    assert low["quality[1]"] == high["quality[1]"]
    assert low["quality[1]"] != faded["quality[1]"]


def test_the_ends_know_of_the_channel_what_they_are_told(link: Any) -> None:
    settings = ["csi=single", "csi=orthogonal", "estimator=mmse csi=single", "rho=0.5", "delay=3"]
    runs = [
        link(Models(), "frames=20", *setting.split()).run(processes=False)["quality[0]"]["mse"]
        for setting in ["snr_db=0", *settings]
    ]
    assert len(set(runs)) == len(runs)
    # Who knows nothing does not care.
    blind, lied_to = (
        link(KINDS["csi_free"], "frames=20", setting).run(processes=False)["quality[0]"]["mse"]
        for setting in ("rho=1", "rho=0")
    )
    assert blind == lied_to


# However it runs -------------------------------------------------------------------------------

TAPS = """
  heard[k]: {block: file_sink, file: "heard_${k}.npy"}
  known:    {block: file_sink, file: known.npy}
"""


def tapped(folder: Path) -> str:
    """Write the link with sinks that take down what the air gives and what the ends know."""
    text = find("irsc_link").read_text(encoding="utf-8")
    for old, new in (
        ("parts/", f"{ROOT}/irsc/parts/"),
        (
            "\n\nconnections:\n",
            f"{TAPS}\nconnections:\n  - air.y[k] -> heard[k]\n  - csi -> known\n",
        ),
        ('["rx[k]", ', '["rx[k]", "heard[k]", '),
        ("channel: [state]", "channel: [state, known]"),
    ):
        assert old in text
        text = text.replace(old, new)
    path = folder / "tapped.yml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_same_channel_and_noise_to_the_bit(link: Any, tmp_path: Path) -> None:
    models = Models(receiver_h="own", snr_db=True, exact=True)
    file = tapped(tmp_path)
    flowgraph = link(models, "csi=orthogonal", "rho=0.9", "snr_db=3", file=file)
    assert len(flowgraph.plan.processes) == 7
    seen: list[tuple[list[str], Any]] = []
    for options in (
        {"processes": False, "chunk": 1},
        {"processes": False, "chunk": 16},
        {"processes": False, "chunk": 256},
        {"processes": True, "chunk": 1},
        {"processes": True, "chunk": 16, "transport": "tcp"},
    ):
        result = flowgraph.run(**options)
        files = [Path(name) for name in ("known.npy", "heard_0.npy", "heard_1.npy")]
        assert np.load(files[1]).shape == (FRAMES, 2, 16)
        seen.append(([hashlib.sha256(f.read_bytes()).hexdigest() for f in files], result))
        for f in files:
            f.unlink()
    bits, first = seen[0]
    assert len(set(bits)) == 3
    for other, result in seen[1:]:
        assert other == bits
        for k in range(2):
            assert result[f"quality[{k}]"] == pytest.approx(first[f"quality[{k}]"], rel=1e-5)


# Bad input -------------------------------------------------------------------------------------


def line_of(file: str | Path, start: str) -> int:
    """The number of the line of a flowgraph that begins with a text."""
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    return next(k for k, line in enumerate(lines, 1) if line.strip().startswith(start))


def refused(load: Any, *words: str, line: str, file: str | Path | None = None) -> None:
    """Checking finds all words in one message, at the line that begins so."""
    with pytest.raises(FlowgraphError) as caught:
        load().check()
    place = line_of(file or find("irsc_link"), line)
    found = [p for p in caught.value.problems if all(word in p.message for word in words)]
    assert found, str(caught.value)
    assert [p.location.line for p in found if p.location is not None] == [place]
    assert f":{place}:" in str(caught.value)


BARE = Models(card=False)
"""Models that say nothing of themselves: only the shapes of their tensors tell."""


@pytest.mark.parametrize(
    ("models", "given", "words", "line"),
    [
        (Models(users=3), "users=2", ["tx[0]/", "for 2 users", "is for 3 us"], "- csi -> tx[k].h"),
        (BARE.but(users=3), "users=2", ["rx[0]/", "2 users", "is for 3 us"], "- csi -> rx[k].h"),
        (Models(), "tx_antennas=4", ["tx[0]/", "4 transmit antennas"], "- csi -> tx[k].h"),
        (BARE, "tx_antennas=4", ["'air'", "4 transmit ant", "for 2"], "- state -> air.h"),
        (Models(), "rx_antennas=4", ["rx[0]/", "4 receive antennas"], "- air.y[k] -> rx[k]"),
        (BARE, "rx_antennas=1", ["rx[0]/", "1 receive antenna "], "- air.y[k] -> rx[k]"),
        (BARE, "state.users=3", ["'air'", "3", "'users'", "2"], "- state -> air.h"),
        (Models(), "air.users=3", ["'air'", "x[2]", "not connected"], "air: {block"),
    ],
)
def test_antennas_and_users_that_do_not_match(
    link: Any, models: Models, given: str, words: list[str], line: str
) -> None:
    refused(lambda: link(models, given), *words, line=line)


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (np.full((5, 2, 2, 2, 2), np.nan + 0j, np.complex64), ["NaN"]),
        (np.zeros((5, 2, 2, 2), np.complex64), ["5"]),
        (np.zeros((5, 3, 3, 2, 2), np.complex64), ["'users' is 2", "3"]),
        (np.zeros((5, 2, 2, 2, 2), np.float32), ["complex"]),
        (np.zeros((0, 2, 2, 2, 2), np.complex64), ["h.npy"]),
    ],
    ids=["nan", "shape", "users", "real", "empty"],
)
def test_bad_channel_states_in_a_file(
    link: Any, tmp_path: Path, states: np.ndarray, words: list[str]
) -> None:
    np.save(tmp_path / "h.npy", states)
    refused(
        lambda: link(Models(), f"state.file={tmp_path / 'h.npy'}"), "'state'", *words, line="state:"
    )


def test_interference_that_cannot_be_aligned(link: Any) -> None:
    refused(
        lambda: link(KINDS["semi_plugin_2"], "scheme=semi_plugin_2", "design.infeasible=refuse"),
        "'design[0]'",
        "2 streams for each of 2 users cannot be aligned: d(K+1) = 6 > Nt+Nr = 4",
        line="design[d]:",
    )


def test_csi_at_the_transmitters_wired_without_it(link: Any, tmp_path: Path) -> None:
    file = Path(tapped(tmp_path))
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("  - csi -> tx[k].h\n", ""), encoding="utf-8")
    words = ["transmitter_1' needs the channel state: connect it to input 'h'", "tx[0]/encoder"]
    part = ROOT / "irsc" / "parts" / "transmitter_direct.yml"
    refused(lambda: link(KINDS["csitr"], file=str(file)), *words, line="encoder: {block", file=part)


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("csir_lmmse", "rx/decoder.snr_db=null", ["signal-to-noise ratio", "'snr_db'"]),
        ("csir", "rx/decoder.model=${models}/transmitter_1", ["made for the block 'irsc_tr"]),
        ("csir", "rx/decoder.user=1", ["is made for user 0, but parameter 'user' is 1"]),
        ("swapped", "seed=1", ["the axes re_im, transmitter, receiver", "export the model in"]),
    ],
)
def test_models_that_do_not_fit_their_place(
    link: Any, kind: str, given: str, words: list[str]
) -> None:
    swapped = {"h": ("re_im", "transmitter", "receiver", "rx_antenna", "tx_antenna")}
    models = KINDS.get(kind) or Models(axes=swapped)
    part = ROOT / "irsc" / "parts" / "receiver_direct.yml"
    refused(
        lambda: link(models, given.replace("${models}", str(Path("models").resolve()))),
        "rx[0]/decoder",
        *words,
        line="decoder: {block",
        file=part,
    )


def test_the_command_says_so_before_anything_runs(
    link: Any, pictures: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    link(KINDS["csir"])
    words = ["irsc_link", *pictures, "models=models", "rx_antennas=4", "--json", "out.json"]
    with pytest.raises(SystemExit, match="2"):
        main(["run", *words])
    told = capsys.readouterr().err
    place = line_of(find("irsc_link"), "- air.y[k] -> rx[k].y")
    assert f"irsc_link.yml:{place}:" in told
    assert "input 'y' of block 'rx[0]/decoder' is for 4 receive antennas" in told
    assert not Path("out.json").exists()
    with pytest.raises(SystemExit, match="0"):
        main(["run", *words, "rx_antennas=2", "--in-process"])
    results = json.loads(Path("out.json").read_text())["results"]
    assert results["quality[1]"]["images"] == FRAMES
