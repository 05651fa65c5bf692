"""GNU Radio goes on sending while the process that hears it is killed and started again."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import Command
from conftest import Peer
from ports import free_port

from semradio.flowgraphs.control import Control

pytestmark = pytest.mark.slow

LENGTH = 1 << 20
RATE = 20_000
AFTERWARDS = 2 * RATE
"""Items that are more than what was under way when a process was killed."""

HEARD = """
flowgraph: heard
checkpoint: 0.1
blocks:
  peer: {{block: zeromq_{source}_source, address: "{address}", type: float32,
          pass_tags: {pass_tags}}}
  half: {{block: multiply_const, constant: 0.5}}
  raw:  {{block: file_sink, file: raw}}
  tags: {{block: tag_debug, limit: 100000}}
connections: [peer -> half -> raw, half -> tags]
processes: {{ear: [peer], half: [half], files: [raw, tags]}}
"""


def until(run: Command, happened: Callable[[], Any]) -> Any:
    """Wait for something while a run goes on; returns it."""
    deadline = time.monotonic() + 120
    while not (found := happened()):
        assert time.monotonic() < deadline and run.poll() is None
        time.sleep(0.02)
    return found


def made(control: Control) -> int:
    """Return how many items the source has given."""
    return next(block.items_out for block in control.status().blocks if block.name == "peer")


def killed(run: Command, process: str, folder: Path) -> Control:
    """Kill a process of a run, once all checkpoints that it may go on from are of items."""

    def numbers() -> list[int]:
        return [int(path.stem) for path in (folder / "kept" / process).glob("*.checkpoint")]

    written = folder / "raw.part"
    until(run, lambda: written.exists() and written.stat().st_size)
    first = max(until(run, numbers))
    until(run, lambda: min(numbers(), default=0) > first)
    control = Control.find(str(run.pid), wait=120)
    (pid,) = [found.pid for found in control.status().processes if found.name == process]
    # What is sent to a process that stands still is lost with it: a PUSH sink that finds nobody
    # afterwards waits, and would lose nothing.
    os.kill(pid, signal.SIGSTOP)
    time.sleep(1)
    os.kill(pid, signal.SIGKILL)
    return control


@pytest.mark.parametrize(
    ("sink", "source", "pass_tags"),
    [("pub", "sub", True), ("pub", "sub", False), ("push", "pull", True)],
)
def test_who_hears_gnuradio_is_killed_and_goes_on(
    sink: str, source: str, pass_tags: bool, tmp_path: Path, peer: Callable[..., Peer]
) -> None:
    """The gap is where the tag says, and as long; what comes before and after is all there."""
    np.save(tmp_path / "ramp.npy", np.arange(LENGTH, dtype=np.float32))
    job: dict[str, Any] = {
        "pattern": sink, "type": "float32", "vlen": 1, "items": 1 << 40, "rate": RATE,
        "pass_tags": pass_tags, "data": str(tmp_path / "ramp.npy"), "tags": [],
        "address": f"tcp://127.0.0.1:{free_port()}",
    }  # fmt: skip
    gr = peer("send", [job])
    assert gr.line() == "ready"
    text = HEARD.format(source=source, address=job["address"], pass_tags=str(pass_tags).lower())
    (tmp_path / "heard.yml").write_text(text)
    words = ("run", "heard.yml", "--state", "kept", "--quiet", "--json", "out.json")
    run = Command(*words, folder=tmp_path)
    try:
        gr.begin()
        control = killed(run, "ear", tmp_path)
        # The stream ends when items have come after the gap, however slow the machine is.
        before = made(control)
        until(run, lambda: made(control) > before + AFTERWARDS)
        control.stop()
        _, error = run.communicate(timeout=120)
    finally:
        run.kill()
        gr.kill()
    assert run.returncode == 130, error
    assert "killed by signal 9 (SIGKILL); it is started again" in error
    results = json.loads((tmp_path / "out.json").read_text())["results"]
    numbers = (2 * np.fromfile(tmp_path / "raw", np.float32)).astype(np.int64)
    assert len(numbers) == results["tags"]["items"]
    missing = (np.diff(numbers) - 1) % LENGTH
    told = {index: value for index, key, value in results["tags"]["tags"] if key == "gap"}
    (index,) = told
    # Nothing is missing anywhere else, and something is missing there: GNU Radio had gone on.
    assert np.flatnonzero(missing).tolist() == [index - 1]
    assert results["peer"]["gaps"] == 1
    if pass_tags:
        assert told[index] == missing[index - 1] == results["peer"]["lost"]
        assert numbers[0] == results["peer"]["missed"]
    else:
        # Without the count of the sender nobody can know how many.
        assert told[index] is None
