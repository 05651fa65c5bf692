"""Kill -9 of either end of an edge with shared memory: what is left, and how soon it is noticed.

    python benchmarks/kills.py [--times 100]

Ends with status 1 if anything was left in /dev/shm or the folder for temporary files, a process
stayed, or the run took longer than a second to notice and end.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from semradio.flowgraphs import Flowgraph, RunError
from semradio.flowgraphs.runtime.run.children import Children
from semradio.flowgraphs.runtime.run.supervisor import Supervisor

ENDLESS = """
flowgraph: endless
blocks:
  source: {block: null_source, type: complex64}
  sink:   {block: null_sink}
connections: [source -> sink]
processes: {sender: [source], receiver: [sink]}
"""

WITHIN_S = 1.0


def present() -> set[Path]:
    """What lies in the places where something could be left."""
    return {*Path("/dev/shm").iterdir(), *Path(tempfile.gettempdir()).iterdir()}


def killed(victim: str) -> float:
    """Run, kill one end while memory is shared, return the seconds until the run had ended."""
    graph = Flowgraph.load(ENDLESS).check()
    host = Children(graph, transport="ipc", chunk=8192)
    at: list[float] = []

    def kill(_: Mapping[str, Mapping[str, Any]]) -> None:
        pids = [child.pid for child in host.children.values()]
        if not at and all("memfd:semradio" in Path(f"/proc/{p}/maps").read_text() for p in pids):
            at.append(time.monotonic())
            os.kill(host.children[victim].pid, signal.SIGKILL)

    try:
        Supervisor(host, graph.plan, on_progress=kill, max_seconds=60).run()
    except RunError as error:
        if f"process '{victim}'" in str(error) and "SIGKILL" in str(error):
            return time.monotonic() - at[0]
        raise
    raise SystemExit("memory was never shared")


def main() -> None:
    """Kill, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    options = parser.parse_args()
    before = present()
    took = [killed(("sender", "receiver")[k % 2]) for k in range(options.times)]
    left = sorted(str(path) for path in present() - before if "semradio" in path.name)
    print(
        f"{options.times} kills: noticed and ended in {statistics.median(took):.3f} s (median), "
        f"{max(took):.3f} s (worst); left behind: {', '.join(left) or 'nothing'}"
    )
    if left or max(took) > WITHIN_S:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
