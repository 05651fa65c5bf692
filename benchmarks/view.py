"""What looking costs: throughput with a viewer on every edge, and with none against before.

Two flowgraphs in one process, ``arn_link`` as shipped (without pictures) and a chain of 8192-sample
chunks. *Looked at*: a viewer in a process of its own has a tap on every output, with as many items
and as often as a page asks for by default (120 frames a second, of which a busy process grants what
its budget allows: how many came is told), for every second second of one run: what a machine does
to two runs differs by more than what looking costs. *Not looked at*, against an earlier version: a
checkout of it, such as ``git worktree add /tmp/before COMMIT`` makes, in a process of its own, in
turn. Told are items a second of CPU time, so that others who use the machine count less.

    python benchmarks/view.py [--json] [--rounds N] [--seconds S] [--before FOLDER]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from functools import partial
from itertools import pairwise
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
def note(processes):
    items = next(iter(processes.values()))["items"]
    print(time.monotonic(), time.process_time(), max(items.values()), flush=True)
flowgraph.run(processes=False, max_seconds=warm + seconds, on_progress=note, control=True)
"""

LOOK = """
import sys
import time
from semradio.flowgraphs.control import Control
from semradio.flowgraphs.control.client import ControlError
from semradio.blocks.api.item_type import ItemType
from semradio.flowgraphs.view.feed import Feed
from semradio.flowgraphs.view.web.panel import items_of, kinds_of
from semradio.flowgraphs.view.web.rates import RATES
with Feed(Control.find(int(sys.argv[1]), wait=30)) as feed:
    ports = {}
    for block in feed.graph().blocks:
        for port, text in block.outputs.items():
            item = ItemType.parse(text)
            ports[f"{block.name}.{port}"] = items_of(kinds_of(item)[0], item)
    count, looked, taps = 0, 0.0, []
    try:
        while True:
            looks, left = time.monotonic() % 2 < 1, 1 - time.monotonic() % 1
            if looks and not taps:
                taps = [feed.tap(port, items, RATES[-1]) for port, items in ports.items()]
                looked += left
            elif taps and not looks:
                while taps:
                    feed.untap(taps.pop())
            found = len(feed.poll(min(left, 0.05)))
            count += found if looks else 0
    except ControlError:
        print(count / len(ports) / looked)
"""

FEW = 1
"""Frames a second and port under which nobody was looking."""

seen: dict[str, list[float]] = {}
"""By subject, frames a second and port of each round that was looked at."""

WARM_S = 3.0
"""Seconds until the viewer is there and caches are warm; not measured."""

SETTLES_S = 0.1
"""Seconds of each second that are not measured: taps come and go."""


def begun(subject: str, seconds: float, folder: Path | str) -> subprocess.Popen[str]:
    """Run a subject, which tells time, CPU time and items a few times a second."""
    text, overrides = SUBJECTS[subject]
    command = [sys.executable, "-c", RUN, text, str(seconds), str(WARM_S), *overrides]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)


def told(run: subprocess.Popen[str]) -> list[tuple[float, float, float]]:
    """Return what a run has told from when it was warm."""
    out, _ = run.communicate()
    found = [(float(a), float(b), float(c)) for a, b, c in map(str.split, out.splitlines())]
    return [each for each in found if each[0] >= found[0][0] + WARM_S]


def rate(subject: str, seconds: float, folder: Path | None = None) -> float:
    """Return items a second of CPU time with nobody looking; ``folder``: another checkout."""
    with tempfile.TemporaryDirectory() as empty:
        told_so = told(begun(subject, seconds, folder or empty))
    (_, cpu, items), (_, last_cpu, last_items) = told_so[0], told_so[-1]
    return (last_items - items) / (last_cpu - cpu)


def looked_at(subject: str, seconds: float) -> tuple[float, float]:
    """Return items a second of CPU time with nobody looking, and with a viewer, of one run."""
    with tempfile.TemporaryDirectory() as empty:
        run = begun(subject, seconds, empty)
        look = [sys.executable, "-c", LOOK, str(run.pid)]
        viewer = subprocess.Popen(look, stdout=subprocess.PIPE, text=True)
        samples = told(run)
        frames = float(viewer.communicate()[0] or 0)
    if frames < FEW:
        raise RuntimeError(f"the viewer saw only {frames:.1f} frames a second")
    seen.setdefault(subject, []).append(frames)
    sums = {True: [0.0, 0.0], False: [0.0, 0.0]}
    for (at, cpu, items), (then, then_cpu, then_items) in pairwise(samples):
        if at // 1 == then // 1 and at % 1 >= SETTLES_S:
            sums[at % 2 < 1][0] += then_items - items
            sums[at % 2 < 1][1] += then_cpu - cpu
    return sums[False][0] / sums[False][1], sums[True][0] / sums[True][1]


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--before", type=Path, help="checkout of an earlier version")
    options = parser.parse_args()
    state = machine()
    found: list[Comparison] = []
    for subject in SUBJECTS:
        name = f"{subject}, looked at / not looked at"
        looked = Comparison(name, "items/s", BARS["looked at"])
        for _ in range(options.rounds):
            without, with_viewer = looked_at(subject, options.seconds)
            looked.floor.append(without)
            looked.subject.append(with_viewer)
        found.append(looked)
        if options.before is not None:
            found.append(
                compare(
                    f"{subject}, not looked at / before",
                    "items/s",
                    BARS["not looked at"],
                    partial(rate, subject, options.seconds, options.before),
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
