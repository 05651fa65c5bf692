"""Streams over gr-zeromq's PUSH and PULL against GNU Radio's own blocks, over ipc and tcp.

Two processes, messages of 8192 complex64. The floor is GNU Radio to GNU Radio; the subjects are
semradio to semradio and the two mixed pairs. The rate is taken by the receiver, from its first
samples to its last.

    python benchmarks/gnuradio.py [--json] [--rounds N] [--samples N]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from comparison import compare, machine, tell

from semradio.flowgraphs import Flowgraph

PYTHON = "/usr/bin/python3"
"""The Python that GNU Radio is installed for."""

MESSAGE = 8192

SEND = """
flowgraph: sender
blocks:
  source: {{block: null_source, type: complex64, items: {samples}}}
  sink:   {{block: zeromq_push_sink, address: "{address}", message_items: {message}}}
connections: [source -> sink]
"""

RECEIVE = """
flowgraph: receiver
blocks:
  source: {{block: zeromq_pull_source, address: "{address}", items: {samples}}}
  sink:   {{block: probe_rate}}
connections: [source -> sink]
"""

GNURADIO = """
import os, sys, time
from gnuradio import blocks, gr, zeromq
what, address, samples, message = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
tb = gr.top_block()
if what == "send":
    source, head = blocks.null_source(8), blocks.head(8, samples)
    # Twice a message, so that one can be written while the other is read; one message at a time.
    for block in (source, head):
        block.set_min_output_buffer(2 * message)
    sink = zeromq.push_sink(8, 1, address, 100, False, -1)
    sink.set_max_noutput_items(message)
    tb.connect(source, head, sink)
    tb.start()
    sys.stdin.readline()
else:
    source, sink = zeromq.pull_source(8, 1, address, 100, False, -1), blocks.null_sink(8)
    source.set_min_output_buffer(8 * message)
    tb.connect(source, sink)
    tb.start()
    first = None
    while True:
        now, seen = time.perf_counter(), sink.nitems_read(0)
        if first is None and seen:
            first, before = now, seen
        if seen >= samples:
            print((seen - before) / (now - first), flush=True)
            break
        time.sleep(0.001)
os._exit(0)
"""


def command(kind: str, what: str, address: str, samples: int) -> list[str]:
    """Return the command of one process; it reads a line before it goes, or prints its rate."""
    if kind == "gnuradio":
        return [PYTHON, "-c", GNURADIO, what, address, str(samples), str(MESSAGE)]
    return [sys.executable, str(Path(__file__)), "--peer", what, address, str(samples)]


def peer() -> None:
    """One process of semradio's: ``gnuradio.py --peer send|receive ADDRESS SAMPLES``."""
    what, address, samples = sys.argv[2:]
    text = {"send": SEND, "receive": RECEIVE}[what]
    graph = Flowgraph.load(text.format(address=address, samples=samples, message=MESSAGE))
    result = graph.run(chunk=MESSAGE)
    if what == "receive":
        print(result["sink"]["rate"], flush=True)


def rate(sender: str, receiver: str, transport: str, samples: int) -> float:
    """Samples per second from one kind of process to another."""
    with tempfile.TemporaryDirectory() as folder:
        # A port of this process's own number, out of the way of what else listens.
        port = 20_000 + os.getpid() % 10_000
        address = f"ipc://{folder}/x" if transport == "ipc" else f"tcp://127.0.0.1:{port}"
        receiving = subprocess.Popen(
            command(receiver, "receive", address, samples), stdout=subprocess.PIPE, text=True
        )
        sending = subprocess.Popen(
            command(sender, "send", address, samples),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        # GNU Radio says other things before.
        found = float(receiving.communicate()[0].split()[-1])
        sending.communicate("\n")
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=100_000_000)
    options = parser.parse_args()
    known = subprocess.run([PYTHON, "-c", "from gnuradio import zeromq"], check=False)
    if known.returncode or not Path(PYTHON).exists():
        raise SystemExit(f"GNU Radio is not installed for {PYTHON}: apt-get install gnuradio")
    state = machine()
    found = []
    for sender, receiver, bar in (
        ("semradio", "semradio", 1.0),
        ("semradio", "gnuradio", 0.8),
        ("gnuradio", "semradio", 0.8),
    ):
        for transport in ("ipc", "tcp"):

            def floor(t: str = transport) -> float:
                return rate("gnuradio", "gnuradio", t, options.samples)

            def subject(s: str = sender, r: str = receiver, t: str = transport) -> float:
                return rate(s, r, t, options.samples)

            name = f"{sender} to {receiver}, {transport}"
            found.append(compare(name, "samples/s", bar, floor, subject, options.rounds))
    tell(found, options.json, state)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        peer()
    else:
        main()
