"""What looking costs: throughput with a viewer on every edge, and with none against before.

Two flowgraphs in one process, ``arn_link`` as shipped (without pictures) and a chain of 8192-sample
chunks. *Looked at*: a viewer in a process of its own has a tap on every output, with as many items
and as often as a page asks for by default (120 frames a second, of which a busy process grants what
its budget allows: how many came is told). *Not looked at*, against an earlier version: a checkout
of it, such as ``git worktree add /tmp/before COMMIT`` makes. Each measurement is a process of its
own, which tells its items a second of its CPU time, so that others who use the machine count less;
the rounds take turns.

    python benchmarks/view.py [--json] [--rounds N] [--seconds S] [--before FOLDER]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median

from comparison import Comparison, compare, machine, tell

CHAIN = """
flowgraph: chain_benchmark
chunk: 8192
blocks:
  source: {block: null_source, type: complex64, items: 1000000000000}
  gain:   {block: multiply_const, constant: 2.0}
  shift:  {block: add_const, constant: 1.0}
  back:   {block: multiply_const, constant: 0.5}
  sink:   {block: null_sink}
connections: [source -> gain -> shift -> back -> sink]
"""

SUBJECTS = {
    "arn_link": ("arn_link", ["source.repeat=true", "frames=1000000000", "pictures.images=1"]),
    "chain of 8192 samples": (CHAIN, []),
}
"""By name: a flowgraph, and its overrides."""

BARS = {"looked at": 0.97, "not looked at": 0.995}

RUN = """
import sys
import time
from semradio.flowgraphs import Flowgraph
text, seconds, warm = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
flowgraph = Flowgraph.load(text, sys.argv[4:])
seen = []
def note(processes):
    items = next(iter(processes.values()))["items"]
    seen.append((time.monotonic(), time.process_time(), max(items.values())))
flowgraph.run(processes=False, max_seconds=warm + seconds, on_progress=note, control=True)
began = seen[0][0]
first = next(s for s in seen if s[0] >= began + warm)
last = seen[-1]
print((last[2] - first[2]) / (last[0] - first[0]), (last[2] - first[2]) / (last[1] - first[1]))
"""

LOOK = """
import sys
from semradio.flowgraphs.control import Control
from semradio.flowgraphs.control.client import ControlError
from semradio.blocks.api.item_type import ItemType
from semradio.flowgraphs.view.feed import Feed
from semradio.flowgraphs.view.web.panel import items_of, kinds_of
from semradio.flowgraphs.view.web.rates import RATES
with Feed(Control.find(int(sys.argv[1]), wait=30)) as feed:
    ports = 0
    for block in feed.graph().blocks:
        for port, text in block.outputs.items():
            item = ItemType.parse(text)
            feed.tap(f"{block.name}.{port}", items_of(kinds_of(item)[0], item), RATES[-1])
            ports += 1
    count = 0
    try:
        while True:
            count += len(feed.poll())
    except ControlError:
        print(count / ports)
"""

FEW = 1
"""Frames a second and port under which nobody was looking."""

seen: dict[str, list[float]] = {}
"""By subject, frames a second and port of each round that was looked at."""

WARM_S = 3.0
"""Seconds until the viewer is there and caches are warm; not measured."""


def rate(
    subject: str, seconds: float, *, looked_at: bool = False, folder: Path | None = None
) -> float:
    """Return the items a second of CPU time that a flowgraph makes, in a process of its own.

    Args:
        looked_at: whether a viewer looks at all outputs. folder: another checkout to run.
    """
    text, overrides = SUBJECTS[subject]
    command = [sys.executable, "-c", RUN, text, str(seconds), str(WARM_S), *overrides]
    with tempfile.TemporaryDirectory() as empty:
        run = subprocess.Popen(command, cwd=folder or empty, stdout=subprocess.PIPE, text=True)
        look = [sys.executable, "-c", LOOK, str(run.pid)]
        viewer = subprocess.Popen(look, stdout=subprocess.PIPE, text=True) if looked_at else None
        told, _ = run.communicate()
        if viewer is not None:
            found, _ = viewer.communicate()
            frames = float(found or 0) / (seconds + WARM_S)
            if frames < FEW:
                raise RuntimeError(f"the viewer saw only {frames:.1f} frames a second")
            seen.setdefault(subject, []).append(frames)
    return float(told.split()[1])


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--before", type=Path, help="checkout of an earlier version")
    options = parser.parse_args()
    state = machine()
    found: list[Comparison] = []
    for subject in SUBJECTS:
        found.append(
            compare(
                f"{subject}, looked at / not looked at",
                "items/s",
                BARS["looked at"],
                partial(rate, subject, options.seconds),
                partial(rate, subject, options.seconds, looked_at=True),
                options.rounds,
            )
        )
        if options.before is not None:
            found.append(
                compare(
                    f"{subject}, not looked at / before",
                    "items/s",
                    BARS["not looked at"],
                    partial(rate, subject, options.seconds, folder=options.before),
                    partial(rate, subject, options.seconds),
                    options.rounds,
                )
            )
    frames = {subject: round(median(counts), 1) for subject, counts in seen.items()}
    tell(found, options.json, state, {"frames a second and port": frames})
    if not options.json:
        for subject, count in frames.items():
            print(f"{subject}: {count} frames a second and port were seen")


if __name__ == "__main__":
    main()
