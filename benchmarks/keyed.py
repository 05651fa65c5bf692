"""Keyed rotations: microseconds per frame of 23 values, against two floors.

Keystream: the AES bytes alone that the rotations are drawn from, drawn in the same groups of
frames. QR: what one would write at once, a QR decomposition of Gaussian matrices per chunk, with
NumPy's generator and the usual correction of signs; its draws are neither keyed nor the same for
every cut. Subjects: HaarRotation alone, and the two blocks of a flowgraph together.

    python benchmarks/keyed.py [--json] [--rounds N]
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from comparison import compare, machine, tell

from semradio.blocks.security.haar_rotation import HaarRotation
from semradio.blocks.security.secret_key import make_key_file
from semradio.flowgraphs import Flowgraph

SIZE = 23
FRAMES = {1: 4096, 64: 32_768, 1024: 32_768}
"""Frames per measurement, by chunk size."""

LINK = """
flowgraph: keyed_benchmark
variables: {frames: 1000, keys: none}
blocks:
  source: {block: null_source, type: "float32[23]", items: "${frames}"}
  lock:   {block: keyed_rotation, keys: "${keys}"}
  unlock: {block: keyed_derotation, keys: "${keys}"}
  sink:   {block: null_sink}
connections: [source -> lock -> unlock -> sink]
"""


def timed(chunk: int, work: Callable[[int], object]) -> Callable[[], float]:
    """Return a function that measures ``work(first frame)`` in microseconds per frame."""

    def measure() -> float:
        began = perf_counter()
        for first in range(0, FRAMES[chunk], chunk):
            work(first)
        return (perf_counter() - began) / FRAMES[chunk] * 1e6

    return measure


def keystream(chunk: int) -> Callable[[], float]:
    """Measure the bytes alone."""
    rotation = HaarRotation(bytes(32), size=SIZE)
    stream, group = rotation._keystream, rotation._group

    def work(first: int) -> None:
        for start in range(-(-first // group) * group, first + chunk, group):
            stream.frames(start, group)

    return timed(chunk, work)


def naive(chunk: int) -> Callable[[], float]:
    """Measure a QR decomposition per frame."""
    generator = np.random.default_rng(1)
    x = generator.standard_normal((chunk, SIZE)).astype(np.float32)

    def work(first: int) -> np.ndarray:
        q, r = np.linalg.qr(generator.standard_normal((chunk, SIZE, SIZE)))
        q *= np.sign(np.einsum("mii->mi", r))[:, None, :]
        return (q @ x[:, :, None])[:, :, 0].astype(np.float32)

    return timed(chunk, work)


def rotate(chunk: int) -> Callable[[], float]:
    """Measure HaarRotation.rotate."""
    rotation = HaarRotation(bytes(32), size=SIZE)
    x = np.random.default_rng(1).standard_normal((chunk, SIZE)).astype(np.float32)
    return timed(chunk, lambda first: rotation.rotate(x, first))


def both(chunk: int) -> Callable[[], float]:
    """Measure rotating and restoring, each with a HaarRotation of its own."""
    alice, bob = (HaarRotation(bytes(32), size=SIZE) for _ in range(2))
    x = np.random.default_rng(1).standard_normal((chunk, SIZE)).astype(np.float32)
    return timed(chunk, lambda first: bob.restore(alice.rotate(x, first), first))


def blocks(chunk: int, keys: str) -> Callable[[], float]:
    """Measure Alice's and Bob's block in a flowgraph, both together."""

    def measure() -> float:
        graph = Flowgraph.load(LINK, frames=FRAMES[chunk], keys=keys)
        result = graph.run(processes=False, chunk=chunk)
        if result["sink"]["items"] != FRAMES[chunk]:
            raise SystemExit("frames are missing")
        return result.elapsed_s / FRAMES[chunk] * 1e6

    return measure


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    state = machine()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        make_key_file(Path(folder) / "link.key")
        keys = f"file:{folder}/link.key"
        for chunk, stream, qr, pair in (
            (1, 60.0, 0.5, 2.0),
            (64, 25.0, 0.3, 1.3),
            (1024, 25.0, 0.3, 1.2),
        ):
            for name, bar, floor, subject in (
                ("rotation / keystream", stream, keystream(chunk), rotate(chunk)),
                ("rotation / QR", qr, naive(chunk), rotate(chunk)),
                ("both blocks / two rotations", pair, both(chunk), blocks(chunk, keys)),
            ):
                found.append(
                    compare(
                        f"{name}, chunk {chunk}",
                        "us/frame",
                        bar,
                        floor,
                        subject,
                        options.rounds,
                        lower_is_better=True,
                    )
                )
    tell(found, options.json, state)


if __name__ == "__main__":
    main()
