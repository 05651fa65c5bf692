"""The virtual radio in all forms of srsRAN's: sc16, PUB and SUB, antennas, terminals."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq

from semradio.blocks.api import BlockError, ItemType, ParameterError
from semradio.blocks.api.harness import Harness
from semradio.blocks.radio.air_format import decode, encode
from semradio.blocks.radio.zmq_radio_sink import ZmqRadioSink
from semradio.blocks.radio.zmq_radio_source import ZmqRadioSource
from semradio.flowgraphs import Flowgraph

Context = zmq.Context[zmq.Socket[bytes]]

draw = np.random.default_rng(11)
X = (draw.uniform(-0.5, 0.5, 4000) + 1j * draw.uniform(-0.5, 0.5, 4000)).astype(np.complex64)
PATIENCE_S = 120


@pytest.fixture
def context() -> Iterator[Context]:
    with zmq.Context() as context:
        yield context
        context.destroy(0)


def as_sc16(x: np.ndarray) -> bytes:
    """What srsRAN's tx_format=sc16 writes, by hand."""
    pairs = np.empty((len(x), 2), "<i2")
    pairs[:, 0], pairs[:, 1] = np.rint(x.real * 32767), np.rint(x.imag * 32767)
    return pairs.tobytes()


def until(happened: Any, step: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline
        step()


class Transmitter(threading.Thread):
    """srsRAN's transmitter: a REP socket that answers with messages, in turn."""

    def __init__(self, context: Context, address: str, messages: list[bytes]) -> None:
        super().__init__(daemon=True)
        self.socket = context.socket(zmq.REP)
        self.socket.bind(address)
        self.messages = messages
        self.start()

    def run(self) -> None:
        for message in self.messages:
            if not self.socket.poll(1000 * PATIENCE_S):
                break
            assert len(self.socket.recv()) == 1
            self.socket.send(message)
        self.socket.close(1000)


def test_sc16_comes_and_goes(context: Context, tmp_path: Path) -> None:
    address = f"ipc://{tmp_path}/air"
    Transmitter(context, address, [as_sc16(X[:1500]), as_sc16(X[1500:])])
    y = ZmqRadioSource(address=address, format="sc16", items=4000)(4000)
    assert np.abs(y - X).max() < 0.8 / 32767
    raw, clipped = encode(y, "sc16")
    assert (bytes(raw), clipped) == (as_sc16(X), 0)
    raw, clipped = encode(np.array([2 - 1j, 0.5 + 1j, np.nan], np.complex64), "sc16")
    assert clipped == 2
    np.testing.assert_allclose(decode(bytes(raw), "sc16"), [1 - 1j, 0.5 + 1j, 0], atol=2e-5)


def test_sc16_is_not_taken_for_floats(context: Context, tmp_path: Path) -> None:
    address = f"ipc://{tmp_path}/air"
    # Zeros first, as srsRAN sends them before its first burst.
    Transmitter(context, address, [bytes(4000), as_sc16(X)])
    with pytest.raises(BlockError, match="no samples of cf32, by their values: set format: sc16"):
        ZmqRadioSource(address=address, items=4000)(4000)


def test_a_constant_of_sc16_is_at_least_noted(context: Context, tmp_path: Path) -> None:
    # Two shorts of 16384 are a float of 2.0, which may be a signal.
    address = f"ipc://{tmp_path}/air"
    Transmitter(context, address, [np.full(2000, 16384, "<i2").tobytes()])
    source = ZmqRadioSource(address=address, items=500)
    source(500)
    assert "reach 2.00391, far beyond full scale" in source.notes[0]


def test_an_odd_number_of_shorts_is_told(context: Context, tmp_path: Path) -> None:
    address = f"ipc://{tmp_path}/air"
    Transmitter(context, address, [as_sc16(X[:3])])
    with pytest.raises(BlockError, match=r"12 bytes, .* complex64 samples .* check 'format'"):
        ZmqRadioSource(address=address, items=3)(3)


@pytest.mark.parametrize("form", ["cf32", "sc16"])
def test_published_samples_reach_all_who_listen(form: str, tmp_path: Path) -> None:
    address = f"ipc://{tmp_path}/air"
    heard: list[np.ndarray] = []

    def listen() -> None:
        source = ZmqRadioSource(address=address, pattern="sub", format=form, items=20_000)
        heard.append(source(20_000))

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    sink = ZmqRadioSink(address=address, pattern="pub", format=form, samples=1000)
    found = sink(np.tile(X, 5))
    listener.join(PATIENCE_S)
    assert (found["items"], found["sent"], found["zeros"]) == (20_000, 20_000, 0)
    np.testing.assert_allclose(heard[0], np.tile(X, 5), atol=0 if form == "cf32" else 2.2e-5)


def test_several_antennas_stay_together(context: Context, tmp_path: Path) -> None:
    addresses = [f"ipc://{tmp_path}/{k}" for k in range(2)]
    x = X.reshape(2000, 2)
    with Harness(
        ZmqRadioSink(address=addresses, idle=None, samples=300), {"x": ItemType("complex64", (2,))}
    ) as sink:
        source = ZmqRadioSource(address=addresses, items=2000)
        with Harness(source, {}, 64) as harness:
            sink.push(x)
            until(lambda: harness.finished, lambda: (sink.run(), harness.step()))
            np.testing.assert_array_equal(harness.outputs()[0], x)
        sink.end()
    assert sink.block.results()["sent"] == 2000
    # The antennas may answer in pieces of different sizes.
    apart = [f"ipc://{tmp_path}/a{k}" for k in range(2)]
    sizes = [(0, 700, 2000), (0, 3, 2000)]
    for k, cuts in enumerate(sizes):
        pieces = [x[a:b, k].tobytes() for a, b in itertools.pairwise(cuts)]
        Transmitter(context, apart[k], pieces)
    y = ZmqRadioSource(address=apart, items=2000)(2000)
    np.testing.assert_array_equal(y, x)


def test_as_many_addresses_as_channels() -> None:
    with pytest.raises(ParameterError, match="names 1 addresses, but the stream has 2 channels"):
        ZmqRadioSink()(X.reshape(2000, 2))
    with pytest.raises(ParameterError, match="must name an address"):
        ZmqRadioSource(address=[])


class Terminal(threading.Thread):
    """A radio of srsRAN's: it answers requests with its samples, and asks for the others'."""

    def __init__(self, context: Context, tx: str, rx: str, x: np.ndarray) -> None:
        super().__init__(daemon=True)
        self.heard = np.empty(0, np.complex64)
        self.x = x
        self.tx, self.rx = context.socket(zmq.REP), context.socket(zmq.REQ)
        self.tx.bind(tx)
        self.rx.connect(rx)
        self.start()

    def run(self) -> None:
        self.rx.send(b"\xff")
        sent = 0
        while sent < len(self.x) or len(self.heard) < len(self.x):
            if self.tx.poll(1):
                self.tx.recv()
                self.tx.send(self.x[sent : sent + 192].tobytes())
                sent += 192
            if self.rx.poll(1):
                y = np.frombuffer(self.rx.recv(), np.complex64)
                self.heard = np.concatenate([self.heard, y])
                self.rx.send(b"\xff")
        self.tx.close(1000)
        self.rx.close(0)


def test_a_broker_joins_terminals_and_a_base_station(context: Context, tmp_path: Path) -> None:
    at = lambda name: f"ipc://{tmp_path}/{name}"  # noqa: E731
    x = np.stack([X, 1j * X[::-1], X**2]).astype(np.complex64)[:, :1920]
    base = Terminal(context, at("base_tx"), at("base_rx"), x[0])
    terminals = [
        Terminal(context, at(f"t:{100 + 10 * k + 1}"), at(f"t:{100 + 10 * k}"), x[1 + k])
        for k in range(2)
    ]
    settings = [f"base_tx={at('base_tx')}", f"base_rx={at('base_rx')}", f"host={at('t')}"]
    Flowgraph.load(
        Path(__file__).parents[3] / "flowgraphs" / "radio_broker.yml",
        [*settings, "port=100", "quiet=3.0"],
    ).run(max_seconds=PATIENCE_S)
    for radio in (base, *terminals):
        radio.join(PATIENCE_S)
    np.testing.assert_array_equal(base.heard[:1920], x[1] + x[2])
    for terminal in terminals:
        np.testing.assert_array_equal(terminal.heard[:1920], x[0])
