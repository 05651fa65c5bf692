"""Figures of the burst waveform that take more runs than a test has time for.

    python tests/blocks/phy/measure.py loss [--bursts 200] [--waveform burst256] [--seed 1]
    python tests/blocks/phy/measure.py detection [--bursts 1000] [--waveform burst16]
    python tests/blocks/phy/measure.py false [--samples 1e8]

loss: how much more noise frames have than on a plain noisy channel of the same Es/N0, in dB with
its standard error. detection: bursts missed and headers refused. false: bursts found where there
are none. Everything follows from the seed.
"""

from __future__ import annotations

import argparse

import numpy as np
from burst_air import Air, ideal_linear_loss_db, outcome

from semradio.blocks.api import Array
from semradio.blocks.phy import Receiver, Waveform, waveform
from semradio.blocks.phy.burst_layout import layout_of
from semradio.blocks.phy.transmitter import shape

PIECE = 1 << 20
"""Samples at a time."""

LONG = Waveform(frames=2000, item="float32[32]")
"""A burst of 34,000 symbols."""

LOSSES: dict[str, tuple[Air, tuple[int, ...]]] = {
    "delay, phase, CFO +-2 %": (Air(), (0, 5, 10, 15, 20)),
    "clock +100 ppm": (Air(clock_ppm=100), (0, 10, 20)),
    "clock -100 ppm": (Air(clock_ppm=-100), (0, 10, 20)),
    "linewidth 1e-5": (Air(linewidth=1e-5), (0, 5, 10, 15, 20)),
    "linewidth 5e-5": (Air(linewidth=5e-5), (0, 10, 20)),
    "echo 1.25 T, -8 dB": (Air(echo=(1.25, -8.0)), (0, 5, 10, 15, 20)),
    "echo 0.75 T, -6 dB": (Air(echo=(0.75, -6.0)), (0, 5, 10, 15, 20)),
    "all: 1e-5, 20 ppm, 1.25 T": (
        Air(linewidth=1e-5, clock_ppm=20, echo=(1.25, -8.0)),
        (0, 10, 20),
    ),
}


def losses(wave: Waveform, bursts: int, seed: int) -> None:
    """Print the loss of every channel at every signal-to-noise ratio."""
    for name, (air, snrs) in LOSSES.items():
        for snr_db in snrs:
            at = Air(**{**vars(air), "snr_db": snr_db})
            found = outcome(wave, at, bursts, seed)
            loss, error = found.loss_db(snr_db)
            ideal = f" (ideal {ideal_linear_loss_db(wave, at):.2f})" if at.echo else ""
            snr_error = np.array(found.snrs) - snr_db
            print(
                f"{name:26} {snr_db:3} dB: loss {loss:.3f} +- {error:.3f} dB{ideal}; of "
                f"{found.sent}: missed {found.missed}, refused {found.refused}, wrong "
                f"{found.wrong}, false {found.false}, doubtful {found.doubtful}; SNR tag "
                f"{snr_error.mean():+.3f} dB, deviation {snr_error.std():.2f}",
                flush=True,
            )


def detection(wave: Waveform, bursts: int, seed: int) -> None:
    """Print how many bursts are missed and how many headers refused."""
    for snr_db in (-6, -5, -4, -3, -2, -1, 0, 3, 10):
        air = Air(snr_db=snr_db, gap=(200, 900))
        found = outcome(wave, air, bursts, seed)
        print(
            f"{snr_db:3} dB: of {found.sent} missed {found.missed}, refused {found.refused}, "
            f"wrong {found.wrong}, false {found.false}, doubtful {found.doubtful}",
            flush=True,
        )


def noise(rng: np.random.Generator) -> Array:
    """White noise."""
    parts: Array = rng.standard_normal(2 * PIECE, np.float32)
    return parts.view(np.complex64)


def gated(rng: np.random.Generator) -> Array:
    """Noise that is switched off and on, with exact zeros between."""
    x = noise(rng)
    edges = np.sort(rng.integers(0, PIECE, 400))
    for start, end in zip(edges[0::2], edges[1::2], strict=True):
        x[start:end] = 0
    return x


def impulses(rng: np.random.Generator) -> Array:
    """Noise with impulses 80 dB above it."""
    x = noise(rng)
    x[rng.integers(0, PIECE, 100)] = 1e4
    return x


def sine(rng: np.random.Generator) -> Array:
    """A carrier 20 dB above noise."""
    turn = np.exp(2j * np.pi * rng.uniform(-0.01, 0.01) * np.arange(PIECE))
    return (noise(rng) * 0.07 + turn).astype(np.complex64)


def foreign(rng: np.random.Generator) -> Array:
    """Symbols of four phases, of the same rate and pulse, without preambles."""
    x = rng.integers(0, 2, (layout_of(LONG).symbols, 2)) * 2.0 - 1
    return shape((x @ np.array([1, 1j])).astype(np.complex64), LONG, 0.0, 0)


def normal_symbols(rng: np.random.Generator) -> Array:
    """Symbols of a normal distribution, of the same rate and pulse, without preambles."""
    x = rng.standard_normal((layout_of(LONG).symbols, 2))
    return shape((x @ np.array([1, 1j])).astype(np.complex64), LONG, 0.0, 0)


def false_frames(wave: Waveform, samples: float, seed: int) -> None:
    """Print what is found where there is nothing."""
    shares = ((noise, 1.0), (sine, 0.1), (gated, 0.2), (impulses, 0.1), (foreign, 0.2))
    for kind, share in (*shares, (normal_symbols, 0.2)):
        rng, receiver, given = np.random.default_rng(seed), Receiver(wave), 0
        found = []
        while given < samples * share:
            x = kind(rng)
            found += receiver.push(x)
            given += len(x)
        found += receiver.flush()
        accepted = sum(burst.header_ok for burst in found)
        print(
            f"{kind.__name__}: {given:.2g} samples, {len(found)} preambles, {receiver.swapped} "
            f"exchanged, {accepted} with a right header",
            flush=True,
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figure", choices=["loss", "detection", "false"])
    parser.add_argument("--bursts", type=int, default=0)
    parser.add_argument("--samples", type=float, default=1e8)
    parser.add_argument("--waveform")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.figure == "loss":
        losses(waveform(options.waveform or "burst256"), options.bursts or 200, options.seed)
    elif options.figure == "detection":
        detection(waveform(options.waveform or "burst16"), options.bursts or 1000, options.seed)
    else:
        false_frames(waveform(options.waveform or "burst256"), options.samples, options.seed)


if __name__ == "__main__":
    main()
