"""A chain of light blocks in one process: source, three ``multiply_const``, sink.

Floor: the three NumPy products in a bare loop, on chunks of 8192 complex64 samples.

    python benchmarks/chain.py [--json] [--rounds N]
"""

from __future__ import annotations

import argparse
from time import perf_counter

import numpy as np
from comparison import compare, machine, tell

from semradio.blocks.sinks.null_sink import NullSink
from semradio.blocks.sources.null_source import NullSource
from semradio.blocks.stream.multiply_const import MultiplyConst
from semradio.flowgraphs import Flowgraph

CHUNK = 8192
CHUNKS = 20_000
FACTORS = (1.5, 0.5, 1.25)


def floor() -> float:
    """Samples per second of the plain products."""
    x = np.zeros(CHUNK, np.complex64)
    a, b, c = (np.complex64(factor) for factor in FACTORS)
    began = perf_counter()
    for _ in range(CHUNKS):
        y = x * a
        y = y * b
        y = y * c
    return CHUNK * CHUNKS / (perf_counter() - began) / 1e6


def flowgraph() -> float:
    """Samples per second of the flowgraph, start-up and all."""
    graph = Flowgraph("chain")
    source = NullSource(type="complex64", items=CHUNK * CHUNKS)
    blocks = [MultiplyConst(constant=factor) for factor in FACTORS]
    sink = NullSink()
    graph.connect(source, *blocks, sink)
    result = graph.run(chunk=CHUNK)
    if result[sink.name]["items"] != CHUNK * CHUNKS:
        raise SystemExit("items are missing")
    return CHUNK * CHUNKS / result.elapsed_s / 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    state = machine()
    found = compare(
        "three multiply_const, 8192 complex64", "Msamples/s", 0.85, floor, flowgraph, options.rounds
    )
    tell([found], options.json, state)


if __name__ == "__main__":
    main()
