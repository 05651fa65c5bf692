"""The burst waveform: samples per second on one core, at 4 samples per symbol.

Floor: ``np.convolve`` of the same samples with 49 real taps, the least that a receiver could do.
Subjects: Receiver on bursts back to back, on noise, and on bursts behind an echo (which need a
filter); modulate. And the two blocks, each in a flowgraph of its own, against the bare functions.

    python benchmarks/phy.py [--json] [--rounds N]
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from time import perf_counter

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from comparison import compare, machine, tell

from semradio.blocks.phy import NAMED, Receiver, Waveform, modulate
from semradio.blocks.phy.burst_demodulator import BurstDemodulator
from semradio.blocks.phy.burst_modulator import BurstModulator
from semradio.blocks.sinks.null_sink import NullSink
from semradio.blocks.sources.vector_source import VectorSource
from semradio.flowgraphs import Flowgraph

BURSTS = {256: 60, 64: 180}
CHUNK = 32_768
SNR_DB = 15.0

rng = np.random.default_rng(1)
TAPS = rng.standard_normal(49).astype(np.float32)


def frames_of(wave: Waveform) -> np.ndarray:
    """Frames for the bursts, of energy 1."""
    x = rng.standard_normal((BURSTS[wave.frames] * wave.frames, wave.reals))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def noise(count: int) -> np.ndarray:
    """Noise of power 1."""
    parts = rng.standard_normal(2 * count, np.float32) * np.float32(np.sqrt(0.5))
    return parts.view(np.complex64)


def received(wave: Waveform, echo: float = 0.0) -> np.ndarray:
    """Bursts back to back, at the Es/N0 above."""
    x = modulate(frames_of(wave), wave, gap=16)
    x = x + echo * 1j * np.concatenate([np.zeros(5, np.complex64), x[:-5]])
    deviation = 10 ** (-SNR_DB / 20) * np.sqrt(wave.samples_per_symbol)
    return (x + deviation * noise(len(x))).astype(np.complex64)


def rate(samples: int, work: Callable[[], object]) -> Callable[[], float]:
    """Return a function that measures ``work`` in millions of samples per second."""

    def measure() -> float:
        began = perf_counter()
        work()
        return samples / (perf_counter() - began) / 1e6

    return measure


def filtered(x: np.ndarray) -> Callable[[], float]:
    """Measure the floor."""
    return rate(len(x), lambda: np.convolve(x, TAPS))


def receiving(
    x: np.ndarray, wave: Waveform, bursts: int, chunk: int = CHUNK
) -> Callable[[], float]:
    """Measure the receiver, which must find so many bursts."""

    def work() -> None:
        receiver, found = Receiver(wave), []
        for at in range(0, len(x), chunk):
            found += receiver.push(x[at : at + chunk])
        found += receiver.flush()
        if sum(burst.header_ok for burst in found) != bursts:
            raise SystemExit(f"{len(found)} bursts instead of {bursts}")

    return rate(len(x), work)


def sending(frames: np.ndarray, wave: Waveform, samples: int) -> Callable[[], float]:
    """Measure the transmitter."""
    return rate(samples, lambda: modulate(frames, wave, gap=16))


def flowgraph(block: object, x: np.ndarray, samples: int, items: int) -> Callable[[], float]:
    """Measure a block between a source and a sink, which must get so many items."""

    def work() -> None:
        graph, sink = Flowgraph("phy"), NullSink()
        graph.connect(VectorSource(data=x), block, sink)
        if graph.run(chunk=CHUNK)[sink.name]["items"] != items:
            raise SystemExit("items are missing")

    return rate(samples, work)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    state, found = machine(), []

    def against(name: str, bar: float, floor: Callable[[], float], subject: Callable[[], float]):
        found.append(compare(name, "Msamples/s", bar, floor, subject, options.rounds))

    for frames, bar in ((256, 0.10), (64, 0.08)):
        wave = NAMED[f"burst{frames}"]
        x, echoed, bursts = received(wave), received(wave, 0.4), BURSTS[frames]
        against(f"back to back, {wave.name}", bar, filtered(x), receiving(x, wave, bursts))
        against(
            f"back to back, {wave.name}, chunks of 4096",
            bar,
            filtered(x),
            receiving(x, wave, bursts, 4096),
        )
        against(f"echo, {wave.name}", bar / 2, filtered(x), receiving(echoed, wave, bursts))
    wave = NAMED["burst256"]
    x, sent = received(wave), frames_of(wave)
    idle = noise(len(x))
    against("noise alone", 0.35, filtered(idle), receiving(idle, wave, 0))
    against("transmit", 0.35, filtered(x), sending(sent, wave, len(x)))
    against(
        "burst_demodulator / Receiver",
        0.8,
        receiving(x, wave, BURSTS[256]),
        flowgraph(BurstDemodulator(), x, len(x), len(sent)),
    )
    against(
        "burst_modulator / modulate",
        0.5,
        sending(sent, wave, len(x)),
        flowgraph(BurstModulator(), sent, len(x), len(x)),
    )
    tell(found, options.json, state)


if __name__ == "__main__":
    main()
