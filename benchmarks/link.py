"""The ARN link: bare calls, the flowgraph in one process and over four, and the link as shipped.

Floor: the same five ONNX Runtime calls and the same noise in a bare loop, nothing else: no source,
no counting, no checks. Flowgraph: source -> encoder -> Alice -> channel -> Bob -> decoder -> sink,
and Alice -> channel -> Eve -> sink. As shipped: ``semradio run arn_link``, with real images, every
figure over all of them, and the sheet of pictures; a table tells what each of its blocks takes.

    python benchmarks/link.py [--json] [--rounds N] [--only shipped]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import onnxruntime as ort
from comparison import Comparison, compare, machine, tell

from semradio.blocks.channels.counter_noise import CounterNoise
from semradio.blocks.neural.model_file import find_model
from semradio.flowgraphs import Flowgraph

LINK = """
flowgraph: link_benchmark
variables: {frames: 1000}
blocks:
  source:  {block: null_source, type: "uint8[28,28]", items: "${frames}"}
  encoder: {block: semantic_encoder, model: arn/encoder}
  alice:   {block: arn_transmitter, model: arn/alice}
  air:     {block: awgn_channel, snr_db: 10}
  bob:     {block: arn_receiver, model: arn/bob}
  decoder: {block: semantic_decoder, model: arn/decoder}
  image:   {block: null_sink}
  eve_air: {block: awgn_channel, snr_db: 10}
  eve:     {block: eavesdropper, model: arn/eve}
  guess:   {block: null_sink}
connections:
  - source -> encoder -> alice -> air -> bob -> decoder -> image
  - alice -> eve_air -> eve -> guess
processes:
  alice: [source, encoder, alice]
  air:   [air, eve_air]
  bob:   [bob, decoder, image]
  eve:   [eve, guess]
"""

FRAMES = {1: 20_000, 64: 400_000, 1024: 800_000}
"""Frames per measurement, by chunk size: about a second each."""

SHIPPED_FRAMES = {1: 10_000, 64: 50_000, 1024: 100_000}
"""Frames of the link as shipped; to draw the first sixteen takes as long for any number."""

BARS = {"bare": {1: 0.5, 64: 0.80, 1024: 0.85}, "shipped": {1: 0.75, 64: 0.40, 1024: 0.45}}
"""Shares of the floor's rate that are asked for, by chunk size."""


def bare_loop(chunk: int) -> Callable[[], float]:
    """Return a function that measures the floor in frames per second."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    sessions = {
        name: ort.InferenceSession(
            find_model(f"arn/{name}"), options, providers=["CPUExecutionProvider"]
        )
        for name in ("encoder", "alice", "bob", "decoder", "eve")
    }
    run = {name: session.run for name, session in sessions.items()}
    inputs = {name: session.get_inputs()[0].name for name, session in sessions.items()}
    outputs = {name: [session.get_outputs()[0].name] for name, session in sessions.items()}
    images = np.zeros((chunk, 28, 28), np.uint8)
    bob_noise, eve_noise = CounterNoise(1, "air"), CounterNoise(1, "eve_air")
    scale = np.float32(np.sqrt(0.1 / 23))

    def call(name: str, x: np.ndarray) -> np.ndarray:
        return run[name](outputs[name], {inputs[name]: x})[0]

    def measure() -> float:
        began = perf_counter()
        for i in range(FRAMES[chunk] // chunk):
            y = call("alice", call("encoder", images))
            at = i * chunk * 23
            noise = bob_noise.normal(at, chunk * 23) * scale
            call("decoder", call("bob", y + noise.reshape(y.shape)))
            noise = eve_noise.normal(at, chunk * 23) * scale
            call("eve", y + noise.reshape(y.shape))
        return FRAMES[chunk] / (perf_counter() - began)

    return measure


def flowgraph(chunk: int, *, processes: bool) -> Callable[[], float]:
    """Return a function that measures the flowgraph in frames per second."""

    def measure() -> float:
        graph = Flowgraph.load(LINK, frames=FRAMES[chunk])
        result = graph.run(processes=processes, chunk=chunk)
        if result["image"]["items"] != FRAMES[chunk] or result["guess"]["items"] != FRAMES[chunk]:
            raise SystemExit("frames are missing")
        return FRAMES[chunk] / result.elapsed_s

    return measure


class Shipped:
    """The link as shipped, in one process; remembers what each block took."""

    def __init__(self, chunk: int, folder: str) -> None:
        self.chunk, self.picture = chunk, str(Path(folder) / "link.png")
        self.busy: list[dict[str, float]] = []

    def __call__(self) -> float:
        """Run it and return frames per second."""
        frames = SHIPPED_FRAMES[self.chunk]
        graph = Flowgraph.load(
            "arn_link", ["source.repeat=true"], frames=frames, picture=self.picture
        )
        result = graph.run(processes=False, chunk=self.chunk)
        counts = [result[name]["items"] for name in ("power", "leakage")]
        if [result["quality"]["images"], *counts] != [frames] * 3:
            raise SystemExit("frames are missing")
        self.busy.append(
            {name: found["busy_s"] / frames * 1e6 for name, found in result.blocks.items()}
        )
        return frames / result.elapsed_s

    def table(self) -> dict[str, float]:
        """Median microseconds per frame of each block, the uncounted first round left out."""
        rounds = self.busy[1:]
        return {name: statistics.median(busy[name] for busy in rounds) for name in rounds[0]}


def print_table(columns: dict[int, dict[str, float]]) -> None:
    """Print what each block takes, by chunk size."""
    print("as shipped, us per frame" + "".join(f"{f'chunk {chunk}':>12}" for chunk in columns))
    for name in next(iter(columns.values())):
        print(f"{name:<24}" + "".join(f"{busy[name]:>12.2f}" for busy in columns.values()))
    print(f"{'all blocks':<24}" + "".join(f"{sum(b.values()):>12.2f}" for b in columns.values()))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("bare", "processes", "shipped"))
    options = parser.parse_args()
    state = machine()
    found: list[Comparison] = []
    columns: dict[int, dict[str, float]] = {}

    def measure(
        name: str, bar: float, floor: Callable[[], float], subject: Callable[[], float]
    ) -> None:
        found.append(compare(name, "frames/s", bar, floor, subject, options.rounds))

    if options.only in (None, "bare"):
        for chunk, bar in BARS["bare"].items():
            measure(
                f"one process / bare calls, chunk {chunk}",
                bar,
                bare_loop(chunk),
                flowgraph(chunk, processes=False),
            )
    if options.only in (None, "processes"):
        for chunk, bar in ((1, 0.0), (64, 0.0), (1024, 1.0)):
            measure(
                f"four processes / one process, chunk {chunk}",
                bar,
                flowgraph(chunk, processes=False),
                flowgraph(chunk, processes=True),
            )
    if options.only in (None, "shipped"):
        with tempfile.TemporaryDirectory() as folder:
            for chunk, bar in BARS["shipped"].items():
                shipped = Shipped(chunk, folder)
                measure(f"as shipped / bare calls, chunk {chunk}", bar, bare_loop(chunk), shipped)
                columns[chunk] = shipped.table()
    tell(found, options.json, state, {"us_per_frame": columns} if columns else {})
    if columns and not options.json:
        print_table(columns)


if __name__ == "__main__":
    main()
