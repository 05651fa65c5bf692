"""A process that stood still for so long that its connections were given up."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import commands
import psutil
import pytest

from semradio.flowgraphs.runtime.edges.sockets import HEARTBEAT_TIMEOUT_MS

LINK = """
flowgraph: link
variables: {rate: 20000, items: 160000, file: link.bin}
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
    whole = commands.run(
        "run", "link.yml", "file=alone.bin", "rate=1e9", "--in-process", folder=tmp_path
    )
    assert whole.returncode == 0, whole.stderr
    run = commands.Command("run", "link.yml", "file=stood.bin", folder=tmp_path)
    part = tmp_path / "stood.bin.part"
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size):
        assert run.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    workers = psutil.Process(run.pid).children()
    assert len(workers) == 3
    # What was under way is lost with the connections.
    for worker in workers[:2]:
        os.kill(worker.pid, signal.SIGSTOP)
        time.sleep(1.5 * HEARTBEAT_TIMEOUT_MS / 1000)
        os.kill(worker.pid, signal.SIGCONT)
    _, said = run.communicate(90)
    assert run.returncode == 0, said
    assert (tmp_path / "stood.bin").read_bytes() == (tmp_path / "alone.bin").read_bytes()
