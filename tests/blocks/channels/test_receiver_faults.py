"""What a receiver does to samples: iq_imbalance, dc_offset, clipping, quantiser, random_gap."""

from __future__ import annotations

import math

import numpy as np
import pytest

from semradio.blocks.api import ParameterError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.api.item_type import ItemType
from semradio.blocks.channels.clipping import Clipping
from semradio.blocks.channels.dc_offset import DcOffset
from semradio.blocks.channels.iq_imbalance import IqImbalance
from semradio.blocks.channels.quantiser import Quantiser
from semradio.blocks.channels.random_gap import RandomGap

rng = np.random.default_rng(11)
IQ = (0.3 * rng.standard_normal(40_000)).astype(np.float32).view(np.complex64)


def image_db(gain_db: float, phase: float, side: str) -> float:
    """How far below a tone its image lies, measured."""
    n = np.arange(1000)
    tone = np.exp(2j * np.pi * 0.1 * n).astype(np.complex64)
    y = IqImbalance(gain_db=gain_db, phase=phase, side=side)(tone)
    wanted, image = np.mean(y * tone.conj()), np.mean(y * tone)
    return float(20 * np.log10(abs(wanted) / abs(image)))


@pytest.mark.parametrize("side", ["receiver", "transmitter"])
@pytest.mark.parametrize(("gain_db", "phase"), [(0.1, 1.0), (1.0, 0.0), (0.0, -5.0), (-2.0, 3.0)])
def test_image_rejection(gain_db: float, phase: float, side: str) -> None:
    """IRR = (1 + 2 g cos p + g^2) / (1 - 2 g cos p + g^2)."""
    g, p = 10 ** (gain_db / 20), math.radians(phase)
    ratio = (1 + 2 * g * math.cos(p) + g * g) / (1 - 2 * g * math.cos(p) + g * g)
    assert image_db(gain_db, phase, side) == pytest.approx(10 * math.log10(ratio), abs=0.01)


def test_balanced_rails_stay() -> None:
    assert IqImbalance()(IQ).tobytes() == IQ.tobytes()


def test_dc_is_a_line_in_the_middle() -> None:
    y = DcOffset(offset="0.01-0.02j")(IQ)
    np.testing.assert_allclose(y - IQ, 0.01 - 0.02j, atol=1e-7)
    with pytest.raises(ParameterError, match="'offset' must be a finite number"):
        DcOffset(offset="loud")


def test_clipping_of_rails_and_of_magnitudes() -> None:
    rails = Clipping(limit=0.4)(IQ)
    np.testing.assert_array_equal(rails.real, np.clip(IQ.real, -0.4, 0.4))
    np.testing.assert_array_equal(rails.imag, np.clip(IQ.imag, -0.4, 0.4))
    ring = Clipping(limit=0.4, by="magnitude")(IQ)
    inside = abs(IQ) <= 0.4
    assert (ring[inside] == IQ[inside]).all()
    np.testing.assert_allclose(abs(ring[~inside]), 0.4, rtol=1e-6)
    np.testing.assert_allclose(np.angle(ring), np.angle(IQ), atol=1e-6)


@pytest.mark.parametrize("by", ["rail", "magnitude"])
def test_clipped_samples_are_counted(by: str) -> None:
    clipping = Clipping(limit=0.5, by=by)
    clipping(IQ)
    size = abs(IQ) if by == "magnitude" else np.maximum(abs(IQ.real), abs(IQ.imag))
    assert clipping.results() == {"items": 20_000, "clipped": int((size > np.float32(0.5)).sum())}


@pytest.mark.parametrize("bits", [2, 4, 8, 12])
def test_the_error_has_the_power_of_a_step_squared_over_twelve(bits: int) -> None:
    step = 2.0 ** (1 - bits)
    x = rng.uniform(-1, 1 - step, 200_000).astype(np.float32).view(np.complex64)
    quantiser = Quantiser(bits=bits)
    error = (quantiser(x) - x).view(np.float32).astype(np.float64)
    assert quantiser.results()["clipped"] == 0
    assert np.mean(error**2) == pytest.approx(step**2 / 12, rel=0.02)
    assert abs(np.mean(error)) < 0.02 * step
    assert abs(error).max() <= 0.5001 * step


def test_codes_and_their_ends() -> None:
    x = np.array([-3, -2, -1.3, 0.24, 0.26, 1.4, 1.6, 9], np.float32)
    quantiser = Quantiser(bits=3, full_scale=2.0)
    y = quantiser((x + 1j * x).astype(np.complex64))
    np.testing.assert_array_equal(y.real, [-2, -2, -1.5, 0, 0.5, 1.5, 1.5, 1.5])
    np.testing.assert_array_equal(y.imag, y.real)
    assert quantiser.results() == {"items": 8, "clipped": 2}


def lossy(**values: float) -> tuple[RandomGap, np.ndarray, list[Tag]]:
    gaps = RandomGap(**values)
    x = np.arange(300_000, dtype=np.float32)
    marks = [Tag(i, "mark", i) for i in range(0, 300_000, 500)]
    with Harness(gaps, {"x": ItemType("float32")}) as harness:
        for start in range(0, len(x), 7001):
            here = [tag for tag in marks if start <= tag.index < start + 7001]
            harness.push(x[start : start + 7001], tags=here)
        harness.end()
        return gaps, harness.outputs()[0], harness.tags()[0]


def test_gaps_are_told_and_all_items_accounted_for() -> None:
    gaps, y, tags = lossy(every=1000.0, length=100.0, seed=2)
    found = gaps.results()
    assert len(y) + found["lost"] == found["items"] == 300_000
    told = {tag.index: tag.value for tag in tags if tag.key == "gap"}
    jumps = {int(i) + 1: int(y[i + 1] - y[i]) - 1 for i in np.flatnonzero(np.diff(y) != 1)}
    assert told == jumps
    assert found["gaps"] - len(told) in (0, 1)
    lengths = np.array(list(told.values()))
    kept = np.diff([0, *told])
    assert len(told) == pytest.approx(300_000 / 1100, rel=0.2)
    # Exponential: the deviation is as large as the mean.
    for found_lengths, mean in ((lengths, 100), (kept, 1000)):
        assert np.mean(found_lengths) == pytest.approx(mean, rel=0.2)
        assert np.std(found_lengths) == pytest.approx(mean, rel=0.2)
    # What sat on a lost item sits on the first one after.
    marks = [tag for tag in tags if tag.key == "mark"]
    assert len(marks) >= 599
    assert all(y[tag.index] >= tag.value for tag in marks)
    assert all(tag.index == 0 or y[tag.index - 1] < tag.value for tag in marks)


def test_silent_gaps_lose_the_same() -> None:
    _, y, _ = lossy(every=1000.0, length=100.0, seed=2)
    gaps, silent, tags = lossy(every=1000.0, length=100.0, seed=2, tell=False)
    assert silent.tobytes() == y.tobytes()
    assert not [tag for tag in tags if tag.key == "gap"]
    assert gaps.results()["lost"] == 300_000 - len(y)


def test_gaps_lie_elsewhere_for_another_seed() -> None:
    assert lossy(every=1000.0, length=100.0, seed=2)[1][:5000].tobytes() != (
        lossy(every=1000.0, length=100.0, seed=3)[1][:5000].tobytes()
    )


def test_an_end_within_a_gap_is_noted() -> None:
    gaps = RandomGap(every=1.0, length=1e9)
    assert len(gaps(np.zeros(1000, np.float32))) < 1000
    assert gaps.notes == ["the stream ended within a gap"]
    assert gaps.results()["gaps"] == 1
