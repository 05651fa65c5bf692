"""What modules and links cost: their size, and a module's time on one core."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

from semradio.blocks.errors import ModelError
from semradio.blocks.neural.model_file import read_card
from semradio.blocks.neural.onnx_session import OnnxSession

BATCH = 64
"""Frames of one timed call."""

_CALLS, _REPEATS = 20, 25


def parameters(folder: Path) -> float:
    """Return the number of trained weights of Alice's module in a folder of models.

    Raises:
        ModelError: there is no such file, or its card does not say.
    """
    return _weights(folder / "alice.onnx")


def link_parameters(folder: Path) -> float:
    """Return the number of trained weights of all models in a folder.

    Raises:
        ModelError: a card does not say.
    """
    return sum(_weights(path) for path in sorted(folder.glob("*.onnx")))


def _weights(path: Path) -> float:
    card = read_card(path)
    if card is None or card.parameters is None:
        raise ModelError(f"the card of {path} does not tell the number of parameters")
    return card.parameters


def microseconds(folder: Path) -> float:
    """Return the microseconds per frame of Alice's module, on one thread: a median."""
    session = OnnxSession(folder / "alice.onnx", threads=1)
    run, outputs = session.runner(), [session.outputs[0].name]
    random = np.random.default_rng(0)
    width = session.inputs[0].shape[1]
    if not isinstance(width, int):
        raise ModelError(f"model {session.path} takes frames of any length; a pair does not")
    frames = random.standard_normal((BATCH, width), dtype=np.float32) / np.float32(width**0.5)
    feed = {session.inputs[0].name: frames}
    times = []
    for _ in range(_REPEATS):
        began = perf_counter()
        for _ in range(_CALLS):
            run(outputs, feed)
        times.append(perf_counter() - began)
    return statistics.median(times) / (_CALLS * BATCH) * 1e6


COSTS: dict[str, Callable[[Path], float]] = {
    "module.parameters": parameters,
    "link.parameters": link_parameters,
    "module.microseconds": microseconds,
}
"""Quantities that are measured on a folder of models, without a flowgraph."""
