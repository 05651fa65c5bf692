"""The ARN link: bare calls, the flowgraph in one process, the flowgraph over four processes.

Floor: the same five ONNX Runtime calls and the same noise in a bare loop, nothing else: no source,
no counting, no checks. Flowgraph: source -> encoder -> Alice -> channel -> Bob -> decoder -> sink,
and Alice -> channel -> Eve -> sink.

    python benchmarks/link.py [--json] [--rounds N]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    state = machine()
    found: list[Comparison] = []
    for chunk, bar in ((1, 0.5), (64, 0.80), (1024, 0.85)):
        found.append(
            compare(
                f"one process / bare calls, chunk {chunk}",
                "frames/s",
                bar,
                bare_loop(chunk),
                flowgraph(chunk, processes=False),
                options.rounds,
            )
        )
    for chunk, bar in ((1, 0.0), (64, 0.0), (1024, 1.0)):
        found.append(
            compare(
                f"four processes / one process, chunk {chunk}",
                "frames/s",
                bar,
                flowgraph(chunk, processes=False),
                flowgraph(chunk, processes=True),
                options.rounds,
            )
        )
    tell(found, options.json, state)


if __name__ == "__main__":
    main()
