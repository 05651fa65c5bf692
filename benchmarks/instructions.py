"""What two versions cost, in instructions: a comparison that the load of the machine leaves alone.

    python benchmarks/instructions.py --before FOLDER [--json]

Needs valgrind (a Debian package). Each version, a checkout such as ``git worktree add /tmp/before
COMMIT`` makes and the one this file is in, runs a chain of 8192-sample chunks and ``arn_link`` as
shipped, in one process and unwatched, for two numbers of items; the difference is what the items
between them cost, without start and end. Instructions say nothing of waiting and of memory that is
far away; for those there is ``view.py``. Valgrind makes all slower, fifty times and more, so
what the engine does by the clock (a timed pass each 20 ms) is left to be done by the count.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from comparison import Comparison, machine, tell
from view import CHAIN, SUBJECTS

HERE = Path(__file__).resolve().parent.parent

RUN = """
import sys
from semradio.blocks.engine import chain
from semradio.flowgraphs import Flowgraph
chain.SAMPLE_EVERY_S = float("inf")
Flowgraph.load(sys.argv[1], sys.argv[2:]).run(processes=False)
"""

ITEMS = {"arn_link": (4_000, 14_000), "chain of 8192 samples": (1_000 * 8192, 9_000 * 8192)}
"""Of a short run and of a long one."""

BAR = 1 / 0.995
"""Not looked at, a run is to be as fast as 0.995 of the version before."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--before", type=Path, required=True, help="a checkout to compare with")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = []
    for name in SUBJECTS:
        before, now = (cost(checkout.resolve(), name) for checkout in (options.before, HERE))
        title = f"{name}, now / before: {now / before:.4f}"
        found.append(Comparison(title, "an item", BAR, [before], [now], lower_is_better=True))
    tell(found, options.json, machine())


def cost(checkout: Path, name: str) -> float:
    """Instructions that an item takes in this checkout's version."""
    few, many = ITEMS[name]
    return (counted(checkout, name, many) - counted(checkout, name, few)) / (many - few)


def counted(checkout: Path, name: str, items: int) -> int:
    """Instructions of a run of so many items.

    Raises:
        RuntimeError: valgrind told none.
    """
    text, words = SUBJECTS[name]
    if text is CHAIN:
        text = CHAIN.replace("items: 1000000000000", f"items: {items}")
    else:
        words = [*words, f"frames={items}"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(checkout),
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    tool = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [*tool, sys.executable, "-c", RUN, text, *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    told = re.search(r"I +refs: +([\d,]+)", done.stderr)
    if done.returncode or told is None:
        raise RuntimeError(f"{checkout}: {done.stderr[-500:]}")
    return int(told[1].replace(",", ""))


if __name__ == "__main__":
    main()
