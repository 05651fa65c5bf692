"""What a cell of a sweep costs beyond running its flowgraph.

Floor: ``Flowgraph.load`` and ``run_local`` in one warm process. Subject: the same cells in a sweep
with one worker and a store, from the second cell on: the share of a cell in checking the grid,
sending, storing and writing the table is counted, the start of the worker is not.

    python benchmarks/sweep.py [--json] [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter

# Before NumPy is loaded: one thread, as the workers have.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

from comparison import machine

from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.runtime.run.here import run_here
from semradio.flowgraphs.sweep import Sweep, SweepProgress

CELLS = 60
BAR_MS = 50.0

NOISE = """
flowgraph: noise
variables: {snr_db: 10.0, seed: 1}
blocks:
  source: {block: vector_source, data: [1.0, -1.0], repeat: true}
  head:   {block: head, items: 1000}
  air:    {block: awgn_channel, snr_db: "${snr_db}", seed: "${seed}"}
  power:  {block: signal_power}
connections:
  - source -> head -> air -> power
"""

LINK = """
flowgraph: link
variables: {snr_db: 10.0, seed: 1}
blocks:
  source:  {block: null_source, type: "uint8[28,28]", items: 1000}
  encoder: {block: semantic_encoder, model: arn/encoder}
  air:     {block: awgn_channel, snr_db: "${snr_db}", seed: "${seed}"}
  decoder: {block: semantic_decoder, model: arn/decoder}
  quality: {block: image_quality}
connections:
  - source -> encoder -> air -> decoder -> quality.received
  - source -> quality.reference
"""


@dataclass
class Overhead:
    """Milliseconds of a cell, round by round."""

    name: str
    alone: list[float] = field(default_factory=list)
    in_sweep: list[float] = field(default_factory=list)

    @property
    def overheads(self) -> list[float]:
        """What the sweep adds, round by round."""
        return [s - a for s, a in zip(self.in_sweep, self.alone, strict=True)]

    @property
    def overhead(self) -> float:
        """Median over the rounds."""
        return statistics.median(self.overheads)

    @property
    def met(self) -> bool:
        """Whether the bar is reached."""
        return self.overhead <= BAR_MS

    def line(self) -> str:
        """One line for people."""
        return (
            f"{self.name:<40} alone {statistics.median(self.alone):7.1f} ms  "
            f"in a sweep {statistics.median(self.in_sweep):7.1f} ms  "
            f"overhead {self.overhead:6.1f} ({min(self.overheads):.1f} to "
            f"{max(self.overheads):.1f}) ms  bar <= {BAR_MS:g}: {'met' if self.met else 'MISSED'}"
        )


def alone(file: Path) -> float:
    """Milliseconds of a cell in this process."""
    began = perf_counter()
    for seed in range(CELLS):
        run_here(Graph(Flowgraph.load(file, seed=seed).plan))
    return 1e3 * (perf_counter() - began) / CELLS


def in_sweep(file: Path, folder: Path) -> float:
    """Milliseconds of a cell in a sweep, the start of the worker left out."""
    told: list[float] = []

    def on_progress(progress: SweepProgress) -> None:
        told.append(perf_counter())

    began = perf_counter()
    sweep = Sweep(file, {"seed": range(CELLS)})
    sweep.run(folder / "out.csv", jobs=1, fresh=True, on_progress=on_progress)
    ended = perf_counter()
    checked, first = told[:2]
    return 1e3 * ((checked - began) / CELLS + (ended - first) / (CELLS - 1))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    state = machine()
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, text in (("noise, 1000 items", NOISE), ("two models, 1000 images", LINK)):
            file = folder / "flowgraph.yml"
            file.write_text(text, encoding="utf-8")
            overhead = Overhead(title)
            # The first round warms up, uncounted.
            for k in range(options.rounds + 1):
                pair = alone(file), in_sweep(file, folder)
                if k > 0:
                    overhead.alone.append(pair[0])
                    overhead.in_sweep.append(pair[1])
            found.append(overhead)
    if options.json:
        rows = [{**asdict(o), "overhead": o.overhead, "met": o.met} for o in found]
        json.dump({"machine": state, "overheads": rows}, sys.stdout, indent=2)
        print()
        return
    load = state["load"]
    shown = f"load {load[0]:.1f}" if load else "load unknown"
    print(f"{state['cpu']}, {state['cores']} cores, {shown}, Python {state['python']}")
    for overhead in found:
        print(overhead.line())


if __name__ == "__main__":
    main()
