"""A process that stood still for so long that its connections were given up."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import commands
import psutil
import pytest

from semradio.flowgraphs.control import Control
from semradio.flowgraphs.runtime.edges.sockets import HEARTBEAT_TIMEOUT_MS

RATE = 20000

LINK = """
flowgraph: link
variables: {rate: 20000, items: 1000000000, file: link.bin}
blocks:
  source: {block: noise_source, type: float32, seed: 1}
  head:   {block: head, items: "${items}"}
  pace:   {block: throttle, rate: "${rate}"}
  air:    {block: multiply_const, constant: 2.0}
  sink:   {block: file_sink, file: "${file}"}
connections: [source -> head -> pace -> air -> sink]
processes: {one: [source, head, pace], two: [air], three: [sink]}
"""


@pytest.mark.slow
def test_the_run_goes_on_and_nothing_is_lost(tmp_path: Path) -> None:
    (tmp_path / "link.yml").write_text(LINK)
    run = commands.Command("run", "link.yml", "file=stood.bin", folder=tmp_path)
    part = tmp_path / "stood.bin.part"
    deadline = time.monotonic() + 120
    while not (part.exists() and part.stat().st_size):
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    workers = psutil.Process(run.pid).children()
    assert len(workers) == 3
    # What was under way is lost with the connections.
    for worker in workers[:2]:
        os.kill(worker.pid, signal.SIGSTOP)
        time.sleep(1.5 * HEARTBEAT_TIMEOUT_MS / 1000)
        os.kill(worker.pid, signal.SIGCONT)
    # The stream goes on to its end on all connections that were made anew.
    before, deadline = part.stat().st_size, time.monotonic() + 120
    while part.stat().st_size <= before + 4 * RATE:
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < deadline, f"nothing comes after {before} bytes"
        time.sleep(0.05)
    Control.find(run.pid, wait=60).stop()
    _, said = run.communicate(120)
    assert run.returncode == 130, said
    items = (tmp_path / "stood.bin").stat().st_size // 4
    whole = commands.run(
        "run", "link.yml", "file=alone.bin", "rate=1e9", f"items={items}", "--in-process",
        folder=tmp_path,
    )  # fmt: skip
    assert whole.returncode == 0, whole.stderr
    assert (tmp_path / "stood.bin").read_bytes() == (tmp_path / "alone.bin").read_bytes()
