"""Processes started one by one run the same flowgraph, models and version, or do not meet."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import zmq
from ports import free_port

from semradio.blocks.api.item_type import ItemType
from semradio.blocks.neural.model_file import find_model
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.runtime.agreement import Agreement, agreement
from semradio.flowgraphs.runtime.edges import wire
from semradio.flowgraphs.runtime.edges.sender import EdgeSender, SenderHub
from semradio.flowgraphs.runtime.edges.wire import HeaderCodec

LINK = """
flowgraph: link
variables: {port: 5555, items: 500, window: 4, snr_db: 10}
blocks:
  source: {block: null_source, type: float32, items: "${items}"}
  air:    {block: awgn_channel, snr_db: "${snr_db}", seed: 1}
  skip:   {block: skip_head, items: "${window}"}
  power:  {block: signal_power}
connections:
  - source -> air -> skip
  - skip -> power
processes:
  alice: {blocks: [source, air], bind: "tcp://127.0.0.1:${port}"}
  bob: [skip, power]
"""


def said(text: str = LINK, process: str = "alice", **variables: object) -> Agreement:
    return agreement(Flowgraph.load(text, **variables).plan, process)


def told(ours: Agreement, theirs: Agreement) -> str:
    return ours.difference_to(theirs.encode())


def test_the_same_file_is_agreed_on() -> None:
    assert told(said(), said(process="bob")) == ""
    assert told(said(), said(process="bob", port=7777)) == ""


def test_live_parameters_and_what_is_a_host_s_own_may_differ(tmp_path: Path) -> None:
    assert told(said(), said(process="bob", snr_db=3)) == ""
    kept = LINK.replace("{block: signal_power}", "{block: file_sink, file: a.bin}")
    assert told(said(kept), said(kept.replace("a.bin", "/tmp/b.bin"), "bob")) == ""


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        (
            "window: 4",
            "window: 5",
            "skip.items is 4 in process 'alice' and 5 in process 'bob'",
        ),
        (
            "signal_power}",
            "null_sink}",
            "the type of block 'power' is 'signal_power' in process 'alice' and 'null_sink' in",
        ),
        (
            "[source, air]",
            "[source]",
            "the process of block 'air' is 'alice' in process 'alice' and 'bob' in process 'bob'",
        ),
        (
            "seed: 1}",
            "seed: 2}",
            "air.seed is 1 in process 'alice' and 2 in process 'bob'",
        ),
        (
            "- skip -> power\n",
            "- {connect: skip -> power, policy: drop_oldest, queue: 9}\n",
            "edge skip.y -> power.x (block), in process 'alice', is not there in process 'bob'",
        ),
        (
            "connections:\n",
            "  more: {block: null_sink}\nconnections:\n  - skip -> more\n",
            "there is no block 'more' in process 'alice'",
        ),
    ],
)
def test_a_difference_is_named(before: str, after: str, difference: str) -> None:
    assert before in LINK
    other = LINK.replace(before, after)
    if "bob: [skip" in other and "[source]" in other:
        other = other.replace("bob: [skip", "bob: [air, skip")
    if "more" in other:
        other = other.replace("bob: [skip", "bob: [more, skip")
    assert difference in told(said(), said(other, "bob"))


def test_another_version_is_named() -> None:
    theirs = msgspec.structs.replace(said(process="bob"), version="0.0.1")
    assert "semradio's version is" in (text := told(said(), theirs))
    assert text.endswith("and 0.0.1 in process 'bob'")


def test_another_model_of_the_same_name_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = agreement(Flowgraph.load("arn_link").plan, "alice")
    assert set(ours.models) == {"encoder", "alice", "bob", "decoder", "eve"}
    (tmp_path / "arn").mkdir()
    shutil.copy(find_model("arn/encoder"), tmp_path / "arn/encoder.onnx")
    with (tmp_path / "arn/encoder.onnx").open("ab") as file:
        file.write(b"\n")
    monkeypatch.setenv("SEMRADIO_MODELS", str(tmp_path))
    theirs = agreement(Flowgraph.load("arn_link").plan, "bob")
    assert "the model of block 'encoder' is sha256 " in told(ours, theirs)
    # Who has no such model does not run it, and cannot tell.
    del theirs.models["encoder"]
    assert told(ours, theirs) == ""


def test_long_values_and_many_blocks_are_told_by_checksum() -> None:
    text = LINK.replace(
        "{block: null_source, type: float32, items: ", "{block: vector_source, data: "
    )
    ours, theirs = (said(text, items=[0.5] * 5000 + [last]) for last in (1.0, 2.0))
    assert len(ours.encode()) < 2000
    assert re.search(r"source.data is sha256 \w+\.\.\. in process 'alice' and", told(ours, theirs))
    lines = ["flowgraph: large", "variables: {last: 1}", "blocks:"]
    lines += ["  source: {block: null_source, type: float32, items: 10}"]
    lines += [f"  skip{k}: {{block: skip_head, items: {k}}}" for k in range(1000)]
    lines += ['  last: {block: skip_head, items: "${last}"}', "connections:"]
    lines += [f"  - source -> skip{k}" for k in range(1000)] + ["  - source -> last"]
    ours, theirs = (said("\n".join(lines), "p", last=last) for last in (1, 2))
    assert len(ours.encode()) < 1000
    assert told(ours, ours) == ""
    assert "the checksum of the flowgraph is sha256 " in told(ours, theirs)


@pytest.mark.parametrize("said_there", [b"", b"{}", b"\xff", zlib.compress(b'{"process": 1}')])
def test_what_cannot_be_read_is_no_agreement(said_there: bytes) -> None:
    assert "cannot be read" in said().difference_to(said_there)


# At the door ----------------------------------------------------------------------------------


class Door:
    """A hub with one edge, and a peer that speaks to it in raw messages."""

    def __init__(self, folder: Path) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.hub = SenderHub(self.context, f"ipc://{folder}/a")
        self.sender = EdgeSender(0, ItemType("float32"), 100)
        self.hub.add(self.sender)
        self.hub.judge = said().difference_to
        self.codec = HeaderCodec(0, ItemType("float32"))
        self.peer = self.context.socket(zmq.DEALER)
        self.peer.connect(self.hub.endpoint)

    def answer(self, *messages: bytes) -> wire.Message | None:
        """Say something, and return what comes back, if anything does."""
        for message in messages:
            self.peer.send(message)
        for _ in range(20):
            if (found := self.turn()) is not None:
                return found
        return None

    def turn(self) -> wire.Message | None:
        """Let the hub take what has come; returns what it says, if anything."""
        self.hub.socket.poll(20)
        self.hub.step()
        return wire.decode(self.peer.recv_multipart()[0]) if self.peer.poll(20) else None

    def answered(self, *messages: bytes) -> wire.Message:
        """Say something, and return what comes back, which something has to."""
        found = self.answer(*messages)
        deadline = time.monotonic() + 120
        while found is None:
            assert time.monotonic() < deadline, "no answer"
            found = self.turn()
        return found

    def close(self) -> None:
        self.peer.close(0)
        self.hub.close(0)
        self.context.term()


@pytest.fixture
def door() -> Iterator[Door]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        made = Door(Path(folder))
        yield made
        made.close()


def test_nothing_is_sent_before_it_is_known_what_runs_there(door: Door) -> None:
    door.sender.put(np.zeros(5, np.float32))
    assert door.answer(door.codec.request(0, 10)) is None
    assert door.sender.sent == 0
    hello = door.codec.control(wire.HELLO) + said(process="bob").encode()
    found = door.answered(hello, door.codec.request(0, 10))
    assert found.kind == wire.INLINE


def test_another_protocol_is_answered(door: Door) -> None:
    old = bytearray(door.codec.request(0, 10))
    old[4] -= 1
    found = door.answered(bytes(old))
    assert found.kind == wire.REFUSE
    assert b"version" in found.rest
    assert door.hub.refused == 1


# Over processes -------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_receiver_with_another_file_is_turned_away_and_the_right_one_is_served(
    tmp_path: Path,
) -> None:
    port = free_port()
    (tmp_path / "link.yml").write_text(LINK)
    (tmp_path / "other.yml").write_text(LINK.replace("window: 4", "window: 8"))

    def start(file: str, name: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "semradio.flowgraphs", "run", file, f"port={port}", "--only",
             name, "--json", "-"],
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    alice = start("link.yml", "alice")
    stranger = start("other.yml", "bob")
    out, error = stranger.communicate(timeout=120)
    assert stranger.returncode == 1
    assert not out
    difference = "skip.items is 4 in process 'alice' and 8 in process 'bob'"
    assert f"the sender refused: {difference}" in error
    assert "Traceback" not in error
    bob = start("link.yml", "bob")
    out, error = bob.communicate(timeout=120)
    assert bob.returncode == 0, error
    out, error = alice.communicate(timeout=120)
    assert alice.returncode == 0, error
    assert f"a receiver was turned away: {difference}" in error
