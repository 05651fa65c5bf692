"""What models cost: their size, and their time on one core."""

from __future__ import annotations

import statistics
from pathlib import Path
from time import perf_counter

from semradio.blocks.errors import ModelError

BATCH = 64
"""Frames of one timed call."""

_CALLS, _REPEATS = 20, 25


def weights(path: Path) -> float:
    """Return the number of trained weights of a model file, as its card tells it.

    Raises:
        ModelError: there is no such file, or its card does not say.
    """
    from semradio.blocks.neural.model_file import read_card

    card = read_card(path)
    if card is None or card.parameters is None:
        raise ModelError(f"the card of {path} does not tell the number of parameters")
    return card.parameters


def all_weights(folder: Path) -> float:
    """Return the number of trained weights of all models in a folder.

    Raises:
        ModelError: a card does not say.
    """
    return sum(weights(path) for path in sorted(folder.glob("*.onnx")))


def microseconds(path: Path) -> float:
    """Return the microseconds per frame of a model of frames, on one thread: a median.

    Raises:
        ModelError: there is no such file, or it takes frames of any length.
    """
    import numpy as np

    from semradio.blocks.neural.onnx_session import OnnxSession

    session = OnnxSession(path, threads=1)
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
