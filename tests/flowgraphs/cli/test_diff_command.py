"""``semradio diff``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commands import run

LINK = f"""
flowgraph: link
variables: {{snr_db: 10.0, text: {"x" * 90}}}
blocks:
  source: {{block: vector_source, data: [1.0, 2.0]}}
  air:    {{block: awgn_channel, snr_db: "${{snr_db}}"}}
  sink:   {{block: null_sink}}
connections: [source -> air -> sink]
"""

OTHER = """
flowgraph: link
variables: {snr_db: 4.0, text: short}
blocks:
  source: {block: vector_source, data: [1.0, 2.0]}
  scale:  {block: multiply_const, constant: 2.0}
  air:    {block: awgn_channel, snr_db: "${snr_db}"}
connections: [source -> scale, {connect: scale -> air, queue: 5}]
"""

TOLD = f"""\
variables
    snr_db: 10.0 => 4.0
    text: {"x" * 57}... => short
blocks
    air.snr_db: 10.0 => 4.0
  - sink: {{block: null_sink}}
  + scale: {{block: multiply_const, constant: 2.0}}
connections
  - source.y -> air.x
  - air.y -> sink.x
  + source.y -> scale.x
  + scale.y -> air.x: {{queue: 5}}
"""


def diff(folder: Path, *words: str) -> Any:
    (folder / "link.yml").write_text(LINK)
    (folder / "other.yml").write_text(OTHER)
    return run("diff", *words, folder=folder)


def test_what_differs(tmp_path: Path) -> None:
    done = diff(tmp_path, "link.yml", "other.yml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == TOLD


def test_values_are_for_the_file_before_them(tmp_path: Path) -> None:
    done = diff(tmp_path, "link.yml", "snr_db=4", "link.yml", "snr_db=5", "text=a")
    assert done.stdout.splitlines()[1:2] == ["    snr_db: 4 => 5"]
    assert done.stdout.endswith("blocks\n    air.snr_db: 4 => 5\n")


def test_the_status_tells_only_if_it_is_asked_to(tmp_path: Path) -> None:
    assert diff(tmp_path, "link.yml", "other.yml", "--exit-code").returncode == 1
    done = diff(tmp_path, "link.yml", "link.yml", "--exit-code")
    assert (done.returncode, done.stdout) == (0, "no differences\n")


def test_json_is_whole(tmp_path: Path) -> None:
    done = diff(tmp_path, "--json", "link.yml", "other.yml")
    found = {row["name"]: row for row in json.loads(done.stdout)}
    assert len(found) == 9
    assert found["text"]["before"] == "x" * 90
    assert found["scale"] == {
        "section": "blocks",
        "name": "scale",
        "kind": "added",
        "before": None,
        "after": {"block": "multiply_const", "constant": 2.0},
    }
    assert json.loads(diff(tmp_path, "link.yml", "link.yml", "--json").stdout) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "two flowgraphs are compared, here are 0: none"),
        (("link.yml", "snr_db=1"), "two flowgraphs are compared, here are 1: link.yml"),
        (("link.yml",) * 3, "here are 3: link.yml, link.yml, link.yml"),
        (("snr_db=1", "link.yml", "link.yml"), "'snr_db=1' stands before the flowgraph that it is"),
        (("link.yml", "lunk.yml"), "lunk.yml"),
        (("link.yml", "link.yml", "snr=1"), "did you mean 'snr_db'?"),
    ],
)
def test_a_wrong_line(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = diff(tmp_path, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_a_key_is_not_shown(option: tuple[str, ...], tmp_path: Path) -> None:
    digits = "0123456789abcdef" * 4
    done = diff(tmp_path, "link.yml", "link.yml", f"text={digits}", *option)
    assert done.returncode == 0
    assert "*" * 40 in done.stdout
    assert digits[:8] not in done.stdout
    # Nor the beginning of one that is cut off.
    listed = f"text=[{'a' * 40}, {digits}]"
    done = diff(tmp_path, "link.yml", "link.yml", listed, *option)
    assert digits[:8] not in done.stdout
