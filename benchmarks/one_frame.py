"""One frame, sent alone: from the source through Alice, the air and Bob, over four processes.

Floor: the ONNX Runtime calls of one frame (encoder, Alice, Bob, decoder) and its noise, one after
the other, and three hops of a bare pyzmq pair over ipc; a frame every ten milliseconds, as the
subject's. Between two frames others use the caches, which makes each call several times as long as
in a loop. Subject: the median of the time from the source to Bob's sink, as these two note it, a
frame every ten milliseconds; and what ``--latency`` tells of the same, whose tags cost something
themselves.

    python benchmarks/one_frame.py [--json] [--rounds N]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
import onnxruntime as ort
from comparison import compare, machine, tell
from edge import bare

from semradio.blocks.channels.counter_noise import CounterNoise
from semradio.blocks.neural.model_file import find_model
from semradio.flowgraphs import Flowgraph

ALONE = """
flowgraph: one_frame_benchmark
code: [BLOCKS]
blocks:
  source:  {block: benchmark_frames, items: ITEMS, rate: RATE}
  encoder: {block: semantic_encoder, model: arn/encoder}
  alice:   {block: arn_transmitter, model: arn/alice}
  air:     {block: awgn_channel, snr_db: 10}
  bob:     {block: arn_receiver, model: arn/bob}
  decoder: {block: semantic_decoder, model: arn/decoder}
  sink:    {block: benchmark_taken}
connections: [source -> encoder -> alice -> air -> bob -> decoder -> sink]
processes:
  source: [source]
  alice:  [encoder, alice]
  air:    [air]
  bob:    [bob, decoder, sink]
"""

MODELS = ("encoder", "alice", "bob", "decoder")
FRAMES = 600
RATE = 100
"""Frames a second."""
HOPS = 3
PAYLOAD = 92
"""Bytes of a frame's symbols."""


def models() -> Callable[[], float]:
    """Return a function that measures a frame's calls and noise: the median in microseconds."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    calls = []
    for name in MODELS:
        session = ort.InferenceSession(
            find_model(f"arn/{name}"), options, providers=["CPUExecutionProvider"]
        )
        calls.append((session.run, [session.get_outputs()[0].name], session.get_inputs()[0].name))
    noise, scale = CounterNoise(1, "air"), np.float32(np.sqrt(0.1 / 23))

    def measure() -> float:
        took = []
        for frame in range(FRAMES):
            time.sleep(1 / RATE)
            began = perf_counter()
            x = np.zeros((1, 28, 28), np.uint8)
            for k, (run, outputs, given) in enumerate(calls):
                if k == MODELS.index("bob"):
                    x = x + (noise.normal(frame * 23, 23) * scale).reshape(x.shape)
                x = run(outputs, {given: x})[0]
            took.append(perf_counter() - began)
        return statistics.median(took) * 1e6

    return measure


def floor() -> Callable[[], float]:
    """Return a function that measures what the frame cannot do without, in microseconds."""
    alone, payload = models(), np.zeros(PAYLOAD, np.uint8)
    return lambda: alone() + HOPS * bare("ipc", payload, FRAMES, "latency", RATE)


def subject(tags: bool) -> float:
    """Return the median from source to sink, in microseconds.

    Args:
        tags: whether as ``--latency`` tells it, or as the source and the sink note it.
    """
    blocks = str(Path(__file__).with_name("edge_blocks.py"))
    text = ALONE.replace("BLOCKS", blocks).replace("ITEMS", str(FRAMES)).replace("RATE", str(RATE))
    result = Flowgraph.load(text, allow_code=True).run(chunk=1, latency=tags)
    given, taken = (np.array(result[name]["times"]) for name in ("source", "sink"))
    if not len(given) == len(taken) == FRAMES:
        raise SystemExit("frames are missing")
    if tags:
        return result.latency["source -> sink"]["p50_s"] * 1e6
    return float(np.median(taken - given)) / 1e3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    state = machine()
    name = "one frame over four processes / models + 3 bare hops"
    bare_frame = floor()
    found = [
        compare(
            name + told,
            "us",
            1.5,
            bare_frame,
            partial(subject, tags),
            options.rounds,
            lower_is_better=True,
        )
        for told, tags in (("", False), (", as --latency tells", True))
    ]
    tell(found, options.json, state)


if __name__ == "__main__":
    main()
