"""Shipped links, files, processes on their own: kill -9, and all is as in an undisturbed run."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import find as block_type
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.language.shipped import find

pytestmark = pytest.mark.slow

BLOCKS = Path(__file__).with_name("blocks_for_tests.py")

FILES = f"""
flowgraph: files
code: [{BLOCKS}]
blocks:
  source: {{block: count_source, items: 20000}}
  air:    {{block: awgn_channel, snr_db: 10, seed: 3}}
  raw:    {{block: file_sink, file: raw.bin}}
  array:  {{block: file_sink, file: array.npy}}
connections:
  - source -> air -> raw
  - source -> array
processes:
  one: [source, air]
  two: [raw, array]
"""

MEDIA = f"""
flowgraph: media
code: [{BLOCKS}]
blocks:
  voice: {{block: wav_file_source, file: voice.wav}}
  words: {{block: text_source, file: words.txt, length: 12, long: split}}
  film:  {{block: video_source, file: film.mkv}}
  heard: {{block: wav_file_sink, file: heard.out, rate: 8000}}
  read:  {{block: text_sink, file: read.out}}
  seen:  {{block: video_sink, file: seen.avi}}
  count: {{block: text_similarity}}
connections:
  - voice -> heard
  - words -> read
  - film -> seen
  - words -> count.sent
  - words -> count.received
processes:
  one: [voice, words, film]
  two: [heard, read, seen, count]
"""

PARTED = FILES.replace("file_sink, file: raw.bin", "digest_sink").replace("raw", "sink")


def dying(text: str, marks: str, *wires: tuple[str, int]) -> str:
    """Put blocks into wires that kill the process of the wire's first block, once, at an item."""
    for number, (wire, item) in enumerate(wires):
        source, _, target = wire.partition(" -> ")
        name = f"die{number}{'[k]' if '[k]' in source else ''}"
        head, _, homes = text.partition("processes:")
        head = head.replace(wire, f"{source} -> {name} -> {target}")
        block = f"  {name}: {{block: dies_once, at_item: {item}, mark: '{marks}{number}'}}\n"
        head = head.replace("connections:", f"{block}connections:")
        member = re.compile(rf'[\[ ]"?{re.escape(source)}"?[,\]]')
        line = next(line for line in homes.splitlines() if member.search(line))
        home = f'{line[: line.rindex("]")]}, "{name}"]'
        text = f"{head}processes:{homes.replace(line, home, 1)}"
    return text


LINK = [("encoder -> alice", 90), ("air -> {bob}", 150), ("decoder -> quality.received", 230)]
EVE = [("eve -> leakage.predicted", 310)]


@pytest.mark.parametrize(
    ("name", "wires"),
    [
        ("arn_link", [(wire.format(bob="bob"), item) for wire, item in LINK + EVE]),
        ("keyed_link", [(wire.format(bob="unlock"), item) for wire, item in LINK + EVE]),
        ("irsc_link", [("rx[k] -> quality[k].received", 120)]),
    ],
)
def test_each_process_of_a_shipped_link_may_die(
    name: str, wires: list[tuple[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEMRADIO_KEY", "07" * 32)
    monkeypatch.chdir(tmp_path)
    shipped = find(name)
    given = []
    if name == "irsc_link":
        # Pictures of its own: no data set is needed.
        images = np.random.default_rng(1).integers(0, 256, (400, 28, 28), np.uint8)
        np.save("a.npy", images)
        np.save("b.npy", images[::-1])
        given = [f"datasets=[{tmp_path}/a.npy, {tmp_path}/b.npy]", "split=null", "models=irsc/csir"]
    text = shipped.read_text().replace("parts/", f"{shipped.parent}/parts/")
    keeps = f"checkpoint: 0.05\nrestart: 9\ncode: [{BLOCKS}]\n"
    marks = tmp_path / ("${k}" if "[k]" in wires[0][0] else "died")

    def ran(text: str) -> tuple[dict[str, Any], dict[str, bytes]]:
        (tmp_path / "link.yml").write_text(keeps + text)
        command = [
            sys.executable, "-m", "semradio", "run", "link.yml", "frames=400", *given,
            "--allow-code", "--quiet", "--json", "found.json",
        ]  # fmt: skip
        subprocess.run(command, check=True, timeout=300)
        files = {path.name: path.read_bytes() for path in tmp_path.glob("*.png")}
        return json.loads((tmp_path / "found.json").read_text())["results"], files

    expected = ran(text)
    assert ran(dying(text, str(marks), *wires)) == expected
    assert expected[1]
    died = [path.name for path in tmp_path.iterdir() if path.name[-1].isdigit()]
    assert len(died) == (2 if name == "irsc_link" else len(wires))


def test_files_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def files(text: str, **options: Any) -> dict[str, bytes]:
        Flowgraph.load(text, allow_code=True).run(**options)
        return {path.name: path.read_bytes() for path in tmp_path.glob("*.[bn][ip][ny]")}

    expected = files(FILES, processes=False)
    assert len(expected) == 2
    text = FILES.replace("source -> array", "source -> die -> array").replace(
        "connections:",
        f"  die: {{block: dies_once, at_item: 12000, mark: '{tmp_path}/died'}}\nconnections:",
    )
    text = text.replace("[raw, array]", "[raw, array, die]")
    for path in expected:
        (tmp_path / path).unlink()
    assert files(f"checkpoint: 0.05\n{text}") == expected
    assert (tmp_path / "died").exists()


@pytest.mark.parametrize("victim", ["one", "two"])
def test_sound_text_and_films_are_the_same(
    victim: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("av", reason="films need PyAV: pip install 'semradio[video]'")
    monkeypatch.chdir(tmp_path)
    draw = np.random.default_rng(3)
    block_type("wav_file_sink")(file="voice.wav", rate=8000)(
        draw.uniform(-1, 1, 20_000).astype(np.float32)
    )
    Path("words.txt").write_text("".join(f"zwölf Boxkämpfer {k}\n" for k in range(2000)))
    block_type("video_sink")(file="film.mkv")(draw.integers(0, 256, (100, 24, 32, 3), np.uint8))

    def ran(text: str, **options: Any) -> tuple[Any, dict[str, bytes]]:
        found = Flowgraph.load(text, allow_code=True).run(**options)
        files = {name: Path(name).read_bytes() for name in ("heard.out", "read.out", "seen.avi")}
        for name in files:
            Path(name).unlink()
        results = json.loads(found.to_json())["results"]
        return {name: results[name] for name in results if name != "die"}, files

    expected = ran(MEDIA, processes=False)
    assert expected[1]["read.out"] == Path("words.txt").read_bytes()
    text = MEDIA.replace("words -> read", "words -> die -> read").replace(
        "connections:", f"  die: {{block: dies_once, at_item: 2500, mark: '{tmp_path}/died'}}\n"
        "connections:",
    )  # fmt: skip
    home = "[voice, words, film]" if victim == "one" else "[heard, read, seen, count]"
    text = text.replace(home, f"{home[:-1]}, die]")
    assert ran(f"checkpoint: 0.05\n{text}") == expected
    assert Path("died").exists()


@pytest.mark.parametrize("victim", ["one", "two"])
def test_a_process_on_its_own_is_started_again_by_hand(victim: str, tmp_path: Path) -> None:
    """The same command once more, after the process was killed."""
    source, target = ("air", "sink") if victim == "one" else ("source", "array")
    text = PARTED.replace(f"{source} -> {target}", f"{source} -> die -> {target}").replace(
        "connections:",
        f"  die: {{block: dies_once, at_item: 9000, mark: '{tmp_path}/died'}}\nconnections:",
    )
    home = "[source, air]" if victim == "one" else "[sink, array]"
    file = tmp_path / "parted.yml"
    text = text.replace(home, home[:-1] + ", die]")
    place = f"ipc://{tmp_path}/edge"
    one = next(line for line in text.splitlines() if line.startswith("  one: "))
    blocks = one.removeprefix("  one: ")
    known = f"  one: {{blocks: {blocks}, bind: '{place}', endpoint: '{place}'}}"
    file.write_text("checkpoint: 0.05\n" + text.replace(one, known))

    def started(process: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [
                sys.executable, "-m", "semradio", "run", str(file), "--only", process,
                "--allow-code", "--quiet", "--state", "state", "--patience", "120",
                "--json", f"{process}.json",
            ],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
        )  # fmt: skip

    running = {name: started(name) for name in ("one", "two")}
    try:
        running[victim].wait(120)
        assert running[victim].returncode == -signal.SIGKILL
        running[victim].communicate()
        running[victim] = started(victim)
        for child in running.values():
            _, err = child.communicate(timeout=120)
            assert child.returncode == 0, err.decode()
    finally:
        for child in running.values():
            child.kill()
            child.communicate()
    found = json.loads((tmp_path / "two.json").read_text())["results"]["sink"]
    array = (tmp_path / "array.npy").read_bytes()
    os.chdir(tmp_path)
    expected = Flowgraph.load(PARTED, allow_code=True).run(processes=False)
    assert found == json.loads(expected.to_json())["results"]["sink"]
    assert array == (tmp_path / "array.npy").read_bytes()
