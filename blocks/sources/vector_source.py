"""A stream of given values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    ItemType,
    Output,
    ParameterError,
    Source,
    Tag,
    block,
    parameter,
)
from semradio.blocks.api.item_type import DTYPES
from semradio.blocks.api.tag import check_value
from semradio.blocks.sources.cyclic import cyclic


@block("vector_source", category="sources")
class VectorSource(Source):
    """Give the values of a list, once or over and over.

    A list of numbers makes a stream of single values; a list of equally long lists makes vectors.
    Complex numbers are written ``"1+2j"``. From Python, ``data`` may be an array of shape (n,
    *item); it is copied, unless it is read-only already (a memory-mapped file, say).

    With ``repeat`` the tags come again with their items, in every round.

    Example:
        >>> VectorSource(data=[1, 2.5, 4])()
        array([1. , 2.5, 4. ], dtype=float32)
        >>> VectorSource(data=[[1, 2], [3, 4]], dtype="int16")()
        array([[1, 2],
               [3, 4]], dtype=int16)
    """

    data: Any = parameter(doc="The values: a list of numbers or of lists of them, or an array.")
    dtype: str | None = parameter(
        None,
        choices=(*DTYPES, None),
        doc="Type of the values; if not given, that of the array, and for a list float32, or "
        "complex64 if it has complex numbers.",
    )
    repeat: bool = parameter(False, doc="Whether to begin again after the last item.")
    tags: list[Tag] = parameter([], doc="Tags, each [item index, key, value].")

    y = Output(doc="The values.")

    def configure(self) -> None:
        self._data = _as_array(self.data, self.dtype)
        self._tags = sorted(
            (tag._replace(value=check_value(tag.value, tag.key)) for tag in self.tags),
            key=lambda tag: tag.index,
        )
        for tag in self._tags:
            if not 0 <= tag.index < len(self._data):
                raise ParameterError(
                    f"parameter 'tags': there is no item {tag.index} among {len(self._data)}",
                    "tags",
                )
        if self.repeat and not len(self._data):
            raise ParameterError("parameter 'data' is empty and cannot be repeated", "data")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType.of(self._data)}

    def work(self, n: int, at: int) -> Array:
        if self.repeat:
            y = cyclic(self._data, at, n)
        else:
            y = self._data[at : at + n]
            if at + n >= len(self._data):
                self.finish()
        if self._tags:
            self._tag(at, len(y))
        return y

    def _tag(self, at: int, n: int) -> None:
        """Leave the tags of the items ``at`` to ``at + n - 1``, in order."""
        length = len(self._data)
        for start in range(at - at % length, at + n, length):
            for tag in self._tags:
                if at <= start + tag.index < at + n:
                    self.tag(tag.key, tag.value, start + tag.index)


def _as_array(data: Any, dtype: str | None) -> Array:
    """Return the data as a read-only array of shape (n, *item); ParameterError if it is none."""
    if isinstance(data, np.ndarray):
        if data.ndim == 0 or data.dtype.name not in DTYPES or 0 in data.shape[1:]:
            raise ParameterError(
                "parameter 'data' must be an array of numbers, shape (n, *item), not "
                f"{data.dtype.name}{list(data.shape)}",
                "data",
            )
        given, wanted = data, np.dtype(dtype or data.dtype.name)
    else:
        given = _from_list(data)
        wanted = np.dtype(dtype or ("complex64" if given.dtype.kind == "c" else "float32"))
    if wanted == given.dtype and given.dtype.isnative:
        array = given if not given.flags.writeable else given.copy()
    else:
        array = _converted(given, wanted)
    array = np.ascontiguousarray(array)
    array = array.view(np.ndarray)
    array.flags.writeable = False
    return array


def _from_list(data: Any) -> Array:
    if not isinstance(data, list | tuple):
        raise ParameterError(
            f"parameter 'data' must be a list of numbers or an array, not {type(data).__name__}",
            "data",
        )
    try:
        array = np.array(_numbers(data))
    except (ValueError, TypeError, OverflowError) as error:
        raise ParameterError(
            f"parameter 'data' must be a list of numbers or of equally long lists of them: {error}",
            "data",
        ) from None
    if array.dtype.kind not in "biufc" or 0 in array.shape[1:]:
        raise ParameterError(
            "parameter 'data' must be a list of numbers or of equally long lists of them", "data"
        )
    return array


def _numbers(value: Any) -> Any:
    """Read complex numbers where a nested list has text."""
    if isinstance(value, list | tuple):
        return [_numbers(item) for item in value]
    return complex(value.replace(" ", "")) if isinstance(value, str) else value


def _converted(array: Array, dtype: np.dtype[Any]) -> Array:
    """Convert without a silent loss: no imaginary part, no fraction of an integer is dropped."""
    if array.dtype.kind == "c" and dtype.kind != "c":
        raise ParameterError(f"parameter 'data' has complex numbers, not {dtype.name}", "data")
    with np.errstate(all="ignore"):
        converted = array.astype(dtype)
        back = (converted.real if dtype.kind == "c" else converted).astype(array.real.dtype)
    # A fraction that is rounded to a shorter float is what was asked for; all else must be kept.
    if array.dtype.kind in "biu" or dtype.kind in "biu":
        lost = back != array
        if dtype.kind == "u":
            lost |= array < 0
    else:
        lost = np.isfinite(array) & ~np.isfinite(converted)
    if lost.any():
        raise ParameterError(
            f"parameter 'data' has the value {array[lost].flat[0]}, which {dtype.name} cannot hold",
            "data",
        )
    return converted
