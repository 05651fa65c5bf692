"""The receiver as a stream: the same bits however samples arrive, and at any gain."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import numpy as np
import pytest
from burst_air import Air, Sent, transmission

from semradio.blocks.api import Array, ItemType, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.phy import NAMED, Receiver, Waveform, modulate
from semradio.blocks.phy.burst_demodulator import BurstDemodulator
from semradio.blocks.phy.receiver import Burst

WAVE = NAMED["burst64"]


@pytest.fixture(scope="module")
def sent() -> Sent:
    """Bursts over a channel that uses everything the receiver has: noise, echo, clock, phase."""
    air = Air(snr_db=8, clock_ppm=40, echo=(1.25, -8.0), linewidth=1e-5, gap=(0, 3000))
    return transmission(WAVE, air, 6, 21)


def cut(samples: Array, chunk: int) -> list[Burst]:
    receiver = Receiver(WAVE)
    bursts = []
    for at in range(0, len(samples), chunk):
        bursts += receiver.push(samples[at : at + chunk])
        assert not receiver.push(samples[:0])
    return bursts + receiver.flush()


def demodulated(samples: Array, chunk: int) -> tuple[Array, list[Tag]]:
    block = BurstDemodulator(waveform="burst64")
    with Harness(block, {"x": ItemType("complex64")}) as harness:
        for at in range(0, len(samples), chunk):
            harness.push(samples[at : at + chunk])
        harness.end()
        return harness.outputs()[0], harness.tags()[0]


@pytest.mark.parametrize("chunk", [1, 97, 1000, 32768])
def test_the_same_bits_in_any_pieces(sent: Sent, chunk: int) -> None:
    whole, pieces = cut(sent.samples, len(sent.samples)), cut(sent.samples, chunk)
    assert len(whole) == len(pieces) == 6 and all(burst.header_ok for burst in whole)
    for one, other in zip(whole, pieces, strict=True):
        assert one.frames.tobytes() == other.frames.tobytes()
        assert {k: v for k, v in vars(one).items() if k != "frames"} == {
            k: v for k, v in vars(other).items() if k != "frames"
        }
    frames, tags = demodulated(sent.samples, len(sent.samples))
    again, same_tags = demodulated(sent.samples, chunk)
    assert frames.tobytes() == again.tobytes() and tags == same_tags
    assert [tag.index for tag in tags if tag.key == "frame"] == list(range(0, 6 * 64, 64))


@pytest.mark.parametrize("dbfs", [-80, -40, 0])
def test_gain_does_not_matter(dbfs: int) -> None:
    rng = np.random.default_rng(1)
    frames = (rng.standard_normal((150, 23)) / np.sqrt(23)).astype(np.float32)
    x = modulate(frames, WAVE, level=-20.0, gap=40)
    noise = rng.standard_normal(2 * len(x), np.float32).view(np.complex64) * np.float32(0.02)
    wanted = np.concatenate([burst.frames for burst in cut(x + noise, 5000)])
    scaled = (x + noise) * np.float32(10 ** ((dbfs + 20) / 20))
    got = np.concatenate([burst.frames for burst in cut(scaled, 5000)])
    assert len(got) == 150
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_where_a_burst_is_said_to_be() -> None:
    """Delay counts samples of the stream; phase and frequency do not move it."""
    frames = np.zeros((64, 23), np.float32)
    frames[:, 0] = 1
    x = modulate(frames, WAVE)
    lead = np.zeros(12_345, np.complex64)
    turn = np.exp(2j * np.pi * (0.01 / 4 * np.arange(len(x)) + 0.3)).astype(np.complex64)
    (burst,) = cut(np.concatenate([lead, x * turn]), 4096)
    reach = WAVE.span * WAVE.samples_per_symbol // 2
    assert burst.delay == pytest.approx(12_345 + reach, abs=0.05)
    assert burst.cfo == pytest.approx(0.01, abs=1e-5)
    assert burst.metric > 0.99 and burst.last and burst.counter == 0
    np.testing.assert_allclose(burst.frames, frames, atol=0.02)


def test_samples_may_be_written_over_after_a_push() -> None:
    frames = np.ones((64, 23), np.float32) / np.float32(np.sqrt(23))
    x = modulate(frames, WAVE)
    receiver, buffer = Receiver(WAVE), np.empty(500, np.complex64)
    bursts = []
    for at in range(0, len(x), 500):
        piece = x[at : at + 500]
        buffer[: len(piece)] = piece
        bursts += receiver.push(buffer[: len(piece)])
        buffer[:] = 9
    bursts += receiver.flush()
    np.testing.assert_allclose(bursts[0].frames, frames, atol=0.02)


def test_memory_stays_small() -> None:
    """Of a long silence or noise nothing is kept but what a burst may need."""
    receiver = Receiver(WAVE)
    noise = np.random.default_rng(2).standard_normal(200_000, np.float32).view(np.complex64)
    for _ in range(20):
        assert not receiver.push(noise)
    held = receiver.cutter
    assert len(held.buffer) < 4 * held.detector.block
    assert len(held.waiting) <= 1 and not held.pending


def test_fields_are_all_that_is_remembered(sent: Sent) -> None:
    """A receiver whose fields are put into a new one goes on as if nothing had happened."""
    wanted = cut(sent.samples, len(sent.samples))
    receiver = Receiver(WAVE)
    bursts = []
    for at in range(0, len(sent.samples), 7000):
        bursts += receiver.push(sent.samples[at : at + 7000])
        receiver = copied(receiver)
    bursts += receiver.flush()
    assert [b.frames.tobytes() for b in bursts] == [b.frames.tobytes() for b in wanted]


def copied(thing: Any) -> Any:
    """A new object of the same class with the same fields, one level at a time."""
    if not dataclasses.is_dataclass(thing) or isinstance(thing, type | Waveform):
        return copy.deepcopy(thing)
    values = {field.name: copied(getattr(thing, field.name)) for field in dataclasses.fields(thing)}
    first = {f.name: values[f.name] for f in dataclasses.fields(thing) if f.init}
    new = type(thing)(**first)
    for name, value in values.items():
        setattr(new, name, value)
    return new
