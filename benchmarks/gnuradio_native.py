"""A semradio block inside GNU Radio: ``multiply_const`` on complex64, in GNU Radio's scheduler.

Floor: the same as a sync block that is written by hand in Python, as GNU Radio's tutorials do.

    python benchmarks/gnuradio_native.py [--json] [--rounds N]

Needs GNU Radio for a Python of the same version as this one.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

ITEMS = 4_000_000
FACTOR = 1.5
BAR = 0.8


def serve(folder: str) -> None:
    """In GNU Radio's Python: run the flowgraph that each line asks for, and print its rate."""
    import numpy as np
    from gnuradio import blocks, gr

    sys.path.append(folder)
    import semradio_gnuradio

    class MultiplyConst(gr.sync_block):
        def __init__(self, constant):
            gr.sync_block.__init__(self, "multiply", [np.complex64], [np.complex64])
            self.constant = np.complex64(constant)

        def work(self, input_items, output_items):
            output_items[0][:] = input_items[0] * self.constant
            return len(output_items[0])

    for line in sys.stdin:
        if line.strip() == "floor":
            block = MultiplyConst(FACTOR)
        else:
            types = {"x": ("complex64", 1)}
            block = semradio_gnuradio.make("multiply_const", "gain", types, constant=FACTOR)
        graph = gr.top_block()
        source, sink = blocks.null_source(8), blocks.null_sink(8)
        graph.connect(source, blocks.head(8, ITEMS), block, sink)
        began = perf_counter()
        graph.run()
        rate = ITEMS / (perf_counter() - began) / 1e6
        if sink.nitems_read(0) != ITEMS:
            raise SystemExit("items are missing")
        print("rate", rate, flush=True)


def measure(rounds: int, as_json: bool) -> None:
    """Measure and print."""
    from comparison import compare, machine, tell

    from semradio.flowgraphs.gnuradio.installation import check_python, find_gnuradio, install

    gnuradio = find_gnuradio()
    check_python(gnuradio)
    state = machine()
    with tempfile.TemporaryDirectory() as folder:
        install(Path(folder) / "blocks", gnuradio.python)
        # -P: not from this folder, where a gnuradio.py of our own stands.
        command = [gnuradio.executable, "-P", __file__, "--inside", f"{folder}/blocks"]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as inside:

            def rate(which: str) -> float:
                assert inside.stdin is not None and inside.stdout is not None
                print(which, file=inside.stdin, flush=True)
                for line in inside.stdout:
                    if line.startswith("rate"):
                        return float(line.split()[1])
                raise SystemExit("GNU Radio has failed")

            name = "multiply_const in GNU Radio, complex64"
            found = compare(
                name, "Msamples/s", BAR, lambda: rate("floor"), lambda: rate("subject"), rounds
            )
    tell([found], as_json, state)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--inside", metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        serve(options.inside)
    else:
        measure(options.rounds, options.json)


if __name__ == "__main__":
    main()
