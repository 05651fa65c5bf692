"""Decoding with the LDPC code of 5G: megabits of information per second of one core.

    python benchmarks/ldpc.py [--blocks 64]

Each row is a rate at an Eb/N0 where about one block in a hundred fails or fewer (the waterfall),
and 1 dB above it, with at most 20 iterations; CPU time of this process, so that other load on the
machine counts little.
"""

from __future__ import annotations

import argparse
import math
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from semradio.blocks.coding.ldpc_code import encode
from semradio.blocks.coding.min_sum import MinSum
from semradio.blocks.coding.transport import transport

MESSAGE = 8448
WATERFALLS = ((1 / 3, 0.7), (1 / 2, 1.2), (2 / 3, 2.0))
"""Rate, and Eb/N0 in dB."""


def run(rate: float, ebn0_db: float, blocks: int) -> tuple[float, float, float]:
    """Return megabits per second, block error rate and mean iterations."""
    rng = np.random.default_rng(1)
    way = transport(MESSAGE, round(MESSAGE / rate), 1, 1)
    sent = way.segment(rng.integers(0, 2, (blocks, MESSAGE), np.uint8))
    words = encode(sent, way.graph, way.size, way.columns)
    places, snr = way.places(way.coded), 10 ** (ebn0_db / 10) * 2 * rate
    noise = rng.standard_normal((blocks, way.coded)) / math.sqrt(snr)
    ratios = np.zeros((blocks, words.shape[1]), np.float32)
    ratios[:, places] = 2 * snr * (1 - 2.0 * words[:, places] + noise)
    decoder = MinSum(way.graph, way.size, way.columns)
    began = time.process_time()
    found = decoder(ratios, 0)
    spent = time.process_time() - began
    errors = (found.bits != sent).any(axis=1).mean()
    return MESSAGE * blocks / spent / 1e6, float(errors), float(found.iterations.mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=64)
    blocks = parser.parse_args().blocks
    print("rate   Eb/N0 dB   Mbit/s   BLER   iterations")
    for rate, waterfall in WATERFALLS:
        for ebn0_db in (waterfall, waterfall + 1):
            speed, errors, iterations = run(rate, ebn0_db, blocks)
            print(f"{rate:.3f}  {ebn0_db:8.2f}  {speed:7.2f}  {errors:5.3f}  {iterations:7.1f}")


if __name__ == "__main__":
    main()
