"""The burst waveform through GNU Radio's channel_model, against theory and against its stock OFDM.

Loss: mean squared error of the received reals over that of a receiver that knows everything, on
the same noise: 1 / (N SNR) for frames of N reals of total power 1. The SNR is measured on the noise
behind the last burst: GNU Radio draws it from a pool of a few thousand samples, whose power is off
by some hundredths of a decibel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pytest
from conftest import Channels
from stock_ofdm import LENGTH, PREFIX, packets, received

from semradio.blocks.api import Array
from semradio.blocks.phy.receiver import Receiver
from semradio.blocks.phy.transmitter import modulate
from semradio.blocks.phy.waveform import waveform

WAVEFORM = waveform("burst256")

LEVEL = -12.0

FLAT = [[1.0, 0.0]]

TWO_TAPS = [1.0, 0, 0, 0, 0, 0.2 + 0.35j]
"""An echo 8 dB down, 1.25 symbols late."""

ECHOES = [[z.real, z.imag] for z in np.array(TWO_TAPS) / np.linalg.norm(TWO_TAPS)]

EDGE = 0.005
"""2 % of the symbol rate, in cycles per sample: as far as the receiver promises to go."""


class Link(NamedTuple):
    """One channel, and how many bursts go through it."""

    snr_db: float
    frequency: float = EDGE
    ppm: float = 0.0
    taps: list[list[float]] = FLAT
    bursts: int = 25


def sent(bursts: int, seed: int) -> tuple[Array, Array]:
    """Frames on the unit sphere, (burst, frame, real), and their samples, silence between."""
    draw = np.random.default_rng(seed)
    frames = draw.standard_normal((bursts, WAVEFORM.frames, WAVEFORM.reals))
    frames /= np.linalg.norm(frames, axis=2, keepdims=True)
    frames = frames.astype(np.float32)
    parts = []
    for number, frame in enumerate(frames):
        parts.append(np.zeros(int(draw.integers(300, 3000)), np.complex64))
        parts.append(modulate(frame, WAVEFORM, level=LEVEL, counter=number, last=False))
    return frames, np.concatenate(parts)


def losses(links: Sequence[Link], channels: Channels, seed: int = 1) -> list[tuple[float, int]]:
    """Return loss in dB and number of bursts received of each link."""
    energy = 10 ** (LEVEL / 10) * WAVEFORM.samples_per_symbol
    jobs, truth = [], []
    for k, link in enumerate(links):
        frames, samples = sent(link.bursts, seed + k)
        voltage = math.sqrt(energy / 10 ** (link.snr_db / 10))
        arguments = [voltage, link.frequency, 1 + link.ppm * 1e-6, link.taps, seed + k]
        jobs.append(("channel_model", arguments, samples))
        truth.append(frames)
    found = []
    for link, frames, samples in zip(links, truth, channels(jobs), strict=True):
        receiver = Receiver(WAVEFORM)
        bursts = [*receiver.push(samples), *receiver.flush()]
        good = {burst.counter: burst.frames for burst in bursts if burst.header_ok}
        assert len(good) == len([b for b in bursts if b.header_ok]), "a burst came twice"
        errors = [np.mean((y.astype(np.float64) - frames[k]) ** 2) for k, y in good.items()]
        noise = np.mean(np.abs(samples[-100_000:].astype(np.complex128)) ** 2)
        assert 10 * math.log10(energy / noise) == pytest.approx(link.snr_db, abs=0.15)
        genie = noise / energy / WAVEFORM.reals
        found.append((float(10 * np.log10(np.mean(errors) / genie)), len(good)))
    return found


def linear_equaliser(snr_db: float) -> float:
    """Loss in dB of the ideal unbiased linear equaliser on the two taps.

    The MMSE of symbols behind a matched filter and the channel H(f) is that of the mean over the
    symbol rate of 1 / (1 + SNR |H|^2), the spectra of both halves of the roll-off added up; without
    bias the SNR is 1 / MMSE - 1.
    """
    sps, rolloff = WAVEFORM.samples_per_symbol, WAVEFORM.rolloff
    f = (np.arange(4096) + 0.5) / 4096 - 0.5
    total = np.zeros_like(f)
    for fold in (-1, 0, 1):
        at = np.abs(f + fold)
        edge = np.clip((at - (1 - rolloff) / 2) / rolloff, 0, 1)
        pulse = (1 + np.cos(np.pi * edge)) / 2
        taps = np.array(TWO_TAPS) / np.linalg.norm(TWO_TAPS)
        delays = np.arange(len(taps)) / sps
        response = (taps * np.exp(-2j * np.pi * np.outer(f + fold, delays))).sum(axis=1)
        total += pulse * np.abs(response) ** 2
    snr = 10 ** (snr_db / 10)
    mmse = np.mean(1 / (1 + snr * total))
    return float(10 * np.log10(snr / (1 / mmse - 1)))


SNRS = [0.0, 5.0, 10.0, 15.0, 20.0]


def test_loss_against_genie(channels: Channels) -> None:
    """At both edges of the carrier's range; all bursts arrive."""
    links = [Link(snr, EDGE * (-1) ** k) for k, snr in enumerate(SNRS)]
    for link, (loss, bursts) in zip(links, losses(links, channels), strict=True):
        assert bursts == link.bursts
        assert -0.05 < loss <= 0.25, link


@pytest.mark.slow
def test_a_hundred_bursts_of_a_hundred(channels: Channels) -> None:
    links = [Link(snr, bursts=100) for snr in SNRS]
    for link, (loss, bursts) in zip(links, losses(links, channels, 50), strict=True):
        assert bursts == 100
        assert -0.03 < loss <= 0.25, link


def test_clocks_that_differ(channels: Channels) -> None:
    links = [Link(20.0, ppm=ppm) for ppm in (100.0, -100.0, 20.0)]
    for link, (loss, bursts) in zip(links, losses(links, channels, 10), strict=True):
        assert bursts == link.bursts
        assert loss <= 0.30, link


def test_two_taps(channels: Channels) -> None:
    """Within 0.6 dB of what no linear equaliser can beat."""
    links = [Link(snr, taps=ECHOES) for snr in (0.0, 10.0, 20.0)]
    for link, (loss, bursts) in zip(links, losses(links, channels, 20), strict=True):
        assert bursts == link.bursts
        assert loss <= linear_equaliser(link.snr_db) + 0.6, link


def stock_losses(snrs: Sequence[float], channels: Channels, count: int) -> list[tuple[float, int]]:
    """Loss in dB (median of the packets) and number of packets found by GNU Radio's own chain."""
    jobs, truth = [], []
    for k, snr_db in enumerate(snrs):
        sample = packets(count, seed=k)
        arguments = [LENGTH, PREFIX, 0.9, 10 ** (-snr_db / 20), 0.3 / LENGTH, 1.0, FLAT, k + 1]
        jobs.append(("ofdm_front_end", arguments, sample.samples))
        truth.append(sample)
    found = []
    for snr_db, sample, samples in zip(snrs, truth, channels(jobs), strict=True):
        errors = received(sample, samples, channels.starts(len(found)))
        power = [np.mean(np.abs(error) ** 2) for error in errors]
        loss = 10 * np.log10(np.median(power)) + snr_db if power else math.inf
        found.append((float(loss), len(errors)))
    return found


def test_better_than_the_stock_chain(channels: Channels) -> None:
    """Same statistics of the payload, same channel_model, GNU Radio's own receiver of OFDM."""
    ours = losses([Link(snr) for snr in SNRS], channels, 30)
    stock = stock_losses(SNRS, channels, 60)
    for snr_db, (loss, bursts), (stock_loss, stock_packets) in zip(SNRS, ours, stock, strict=True):
        assert bursts == 25
        if snr_db <= 10:
            # Its threshold of 0.9 needs 13 dB.
            assert stock_packets == 0
        else:
            assert stock_packets >= 57
            assert stock_loss - loss >= 3.0
