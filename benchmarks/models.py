"""Calls of the ARN models: on bound buffers, and two models in a row as one session.

Floor: ONNX Runtime's own ``run`` of the same models on the same items. Subjects: what a model
block calls (``BoundRuns``); and ``ModelChain`` of encoder and Alice, and of Bob and decoder, with
every block's result and check. The five models take turns with the noise between them, as in a
link; nobody runs one small model a thousand times on end.

    python benchmarks/models.py [--json] [--rounds N]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np
import onnxruntime as ort
from comparison import Comparison, compare, machine, tell

from semradio.blocks.api import ItemType
from semradio.blocks.channels.counter_noise import CounterNoise
from semradio.blocks.neural.arn_receiver import ArnReceiver
from semradio.blocks.neural.arn_transmitter import ArnTransmitter
from semradio.blocks.neural.eavesdropper import Eavesdropper
from semradio.blocks.neural.model_block import OneToOneModelBlock
from semradio.blocks.neural.model_chain import ModelChain
from semradio.blocks.neural.model_file import find_model
from semradio.blocks.neural.semantic_decoder import SemanticDecoder
from semradio.blocks.neural.semantic_encoder import SemanticEncoder

FRAMES = {1: 2_000, 8: 10_000, 64: 20_000}
"""Frames per measurement, by batch size."""

Call = Callable[[np.ndarray], np.ndarray]


def own_calls() -> tuple[Call, Call, Call]:
    """Return sender, receiver and Eve by ONNX Runtime's own calls."""

    def model(name: str) -> Call:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        path = find_model(f"arn/{name}")
        session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        run, taken = session.run, session.get_inputs()[0].name
        given = [session.get_outputs()[0].name]
        return lambda x: run(given, {taken: x})[0]

    encoder, alice, bob, decoder, eve = map(model, ("encoder", "alice", "bob", "decoder", "eve"))
    return lambda x: alice(encoder(x)), lambda y: decoder(bob(y)), eve


def blocks() -> tuple[list[OneToOneModelBlock], list[OneToOneModelBlock], OneToOneModelBlock]:
    """Return sender, receiver and Eve as started blocks."""
    frame = ItemType("float32", (23,))
    sender = [SemanticEncoder(model="arn/encoder"), ArnTransmitter(model="arn/alice")]
    receiver = [ArnReceiver(model="arn/bob"), SemanticDecoder(model="arn/decoder")]
    eve = Eavesdropper(model="arn/eve")
    for block in (*sender, *receiver, eve):
        item = ItemType("uint8", (28, 28)) if block is sender[0] else frame
        block.resolve({next(iter(block.inputs)): item})
        block.start()
    return sender, receiver, eve


def bound_calls() -> tuple[Call, Call, Call]:
    """Return sender, receiver and Eve on bound buffers."""

    def model(block: OneToOneModelBlock) -> Call:
        session = block.session
        return session.first_of(session.inputs[0].name, session.outputs[0].name)

    (encoder, alice), (bob, decoder), eve = (
        [model(b) for b in part] if isinstance(part, list) else model(part) for part in blocks()
    )
    return lambda x: alice(encoder(x)), lambda y: decoder(bob(y)), eve


def chained_calls() -> tuple[Call, Call, Call]:
    """Return sender and receiver as chains, and Eve on bound buffers."""
    sender, receiver, eve = blocks()
    send, receive = ModelChain(sender).work, ModelChain(receiver).work
    session = eve.session
    listen = session.first_of(session.inputs[0].name, session.outputs[0].name)
    return lambda x: _last(send(x, 0)), lambda y: _last(receive(y, 0)), listen


def _last(given: Sequence[Any]) -> np.ndarray:
    return given[-1]


def link(batch: int, calls: tuple[Call, Call, Call]) -> Callable[[], float]:
    """Return a function that measures the link without its blocks in microseconds per frame."""
    send, receive, listen = calls
    images = np.zeros((batch, 28, 28), np.uint8)
    bob_noise, eve_noise = CounterNoise(1, "air"), CounterNoise(1, "eve_air")
    scale = np.float32(np.sqrt(0.1 / 23))

    def measure() -> float:
        began = perf_counter()
        for i in range(FRAMES[batch] // batch):
            y, at = send(images), i * batch * 23
            noise = bob_noise.normal(at, batch * 23) * scale
            receive(y + noise.reshape(y.shape))
            noise = eve_noise.normal(at, batch * 23) * scale
            listen(y + noise.reshape(y.shape))
        return (perf_counter() - began) / FRAMES[batch] * 1e6

    return measure


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    state = machine()
    found: list[Comparison] = []
    for batch, bar in ((1, 0.85), (8, 0.9), (64, 1.03)):
        for name, calls in (("bound buffers", bound_calls), ("chains", chained_calls)):
            found.append(
                compare(
                    f"{name} / ONNX Runtime's own calls, batch {batch}",
                    "us/frame",
                    bar,
                    link(batch, own_calls()),
                    link(batch, calls()),
                    options.rounds,
                    lower_is_better=True,
                )
            )
    tell(found, options.json, state)


if __name__ == "__main__":
    main()
