"""What is said of processes that cannot go on after a kill: by the commands, and by the docs."""

from __future__ import annotations

import re
from pathlib import Path

import commands
import pytest

from semradio.blocks.api import registry

DOCS = Path(__file__).parents[3] / "docs" / "recovery.md"

WORLD = """
flowgraph: world
checkpoint: 1
blocks:
  ear:    {block: zeromq_sub_source, address: "tcp://127.0.0.1:5555", type: float32}
  mouth:  {block: zeromq_pub_sink, address: "tcp://127.0.0.1:5556"}
  net:    {block: udp_source, address: "127.0.0.1:5557", type: float32}
  pace:   {block: throttle, rate: 1000}
  kept:   {block: null_sink}
connections: [ear -> mouth, net -> pace -> kept]
processes: {one: [ear], two: [mouth], three: [net], four: [pace, kept]}
"""

HELD = "it holds more than its declared state, such as a connection or a device"

PASSED = "what has passed does not come again"

SAID = {
    f"process 'two' cannot go on after it was killed: block 'mouth': {HELD}",
    f"process 'three' cannot go on after it was killed: block 'net': {HELD}",
    f"process 'one' goes on with a gap after it was killed: block 'ear': {PASSED}",
}


@pytest.mark.parametrize("command", ["check", "show"])
def test_the_commands_name_block_and_reason(command: str, tmp_path: Path) -> None:
    (tmp_path / "world.yml").write_text(WORLD)
    done = commands.run(command, "world.yml", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {line for line in done.stdout.splitlines() if "was killed" in line} == SAID
    (tmp_path / "world.yml").write_text(WORLD.replace("checkpoint: 1", "checkpoint: 0"))
    assert "was killed" not in commands.run(command, "world.yml", folder=tmp_path).stdout


def test_the_docs_list_exactly_those_blocks() -> None:
    ends, rejoins, depends = set(), set(), set()
    for name in registry.names():
        cls = registry.find(name)
        if not cls.__module__.startswith("semradio."):
            continue  # another test's
        try:
            why = cls.__new__(cls).unrepeatable()
        except AttributeError:
            # It looks at its parameters, which this one has not been given.
            depends.add(name)
            continue
        if why:
            (rejoins if cls.rejoins else ends).add(name)
    assert depends == {"file_sink"}
    text = DOCS.read_text().partition("## What cannot go on")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    assert set(re.findall(r"`(\w+)`", "".join(rows))) == ends
    (listed,) = re.findall(r"^(.*) go on with a gap\.", text, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", listed)) == rejoins
