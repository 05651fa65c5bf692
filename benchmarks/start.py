"""From the command to the end of a run of one frame: `semradio run arn_link frames=1`.

The floor is one second, so the ratio is in seconds; beside it stands what a bare interpreter takes
to import NumPy, ONNX Runtime and pyzmq, which every way of running the link has to do.

    python benchmarks/start.py [--json] [--rounds N]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from comparison import compare, machine, tell

BARE = [sys.executable, "-c", "import numpy, onnxruntime, zmq"]


def took(command: list[str]) -> float:
    """Seconds that a command takes."""
    began = perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return perf_counter() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    state = machine()
    with tempfile.TemporaryDirectory() as folder:
        picture = f"pictures.file={Path(folder) / 'sheet.png'}"
        run = [sys.executable, "-m", "semradio", "run", "arn_link", "frames=1", "--quiet", picture]
        found = [
            compare(name, "s", bar, lambda: 1.0, subject, options.rounds, lower_is_better=True)
            for name, bar, subject in (
                ("imports alone", 0.6, lambda: took(BARE)),
                ("one frame in one process", 0.6, lambda: took([*run, "--in-process"])),
                ("one frame over four processes", 1.0, lambda: took([*run, "--processes"])),
            )
        ]
    tell(found, options.json, state)


if __name__ == "__main__":
    main()
