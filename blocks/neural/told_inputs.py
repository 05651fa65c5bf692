"""Inputs of a model that are told a number, from a parameter or a tag, and take no items."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from semradio.blocks.api import Array, ModelError, ParameterError, StreamError, Tag
from semradio.blocks.errors import nearest
from semradio.blocks.neural.onnx_session import ModelPort, OnnxSession

Number = float | int


class ToldInputs:
    """Fills inputs of a model with numbers.

    An input whose first axis is the batch gets a row for each item; any other one is filled as it
    is declared: ``float32[]``, ``float32[1]``. Open axes besides the batch have length 1.

    Args:
        session: the model.
        names: the inputs.

    Raises:
        ParameterError: a name is none of the model's inputs.
        ModelError: an input takes no numbers.
    """

    def __init__(self, session: OnnxSession, names: Mapping[str, Number]) -> None:
        known = {port.name: port for port in session.inputs}
        for name in names:
            if name not in known:
                raise ParameterError(
                    f"parameter 'told': model {session.path} has no input '{name}'"
                    f"{nearest(name, list(known))}; it has {', '.join(known)}",
                    "told",
                )
        self.ports = {name: known[name] for name in names}
        self._by_item = {name for name, port in self.ports.items() if session.by_item(port)}

    def feed(self, numbers: Mapping[str, Number], items: int) -> dict[str, Array]:
        """Return what the model is fed for so many items."""
        return {name: self._filled(port, numbers[name], items) for name, port in self.ports.items()}

    def check(self, name: str, value: Any) -> Number:
        """Return a value as the number that an input takes.

        Raises:
            ValueError: it is none; the text says what is needed.
        """
        dtype = self.ports[name].dtype
        if isinstance(value, bool) and dtype != "bool":
            raise ValueError(f"a number for {dtype}")
        if not isinstance(value, (bool, int, float)) or not math.isfinite(value):
            raise ValueError("a finite number")
        if not dtype.startswith("float"):
            low, high = (0, 1) if dtype == "bool" else _limits(dtype)
            if value != int(value) or not low <= value <= high:
                raise ValueError(f"a whole number for {dtype}")
            return int(value)
        return value

    def heard(self, name: str, tag: Tag) -> Number:
        """Return the number that a tag tells an input; StreamError if it is none."""
        try:
            return self.check(name, tag.value)
        except ValueError as error:
            raise StreamError(
                f"tag '{tag.key}' at item {tag.index} is {tag.value!r}; the model's input "
                f"'{name}' takes {error}"
            ) from None

    def _filled(self, port: ModelPort, value: Number, items: int) -> Array:
        shape = [n if isinstance(n, int) else 1 for n in port.shape]
        if port.name in self._by_item:
            shape[0] = items
        return np.full(shape, value, port.dtype)


def check_told(inputs: ToldInputs, told: Mapping[str, Number]) -> None:
    """Raise ParameterError where a number does not fit its input."""
    for name, value in told.items():
        try:
            inputs.check(name, value)
        except ValueError as error:
            raise ParameterError(
                f"parameter 'told': input '{name}' takes {error}, not {value!r}", "told"
            ) from None


def _limits(dtype: str) -> tuple[int, int]:
    try:
        limits = np.iinfo(dtype)
    except ValueError:
        raise ModelError(f"an input of {dtype} takes no number") from None
    return int(limits.min), int(limits.max)
