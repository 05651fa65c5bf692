"""An edge between two processes against a bare pyzmq PUSH/PULL pair, over ipc and tcp.

The floor sends messages of a header frame and a payload frame each. It does nothing else: it knows
no backpressure in items, no indices, no tags, no end of stream. Of large messages it is the faster
of two: payloads copied, or passed to ZeroMQ and back as they are. The edge is given as many chunks
of the same size; it may join them, as it does in any run. Its time counts from the start of the
streams until all is reported, that of the floor from the first message to the last.

    python benchmarks/edge.py [--json] [--rounds N]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from time import perf_counter

import numpy as np
import zmq
from comparison import Comparison, compare, machine, tell

from semradio.flowgraphs import Flowgraph

EDGE = """
flowgraph: edge_benchmark
variables: {type: float32, items: 1}
blocks:
  source: {block: null_source, type: "${type}", items: "${items}"}
  sink:   {block: null_sink}
connections: [source -> sink]
processes: {sender: [source], receiver: [sink]}
"""

LATENCY = """
flowgraph: latency_benchmark
variables: {items: 1, rate: 1000}
code: [BLOCKS]
blocks:
  source: {block: benchmark_stamps, items: "${items}", rate: "${rate}"}
  sink:   {block: benchmark_latency}
connections: [source -> sink]
processes: {sender: [source], receiver: [sink]}
"""

HEADER = b"h" * 32
LARGE = 1 << 14
STAMPS, STAMP_RATE = 3000, 1000.0


def peer() -> None:
    """The receiving end of the floor: ``edge.py --peer ADDRESS MESSAGES latency|rate|uncopied``."""
    address, messages, what = sys.argv[2], int(sys.argv[3]), sys.argv[4]
    socket = zmq.Context.instance().socket(zmq.PULL)
    socket.connect(address)
    delays = np.zeros(messages)
    for i in range(messages):
        _, payload = socket.recv_multipart(copy=what != "uncopied")
        if what == "latency":
            delays[i] = time.monotonic_ns() - np.frombuffer(payload, np.int64, 1)[0]
        elif i == 0:
            began = perf_counter()
    if what == "latency":
        print(np.median(delays[messages // 10 :]) / 1e3)
    else:
        print(perf_counter() - began)


def bare(
    transport: str, payload: np.ndarray, messages: int, what: str, rate: float = STAMP_RATE
) -> float:
    """Send through a bare pair: messages per second, or the median latency in microseconds.

    Args:
        rate: messages a second where the latency is measured.
    """
    with tempfile.TemporaryDirectory() as folder:
        socket = zmq.Context.instance().socket(zmq.PUSH)
        socket.bind(f"ipc://{folder}/x" if transport == "ipc" else "tcp://127.0.0.1:*")
        address = socket.getsockopt_string(zmq.LAST_ENDPOINT)
        child = subprocess.Popen(
            [sys.executable, __file__, "--peer", address, str(messages), what],
            stdout=subprocess.PIPE,
            text=True,
        )
        next_at = time.monotonic()
        for _ in range(messages):
            if what == "latency":
                next_at += 1 / rate
                time.sleep(max(0.0, next_at - time.monotonic()))
                payload[:8] = np.frombuffer(
                    time.monotonic_ns().to_bytes(8, sys.byteorder), np.uint8
                )
            socket.send_multipart([HEADER, payload], copy=what != "uncopied")
        answer = float(child.communicate()[0])
        socket.close()
    return answer if what == "latency" else (messages - 1) / answer


def edge(transport: str, item: str, chunk: int, messages: int) -> float:
    """Messages per second through an edge of a flowgraph."""
    graph = Flowgraph.load(EDGE, [f"type={item}", f"items={chunk * messages}"])
    result = graph.run(transport=transport, chunk=chunk)
    counts = result.edges["source.y -> sink.x"]
    if (counts["items"], counts["messages"]) != (chunk * messages, messages):
        raise SystemExit(f"{counts} instead of {messages} messages of {chunk} items")
    return messages / result.elapsed_s


def edge_latency(transport: str) -> float:
    """Median latency in microseconds of 92-byte items at 1000 a second."""
    blocks = Path(__file__).with_name("edge_blocks.py")
    text = LATENCY.replace("BLOCKS", str(blocks))
    graph = Flowgraph.load(text, [f"items={STAMPS}", f"rate={STAMP_RATE}"], allow_code=True)
    return float(graph.run(transport=transport, chunk=1)["sink"]["median_us"])


def throughput(rounds: int) -> list[Comparison]:
    """Compare rates for the three message sizes that matter."""
    found = []
    for name, item, chunk, messages, bars in (
        ("2048 complex64 (16 KiB) a message", "complex64", 2048, 40_000, {"ipc": 1.8}),
        ("8192 complex64 (64 KiB) a message", "complex64", 8192, 20_000, {"ipc": 1.8, "tcp": 0.8}),
        ("131,072 complex64 (1 MiB) a message", "complex64", 1 << 17, 2_000, {"ipc": 2.0}),
        ("64 frames of 784 float32 a message", "float32[784]", 64, 8_000, {"ipc": 1.8}),
        ("1 frame of 784 float32 a message", "float32[784]", 1, 100_000, {"ipc": 0.95, "tcp": 0.9}),
    ):
        for transport, bar in bars.items():
            payload = np.zeros((chunk, 784) if "[" in item else chunk, item.split("[")[0])

            def floor(t: str = transport, p: np.ndarray = payload, m: int = messages) -> float:
                rate = bare(t, p, m, "rate")
                return rate if p.nbytes < LARGE else max(rate, bare(t, p, m, "uncopied"))

            def subject(
                t: str = transport, i: str = item, c: int = chunk, m: int = messages
            ) -> float:
                return edge(t, i, c, m)

            found.append(compare(f"{name}, {transport}", "messages/s", bar, floor, subject, rounds))
    return found


def latency(rounds: int) -> list[Comparison]:
    """Compare the median latency of small messages."""
    found = []
    for transport, bar in (("ipc", 1.4), ("tcp", 1.3)):
        stamped = np.zeros(92, np.uint8)

        def floor(t: str = transport, p: np.ndarray = stamped) -> float:
            return bare(t, p, STAMPS, "latency")

        def subject(t: str = transport) -> float:
            return edge_latency(t)

        found.append(
            compare(
                f"median latency, 92 bytes at 1000/s, {transport}",
                "us",
                bar,
                floor,
                subject,
                rounds,
                lower_is_better=True,
            )
        )
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    state = machine()
    tell(throughput(options.rounds) + latency(options.rounds), options.json, state)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        peer()
    else:
        main()
