"""zmq_radio_source and zmq_radio_sink: against each other, and against plain pyzmq."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq

from semradio.blocks.api import BlockError, ItemType, ParameterError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.radio.radio_port import RadioPort
from semradio.blocks.radio.zmq_radio_sink import ZmqRadioSink
from semradio.blocks.radio.zmq_radio_source import ZmqRadioSource
from semradio.flowgraphs import Flowgraph

X = (np.arange(1, 5001) * (1 + 0.5j)).astype(np.complex64)
COMPLEX = {"x": ItemType("complex64")}


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    with zmq.Context() as context:
        yield context
        context.destroy(0)


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"ipc://{tmp_path}/air"


LINK = """
flowgraph: virtual
chunk: {chunk}
blocks:
  tone:     {{block: vector_source, data: ["1+2j", "3-4j", "5+6j"], repeat: true}}
  part:     {{block: head, items: 20000}}
  transmit: {{block: zmq_radio_sink, address: "{address}", idle: null, samples: 1920}}
  receive:  {{block: zmq_radio_source, address: "{address}", items: 20000}}
  file:     {{block: file_sink, file: {folder}/out.c64}}
connections:
  - tone -> part -> transmit
  - receive -> file
processes: {{a: [tone, part, transmit], b: [receive, file]}}
"""


@pytest.mark.parametrize("chunk", [7, 4096])
def test_one_end_hears_the_other_exactly(tmp_path: Path, address: str, chunk: int) -> None:
    file = tmp_path / "link.yml"
    file.write_text(LINK.format(chunk=chunk, address=address, folder=tmp_path))
    found = Flowgraph.load(file).run()
    heard = np.fromfile(tmp_path / "out.c64", np.complex64)
    np.testing.assert_array_equal(heard, np.resize([1 + 2j, 3 - 4j, 5 + 6j], 20000))
    assert found["transmit"]["sent"] == found["receive"]["items"] == 20000
    assert found["transmit"]["zeros"] == 0


def test_the_sink_answers_as_srsran_does(
    context: zmq.Context[zmq.Socket[bytes]], address: str
) -> None:
    sink = ZmqRadioSink(address=address, samples=1000, idle=0.01)
    receiver = context.socket(zmq.REQ)
    receiver.connect(address)

    def ask(request: bytes) -> np.ndarray:
        receiver.send(request)
        assert receiver.poll(120_000)
        return np.frombuffer(receiver.recv(), np.complex64)

    with Harness(sink, COMPLEX) as harness:
        # Nothing there yet: zeros, sample for sample, as often as one asks.
        assert not ask(b"\xff").any()
        assert len(ask(b"\0")) == 1000
        harness.push(X[:3500])
        pieces = [ask(b"\xff") for _ in range(4)]
        assert [len(piece) for piece in pieces] == [1000, 1000, 1000, 500]
        np.testing.assert_array_equal(np.concatenate(pieces), X[:3500])
        # GNU Radio asks with a count.
        assert not ask(np.uint32(300).tobytes()).any()
        harness.end()
    found = sink.results()
    assert (found["items"], found["sent"], found["unsent"]) == (3500, 3500, 0)
    assert (found["zeros"], found["replies"]) == (3000, 7)


def test_the_stream_waits_for_its_receiver(address: str) -> None:
    sink = ZmqRadioSink(address=address, samples=100, linger=0.05)
    with Harness(sink, COMPLEX) as harness:
        harness.push(X)
        assert harness.queues["x"].items == 4600
    sink = ZmqRadioSink(address=address, samples=100, linger=0.05)
    with Harness(sink, COMPLEX) as harness:
        harness.push(X[:250])
        harness.end()
    assert sink.results()["unsent"] == 250
    assert sink.notes == ["250 samples were not fetched by any receiver"]


def test_the_source_asks_with_one_byte(
    context: zmq.Context[zmq.Socket[bytes]], address: str
) -> None:
    transmitter = context.socket(zmq.REP)
    source = ZmqRadioSource(address=address, quiet=1.5)
    with Harness(source, {}, 64) as harness:
        # The receiver may come up first.
        for _ in range(5):
            harness.step()
        transmitter.bind(address)
        for start, end in ((0, 1), (1, 1), (1, 3001), (3001, 5000)):
            while not transmitter.poll(0):
                harness.step()
            assert len(transmitter.recv()) == 1
            transmitter.send(X[start:end].tobytes())
        deadline = time.monotonic() + 120
        while not harness.finished:
            assert time.monotonic() < deadline
            harness.step()
        np.testing.assert_array_equal(harness.outputs()[0], X)
        assert harness.tags()[0] == []
    assert source.results() == {"items": 5000, "replies": 4, "breaks": 0}


def test_another_transmitter_is_marked_by_a_gap(
    context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path
) -> None:
    address = f"ipc://{tmp_path}/air"
    source = ZmqRadioSource(address=address, items=80)

    def transmit(count: int) -> None:
        transmitter = context.socket(zmq.REP)
        transmitter.bind(address)
        for k in range(count):
            transmitter.recv()
            transmitter.send(X[10 * k :][:10].tobytes())
        # It goes while the next request waits for its answer.
        transmitter.recv()
        transmitter.close(100)

    with Harness(source, {}, 64) as harness:
        for count, total in ((3, 30), (5, 80)):
            thread = threading.Thread(target=transmit, args=(count,), daemon=True)
            thread.start()
            deadline = time.monotonic() + 120
            while harness.items_out < total:
                assert time.monotonic() < deadline, harness.items_out
                harness.step()
            thread.join(120)
            assert not thread.is_alive()
        np.testing.assert_array_equal(harness.outputs()[0], np.concatenate([X[:30], X[:50]]))
        assert harness.tags()[0] == [Tag(30, "gap", None)]
    assert source.breaks == 1


def test_a_transmitter_that_never_answered_is_no_second_break(
    context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path
) -> None:
    """One that is killed may still be connected to after its connections have broken."""
    address = f"ipc://{tmp_path}/air"
    source = ZmqRadioSource(address=address, items=40)
    with Harness(source, {}, 64) as harness:
        for count, total in ((2, 20), (0, 20), (2, 40)):
            transmitter = context.socket(zmq.REP)
            transmitter.bind(address)
            deadline = time.monotonic() + 120
            for k in range(count + 1):
                while total < 40 or k < count:
                    assert time.monotonic() < deadline, (harness.items_out, k)
                    harness.step()
                    if transmitter.poll(1):
                        transmitter.recv()
                        break
                if k < count:
                    transmitter.send(X[10 * k :][:10].tobytes())
            while harness.items_out < total:
                assert time.monotonic() < deadline, harness.items_out
                harness.step()
            # It goes while the next request waits for its answer.
            transmitter.close(100)
        np.testing.assert_array_equal(harness.outputs()[0], np.tile(X[:20], 2))
        assert harness.tags()[0] == [Tag(20, "gap", None)]
    assert source.breaks == 1


class Late:
    """A socket whose last message comes a moment after it was looked for."""

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self._socket = socket
        self._looks = 0

    def poll(self, wait_ms: int) -> int:
        self._looks += 1
        return 0 if self._looks == 1 else self._socket.poll(wait_ms)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def test_what_comes_with_the_news_that_it_went_hides_no_break(
    context: zmq.Context[zmq.Socket[bytes]], address: str
) -> None:
    port = RadioPort(context, address, asks=True)
    try:
        for last in (b"first", b"second"):
            transmitter = context.socket(zmq.REP)
            transmitter.bind(address)
            deadline = time.monotonic() + 120
            while not transmitter.poll(1):
                assert time.monotonic() < deadline
                assert port.receive(1) is None
            transmitter.recv()
            transmitter.send(last)
            transmitter.close(60_000)
            assert port._monitor.poll(60_000)
            port._socket = Late(port._socket)  # type: ignore[assignment]
            assert port.receive(0) == last
        while port.breaks < 2:
            assert time.monotonic() < deadline
            port.broken = False
            assert port.receive(1) is None
    finally:
        port.close()


def test_an_answer_of_half_a_sample_is_told(
    context: zmq.Context[zmq.Socket[bytes]], address: str
) -> None:
    transmitter = context.socket(zmq.REP)
    transmitter.bind(address)
    with Harness(ZmqRadioSource(address=address), {}, 64) as harness:
        assert transmitter.poll(120_000)
        transmitter.recv()
        transmitter.send(b"123456789")
        with pytest.raises(BlockError, match="9 bytes, which is not a whole number of"):
            while True:
                harness.step()


def test_addresses_that_are_wrong(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    other = context.socket(zmq.REP)
    port = other.bind_to_random_port("tcp://127.0.0.1")
    for bad in (f"tcp://127.0.0.1:{port}", "tcp:/nowhere", "tcp://127.0.0.1"):
        with pytest.raises(ParameterError, match=f"cannot listen on {bad}"):
            ZmqRadioSink(address=bad, linger=0.0)(X)
    with pytest.raises(ParameterError, match="cannot connect to nowhere"):
        ZmqRadioSource(address="nowhere")(10)


def test_after_patience_samples_go_by_unheard(
    context: zmq.Context[zmq.Socket[bytes]], address: str
) -> None:
    """A receiver that has asked and is silent holds the stream up for so long, and no longer."""
    sink = ZmqRadioSink(address=address, samples=100, idle=None, patience=1.5, linger=0.1)
    receiver = context.socket(zmq.REQ)
    receiver.connect(address)

    with Harness(sink, COMPLEX) as harness:
        # Nobody has asked yet: the stream waits, whatever the patience.
        harness.push(X)
        time.sleep(2.0)
        harness.run()
        assert sink.items == 400
        receiver.send(b"\0")
        assert receiver.poll(120_000)
        asked = time.monotonic()
        np.testing.assert_array_equal(np.frombuffer(receiver.recv(), np.complex64), X[:100])
        harness.run()
        waited = sink.items
        assert waited <= 600
        deadline = time.monotonic() + 120
        while sink.items < len(X):
            assert time.monotonic() < deadline, sink.items
            harness.run()
        assert time.monotonic() > asked + 1.5
        # One that asks again hears what passes by just then, later than where it left off.
        receiver.send(b"\0")
        assert receiver.poll(120_000)
        late = np.frombuffer(receiver.recv(), np.complex64)
        assert late[0].real > X[waited - 1].real
        harness.end()
    found = sink.results()
    assert found["items"] == len(X)
    assert found["sent"] + found["unsent"] == len(X)
    assert found["unsent"] > 0
    assert any("not fetched" in note for note in sink.notes)
