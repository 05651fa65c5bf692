"""What runtime.md says about processes that are started with ``--only``."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import Command
from ports import free_port

from semradio.flowgraphs.control import Control

pytestmark = pytest.mark.slow

LINK = """
flowgraph: link
variables: {port: 0, rate: 20000}
blocks:
  source: {block: vector_source, data: [0.0, 1.0, 2.0], repeat: true}
  air:    {block: awgn_channel, seed: 1}
  pace:   {block: throttle, rate: "${rate}"}
  head:   {block: head, items: 40000000}
  file:   {block: file_sink, file: out.f32}
connections:
  - source -> air -> pace -> head -> file
processes:
  alice: {blocks: [source, air, pace], bind: "tcp://127.0.0.1:${port}"}
  bob: [head, file]
"""


class Host:
    """A folder in which processes of the link are started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "link.yml").write_text(LINK, encoding="utf-8")
        self.port = free_port()
        self.started: list[Command] = []

    def start(self, *options: str) -> Command:
        process = Command("run", "link.yml", f"port={self.port}", *options, folder=self.folder)
        self.started.append(process)
        return process

    def wait_for_items(self) -> None:
        """Return when bob has written some items, long before the last."""
        part = self.folder / "out.f32.part"
        deadline = time.monotonic() + 120
        while not (part.exists() and part.stat().st_size):
            assert time.monotonic() < deadline, "no item has arrived"
            time.sleep(0.02)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    host = Host(tmp_path)
    yield host
    for process in host.started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ended(process: Command) -> int:
    process.communicate(timeout=120)
    return process.wait()


def test_a_receiver_that_starts_again_is_refused(host: Host) -> None:
    bob, alice = (
        host.start("--only", "bob"),
        host.start("--only", "alice", "rate=1000", "--patience", "120"),
    )
    host.wait_for_items()
    bob.kill()
    assert ended(bob) == -signal.SIGKILL
    again = host.start("--only", "bob")
    _, err = again.communicate(timeout=120)
    assert again.returncode in (1, 2)
    assert "acknowledged and are gone; restart both sides" in err
    alice.kill()


def test_who_comes_first_waits_until_told(host: Host) -> None:
    bob = host.start("--only", "bob")
    # It has begun, and waits.
    Control.find(bob.pid, wait=120)
    with pytest.raises(subprocess.TimeoutExpired):
        bob.wait(3)
    bob.send_signal(signal.SIGINT)
    assert ended(bob) == 130
