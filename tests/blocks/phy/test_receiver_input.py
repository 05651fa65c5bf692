"""What a receiver may meet on the air: a clear word for each, no wrong frame in silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from burst_air import unit_frames

from semradio.blocks.api import Array, BlockError, StreamError, Tag
from semradio.blocks.phy import NAMED, Burst, Receiver, Waveform, modulate, waveform
from semradio.blocks.phy.burst_demodulator import BurstDemodulator
from semradio.blocks.phy.burst_layout import layout_of
from semradio.blocks.phy.transmitter import shape

WAVE = NAMED["burst64"]
COUNT = 200_000
rng = np.random.default_rng(8)
FRAMES = unit_frames(rng, 4 * 64, 23)
SAMPLES = layout_of(WAVE).samples


def noise(count: int, deviation: float = 1.0) -> Array:
    parts = rng.standard_normal(2 * count, np.float32) * np.float32(deviation)
    found: Array = parts.view(np.complex64)
    return found


def heard(x: Array, wave: Waveform = WAVE) -> tuple[list[Burst], int]:
    receiver = Receiver(wave)
    bursts = receiver.push(x.astype(np.complex64)) + receiver.flush()
    return bursts, receiver.swapped


def demodulated(x: Array, tags: list[Tag] = [], **values: Any) -> tuple[Array, dict[str, Any], str]:  # noqa: B006
    """Frames, results and notes of the block."""
    block = BurstDemodulator(**{"waveform": "burst64", **values})
    frames = block(x.astype(np.complex64), tags=tags)
    return frames, block.results(), "; ".join(block.notes)


# Nothing there -----------------------------------------------------------------------------------


def gated() -> Array:
    x = noise(COUNT)
    for start in range(0, COUNT, 2777):
        x[start : start + 901] = 0
    return x


def impulses() -> Array:
    x = noise(COUNT)
    x[::9973] = 1e4
    return x


def foreign() -> Array:
    wave = Waveform(frames=2000, item="float32[24]")
    symbols = rng.integers(0, 2, (layout_of(wave).symbols, 2)) * 2.0 - 1
    return shape((symbols @ np.array([1, 1j])).astype(np.complex64), wave, 0.0, 0)


@pytest.mark.parametrize(
    "kind",
    [
        lambda: noise(COUNT),
        lambda: np.exp(0.01j * np.arange(COUNT)) + noise(COUNT, 0.07),
        lambda: np.exp(0.01j * np.arange(COUNT)),
        lambda: np.zeros(COUNT),
        lambda: np.full(COUNT, 1 + 1j),
        lambda: np.concatenate([np.zeros(COUNT // 2), np.ones(COUNT // 2)]),
        impulses,
        lambda: np.eye(1, COUNT, 1234)[0],
        foreign,
        gated,
        lambda: np.zeros(0),
        lambda: noise(1),
        lambda: noise(100, 1e-20),
        lambda: noise(100, 1e8),
    ],
)
def test_where_nothing_was_sent_nothing_comes(kind: Callable[[], Array]) -> None:
    with np.errstate(all="raise", under="ignore"):
        bursts, swapped = heard(kind())
    assert not [burst for burst in bursts if burst.header_ok]
    assert len(bursts) + swapped <= 1


# Something else there ----------------------------------------------------------------------------


@pytest.mark.parametrize("snr_db", [10, 30])
@pytest.mark.parametrize("cfo", [-0.02, 0.0, 0.015])
def test_exchanged_rails_are_named(snr_db: float, cfo: float) -> None:
    x = modulate(FRAMES, WAVE, level=0.0, gap=50)
    x = x * np.exp(2j * np.pi * (cfo / 4 * np.arange(len(x)) + rng.random()))
    x = x + noise(len(x), 10 ** (-snr_db / 20) / np.sqrt(2))
    bursts, swapped = heard(x.imag + 1j * x.real)
    assert (bursts, swapped) == ([], 4)
    frames, results, notes = demodulated(x.conj())
    assert len(frames) == 0 and results["swapped"] == 4
    assert "4 bursts came with I and Q exchanged" in notes
    assert len(heard(x)[0]) == 4


def test_another_waveform_is_named() -> None:
    x = modulate(FRAMES, NAMED["burst256"], gap=30)
    x = x + noise(len(x), 0.05)
    frames, results, notes = demodulated(x)
    assert len(frames) == 0
    assert (results["refused"], results["foreign"], results["lost"]) == (1, 1, 0)
    own, other = NAMED["burst64"].hash, NAMED["burst256"].hash
    assert f"another waveform, 'burst256' ({other}); this receiver has 'burst64' ({own})" in notes


def test_another_waveform_without_a_name_is_told_by_its_hash() -> None:
    """The hash of one burst may be chance; that of two is not."""
    other = waveform("burst64:float32[22]")
    x = modulate(FRAMES[:, :22], other, gap=30)
    frames, results, notes = demodulated(x + noise(len(x), 0.05))
    assert len(frames) == 0 and results["foreign"] == 4
    assert f"4 bursts were sent with another waveform, with the hash {other.hash}" in notes
    _, results, notes = demodulated(x[: len(x) // 4 + 99])
    assert (results["refused"], results["foreign"]) == (1, 0)
    assert "1 bursts had a header that could not be read" in notes


def test_both_waveforms_on_one_channel() -> None:
    """Bursts of ours between foreign ones all come."""
    other = modulate(FRAMES, NAMED["burst256"], gap=30)
    ours = [
        modulate(FRAMES[k : k + 64], WAVE, gap=30, counter=k // 64, last=k > 0) for k in (0, 64)
    ]
    x = np.concatenate([ours[0], other, ours[1]])
    bursts, _ = heard(x + noise(len(x), 0.05))
    assert [burst.counter for burst in bursts if burst.header_ok] == [0, 1]
    assert not any(burst.overlaps for burst in bursts)


@pytest.mark.parametrize("bad", [np.nan, np.inf, complex(0, -np.inf), 1e12])
@pytest.mark.parametrize("at", [0, 40_000, 59_999])
def test_what_is_no_sample_is_named(bad: complex, at: int) -> None:
    x = noise(60_000)
    x[at] = bad
    with pytest.raises(StreamError, match=f"sample {at} is .*: samples must be finite"):
        heard(x)
    with pytest.raises(BlockError, match=f"sample {at} is "):
        BurstDemodulator()(x, chunk=777)


def test_frames_that_are_no_numbers_are_not_sent() -> None:
    frames = FRAMES.copy()
    frames[130, 3] = np.nan
    with pytest.raises(StreamError, match="NaN or infinity, first in frame 130"):
        modulate(frames, WAVE)


def test_clipping_is_told() -> None:
    """At -3 dBFS the peaks reach full scale: worse, but all there."""
    x = modulate(FRAMES, WAVE, level=-3.0, gap=30)
    x = np.clip(x.real, -1, 1) + 1j * np.clip(x.imag, -1, 1)
    frames, results, notes = demodulated(x)
    error = 10 * np.log10(np.mean((frames - FRAMES) ** 2) * 23)
    assert len(frames) == 256 and -30 < error < -15
    assert results["clipped"] == 4 and "4 bursts reach full scale" in notes
    x = modulate(FRAMES, WAVE, level=-12.0, gap=30)
    assert demodulated(x)[1]["clipped"] == 0


# Bursts that are not whole -----------------------------------------------------------------------


def test_a_burst_cut_by_the_start() -> None:
    x = modulate(FRAMES, WAVE, gap=30)
    frames, results, _ = demodulated(x[300:])
    np.testing.assert_allclose(frames, FRAMES[64:], atol=0.03)
    assert (results["lost"], results["frames"]) == (64, 192)


@pytest.mark.parametrize("missing", [0, 20, 60, 1000, 3000])
def test_a_burst_cut_by_the_end(missing: int) -> None:
    """The ringing of the last pulse may be missing, but no symbol."""
    x = modulate(FRAMES, WAVE)
    frames, results, notes = demodulated(x[: len(x) - missing])
    whole = missing <= WAVE.span * WAVE.samples_per_symbol // 2
    np.testing.assert_allclose(frames, FRAMES[: 256 if whole else 192], atol=0.03)
    assert results["cut"] == (not whole) and results["lost"] == (0 if whole else 64)
    assert ("1 bursts are not whole" in notes) == (not whole)


def test_a_burst_cut_in_its_header() -> None:
    x = modulate(FRAMES, WAVE)
    frames, results, notes = demodulated(x[: 3 * SAMPLES + 560])
    assert len(frames) == 192
    assert (results["bursts"], results["refused"], results["lost"]) == (4, 1, 0)
    assert "header that could not be read" in notes and "no burst said that it was the" in notes


def test_samples_that_a_device_lost() -> None:
    """A source says so with the tag 'gap': the burst around it is lost, and counted."""
    x = modulate(FRAMES, WAVE, gap=30)
    at = len(x) // 4 + 2000
    x = np.concatenate([x[:at], x[at + 2001 :]])
    frames, results, _ = demodulated(x, [Tag(at, "gap", 2001)])
    np.testing.assert_allclose(frames, np.delete(FRAMES, slice(64, 128), axis=0), atol=0.03)
    assert (results["cut"], results["lost"]) == (1, 64)


@pytest.mark.parametrize("lost", [9, 40, 200])
def test_samples_that_were_lost_without_a_word(lost: int) -> None:
    """Frames behind such a gap are wrong, and cannot be known to be; but the burst is tagged."""
    x = modulate(FRAMES, WAVE, gap=90)
    at = len(x) // 4 + 2000
    x = np.concatenate([x[:at], x[at + lost :]])
    x = x + noise(len(x), 0.02)
    block = BurstDemodulator(waveform="burst64")
    assert block(x).shape == (256, 23)
    assert block.results()["doubtful"] == 1
    assert "'doubtful'" in block.notes[0]


def test_bursts_that_overlap() -> None:
    """Both are received, tagged: neither is what its SNR says."""
    first, second = (
        modulate(FRAMES[k : k + 64], WAVE, counter=k // 64, last=k > 0) for k in (0, 64)
    )
    x = np.zeros(2 * len(first), np.complex64)
    x[: len(first)] += first
    x[len(first) - 2000 :][: len(second)] += second * 1j
    x = x + noise(len(x), 0.02)
    bursts, _ = heard(x)
    assert [(burst.counter, burst.overlaps) for burst in bursts] == [(0, True), (1, True)]
    _, results, notes = demodulated(x)
    assert results["overlaps"] == 2 and "2 bursts overlap another" in notes


def test_a_weak_echo_far_behind_harms_nothing() -> None:
    x = modulate(FRAMES, WAVE, gap=30)
    x = x + 0.1 * np.concatenate([np.zeros(2800), x[:-2800]]) + noise(len(x), 0.05)
    bursts, _ = heard(x)
    assert [burst.counter for burst in bursts] == [0, 1, 2, 3]
    assert not any(burst.overlaps or burst.doubtful for burst in bursts)


def test_a_strong_echo_far_behind_is_no_frame() -> None:
    x = modulate(FRAMES[:64], WAVE, gap=2000)
    x = x + 0.9j * np.concatenate([np.zeros(2800), x[:-2800]])
    frames, results, _ = demodulated(x + noise(len(x), 0.02), frames=64)
    assert len(frames) == 64
    assert results["overlaps"] >= 1


def test_a_deep_fade_within_a_burst_is_told() -> None:
    x = modulate(FRAMES[:64], WAVE)
    x[2500:] *= 0.01
    bursts, _ = heard(x + noise(len(x), 0.05))
    assert [burst.doubtful for burst in bursts] == [True]


def test_a_whole_burst_of_fewer_frames() -> None:
    last = modulate(FRAMES[:70], WAVE)
    bursts, _ = heard(last)
    assert [len(burst.frames) for burst in bursts] == [64, 6]
    assert [burst.last for burst in bursts] == [False, True]
    assert replace(WAVE, name="other") == WAVE
