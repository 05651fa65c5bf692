"""The MIMO interference channel and its state: microseconds per frame against two floors.

K users, 2x2 antennas, 16 slots, Rayleigh fading that is new in every frame. Floor "NumPy": the same
numbers drawn by counter and one block matrix product, vectorised over the chunk, in a bare loop.
Floor "standard_normal": the same with NumPy's generator, whose draws depend on how the stream is
cut. Subject: channel_state_source and mimo_interference_channel in a flowgraph, in one process,
with sources and sinks that do nothing. All in CPU time of the one thread that works, which others
on the machine disturb less. At the end the growth with K.

    python benchmarks/irsc.py [--json] [--rounds N]
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
from collections.abc import Callable
from time import process_time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from comparison import Comparison, compare, machine, tell

from semradio.blocks.channels.counter_noise import CounterNoise
from semradio.flowgraphs import Flowgraph

ANTENNAS, SLOTS = 2, 16
USERS = (1, 2, 4, 8)
FRAMES = {1: 4096, 16: 32_768, 256: 262_144}
"""Frames per measurement, by chunk size, for one user."""

BAR_US = 2.0
"""Microseconds per frame that are allowed for two users at the largest chunk."""

LINK = """
flowgraph: irsc_benchmark
variables: {frames: 1000, users: 2}
indices: {k: "${users}"}
blocks:
  tx[k]: {block: null_source, type: "complex64[2,16]", items: "${frames}"}
  state: {block: channel_state_source, users: "${users}", frames: "${frames}"}
  air:   {block: mimo_interference_channel, users: "${users}"}
  rx[k]: {block: null_sink}
connections:
  - tx[k] -> air.x[k]
  - state -> air.h
  - air.y[k] -> rx[k]
"""

Draw = Callable[[int, int], np.ndarray]
"""Gives standard normal numbers: (index of the first, how many)."""


def frames_of(chunk: int, users: int) -> int:
    """Frames to measure: fewer for more users."""
    return max(chunk, FRAMES[chunk] // users)


def bare(chunk: int, users: int, draw_state: Draw, draw_noise: Draw) -> Callable[[], float]:
    """Return a function that measures a bare loop in microseconds per frame."""
    x = [np.zeros((chunk, ANTENNAS, SLOTS), np.complex64) for _ in range(users)]
    rows = users * ANTENNAS
    states, noises = 2 * rows * rows, 2 * rows * SLOTS
    rail = np.float32(math.sqrt(0.05))
    shape = (chunk, users, users, ANTENNAS, ANTENNAS)

    def measure() -> float:
        frames = frames_of(chunk, users)
        began = process_time()
        for at in range(0, frames, chunk):
            h = draw_state(at * states, chunk * states) * np.float32(math.sqrt(0.5))
            h = h.view(np.complex64).reshape(shape).transpose(0, 1, 3, 2, 4)
            y = h.reshape(chunk, rows, rows) @ np.concatenate(x, axis=1)
            noise = draw_noise(at * noises, chunk * noises) * rail
            y += noise.view(np.complex64).reshape(y.shape)
        return (process_time() - began) / frames * 1e6

    return measure


def counted(chunk: int, users: int) -> Callable[[], float]:
    """Measure the bare loop with numbers drawn by counter."""
    state, air = CounterNoise(0, "state"), CounterNoise(0, "air")
    return bare(chunk, users, state.normal, air.normal)


def generated(chunk: int, users: int) -> Callable[[], float]:
    """Measure the bare loop with numbers of NumPy's generator."""
    generator = np.random.default_rng(1)

    def draw(at: int, count: int) -> np.ndarray:
        return generator.standard_normal(count, np.float32)

    return bare(chunk, users, draw, draw)


def blocks(chunk: int, users: int) -> Callable[[], float]:
    """Measure the flowgraph."""
    frames = frames_of(chunk, users)

    def measure() -> float:
        graph = Flowgraph.load(LINK, frames=frames, users=users)
        began = process_time()
        result = graph.run(processes=False, chunk=chunk)
        spent = process_time() - began
        if any(result[f"rx[{k}]"]["items"] != frames for k in range(users)):
            raise SystemExit("frames are missing")
        return spent / frames * 1e6

    return measure


def tell_growth(found: dict[int, Comparison]) -> None:
    """Print time per frame against the number of users, and against the bar."""
    cost = {users: statistics.median(found[users].subject) for users in USERS}
    for users in USERS:
        print(
            f"K = {users}: {cost[users]:7.2f} us/frame, {1e6 / cost[users]:9,.0f} frames/s, "
            f"{cost[users] / cost[1]:5.1f} times K = 1 (K^2 = {users**2})"
        )
    met = "met" if cost[2] <= BAR_US else "MISSED"
    print(f"K = 2, chunk {max(FRAMES)}: {cost[2]:.2f} us/frame, bar <= {BAR_US:g}: {met}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    state = machine()
    found: list[Comparison] = []
    largest: dict[int, Comparison] = {}
    for chunk, bar in ((1, 5.0), (16, 2.0), (256, 1.5)):
        for users in USERS:
            for name, floor in (("NumPy", counted), ("standard_normal", generated)):
                one = compare(
                    f"K = {users}, blocks / {name}, chunk {chunk}",
                    "us/frame",
                    bar,
                    floor(chunk, users),
                    blocks(chunk, users),
                    options.rounds,
                    lower_is_better=True,
                )
                found.append(one)
                if chunk == max(FRAMES) and name == "NumPy":
                    largest[users] = one
    tell(found, options.json, state)
    if not options.json:
        tell_growth(largest)


if __name__ == "__main__":
    main()
