"""Processes started one by one, as on several hosts: who waits, who is missed, who goes on."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import Command
from ports import free_port

from semradio.flowgraphs.control import Control

pytestmark = pytest.mark.slow

LINK = """
flowgraph: link
variables: {port: 0, rate: 20000, items: 6000}
blocks:
  source: {block: vector_source, data: [0.0, 1.0, 2.0], repeat: true}
  air:    {block: awgn_channel, seed: 1}
  pace:   {block: throttle, rate: "${rate}"}
  head:   {block: head, items: "${items}"}
  power:  {block: signal_power}
connections: [source -> air -> pace -> head -> power]
processes:
  alice: {blocks: [source, air, pace], bind: "tcp://127.0.0.1:${port}"}
  bob: [head, power]
"""


class Hosts:
    """Starts processes of the link and ends them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "link.yml").write_text(LINK)
        self.port = free_port()
        self.started: list[Command] = []

    def start(self, name: str, *options: str) -> Command:
        """Start one process of the link."""
        words = ("run", "link.yml", f"port={self.port}", "--only", name, "--json", "-")
        child = Command(*words, *options, folder=self.folder)
        self.started.append(child)
        return child


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    made = Hosts(tmp_path)
    yield made
    for child in made.started:
        if child.poll() is None:
            child.kill()
        child.communicate()


SLOW = "rate=20"
"""The link would take minutes: what happens to it happens in the middle."""


def under_way(bob: Command) -> None:
    """Wait until items have come to the receiver."""
    control = Control.find(bob.pid, wait=120)
    deadline = time.monotonic() + 120
    while not sum(block.items_in for block in control.status().blocks if block.name == "power"):
        assert time.monotonic() < deadline, "no item has come"
        time.sleep(0.05)


def end_of(child: Command, within: float = 120.0) -> tuple[int, Any, str]:
    """Exit status, results and messages of a process."""
    out, error = child.communicate(timeout=within)
    return child.returncode, json.loads(out) if out.strip() else None, error


def reference(hosts: Hosts) -> Any:
    bob, alice = hosts.start("bob"), hosts.start("alice")
    status, result, error = end_of(bob)
    assert status == 0, error
    assert end_of(alice)[0] == 0
    return result["results"]["power"]


def test_a_sender_that_comes_back_goes_on_with_the_same_items(hosts: Hosts) -> None:
    expected = reference(hosts)
    bob, alice = hosts.start("bob", "--patience", "120"), hosts.start("alice", SLOW)
    under_way(bob)
    alice.kill()
    # That it has gone has to be noticed before it can be back.
    said = next(line for line in bob.stderr if "has gone; waiting" in line)
    assert "process 'alice'" in said
    hosts.start("alice")
    status, result, error = end_of(bob)
    assert status == 0, error
    assert "is back" in error
    # The items are the same; a sum of them may round differently where chunks end elsewhere.
    assert result["results"]["power"] == pytest.approx(expected, rel=1e-12)


def test_a_receiver_that_does_not_come_back_is_named(hosts: Hosts) -> None:
    bob, alice = hosts.start("bob"), hosts.start("alice", SLOW)
    under_way(bob)
    bob.kill()
    status, _, error = end_of(alice)
    assert status == 1
    assert "process 'bob' went away" in error
    assert "Traceback" not in error


def test_a_sender_that_does_not_come_back_is_named(hosts: Hosts) -> None:
    bob, alice = hosts.start("bob"), hosts.start("alice", SLOW)
    under_way(bob)
    alice.kill()
    status, _, error = end_of(bob)
    assert status == 1
    assert f"process 'alice' at tcp://127.0.0.1:{hosts.port} went away after" in error


def test_a_process_without_a_source_can_be_stopped(hosts: Hosts) -> None:
    alice = hosts.start("alice", SLOW)
    # It waits for its receiver, whose seconds are not to pass while it starts.
    Control.find(alice.pid, wait=120)
    bob = hosts.start("bob", "--max-seconds", "5")
    status, result, error = end_of(bob)
    assert status == 0, error
    assert 0 < result["results"]["power"]["items"] < 6000
    # Nobody is left to receive, so the sender has done its work too.
    assert end_of(alice)[0] == 0


def test_who_comes_first_waits_and_says_for_whom(hosts: Hosts) -> None:
    bob = hosts.start("bob")
    assert bob.stderr is not None
    line = next(line for line in bob.stderr if "waiting for" in line)
    assert f"process 'alice' at tcp://127.0.0.1:{hosts.port}" in line
    assert bob.poll() is None
    bob.send_signal(signal.SIGINT)
    status, result, _ = end_of(bob)
    assert status == 130
    assert result["results"]["power"]["items"] == 0
