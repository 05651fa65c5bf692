"""Item types: what one item of a stream is.

Written ``float32[23]``, ``complex64`` or ``uint8[28,28]``: a NumPy dtype and the shape of one
item. A port declares a pattern, which may leave things open: ``float32[*]`` (one axis of any
length), ``float32[...]`` (any shape), ``any[...]`` (anything), ``real``/``number`` (groups of
dtypes) and alternatives with ``|``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from semradio.blocks.errors import ItemTypeError

Array = npt.NDArray[Any]

_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_FLOATS = ("float16", "float32", "float64")
_COMPLEX = ("complex64", "complex128")
GROUPS: dict[str, tuple[str, ...]] = {
    "any": (*_INTEGERS, *_FLOATS, *_COMPLEX, "bool"),
    "integer": _INTEGERS,
    "floating": _FLOATS,
    "real": (*_INTEGERS, *_FLOATS),
    "number": (*_INTEGERS, *_FLOATS, *_COMPLEX),
}
"""Dtype groups that a pattern may name in place of one dtype."""

DTYPES: tuple[str, ...] = GROUPS["any"]
"""The dtypes that a stream may carry, by their NumPy names."""

MAX_ITEM_BYTES = 1 << 31
"""The largest item: nobody means more, and a slip of the pen should not ask for terabytes."""

_NUMPY: dict[str, np.dtype[Any]] = {name: np.dtype(name) for name in DTYPES}

_SYNTAX = re.compile(r"\s*(?P<dtype>[a-z0-9]+)\s*(?:\[(?P<shape>[^\]]*)\])?\s*")


@dataclass(frozen=True, slots=True)
class ItemType:
    """The exact type of a stream's items: ``dtype`` (NumPy name) and item ``shape``."""

    dtype: str
    shape: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ItemTypeError(f"'{self.dtype}' is not an item dtype ({', '.join(DTYPES)})")
        if math.prod(self.shape) * _NUMPY[self.dtype].itemsize > MAX_ITEM_BYTES:
            raise ItemTypeError(f"an item of type {self} takes more than {MAX_ITEM_BYTES} bytes")

    def __str__(self) -> str:
        return self.dtype + (f"[{','.join(map(str, self.shape))}]" if self.shape else "")

    @property
    def numpy(self) -> np.dtype[Any]:
        """The NumPy dtype."""
        return _NUMPY[self.dtype]

    @property
    def size(self) -> int:
        """Number of values in one item."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of one item."""
        return self.size * self.numpy.itemsize

    def empty(self, count: int = 0) -> Array:
        """Return an uninitialised chunk of ``count`` items, shape ``(count, *shape)``."""
        return np.empty((count, *self.shape), self.numpy)

    @classmethod
    def of(cls, chunk: Array) -> ItemType:
        """Return the item type of a chunk of shape ``(n, *item)``."""
        if chunk.ndim == 0:
            raise ItemTypeError("a stream needs a leading axis for the items; this is one scalar")
        return cls(chunk.dtype.name, chunk.shape[1:])

    @classmethod
    def parse(cls, text: str) -> ItemType:
        """Read an exact type such as ``float32[23]``; ItemTypeError for anything left open."""
        options = Pattern.parse(text).options
        exact = [(d, s) for d, s in options if d in DTYPES and s is not None and None not in s]
        if len(options) != 1 or not exact:
            raise ItemTypeError(f"'{text}' is not an exact item type such as float32[23]")
        dtype, shape = exact[0]
        return cls(dtype, tuple(n for n in shape if n is not None))


Shape = tuple[int | None, ...] | None
"""A shape in a pattern: None for an axis of any length; None as a whole for any shape."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """The item types that a port accepts: alternatives of (dtype or group, shape)."""

    text: str
    options: tuple[tuple[str, Shape], ...]

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read a pattern such as ``float32[*] | complex64[...]``; ItemTypeError if malformed."""
        options: list[tuple[str, Shape]] = []
        for part in text.split("|"):
            found = _SYNTAX.fullmatch(part)
            if found is None or (found["dtype"] not in DTYPES and found["dtype"] not in GROUPS):
                raise ItemTypeError(f"'{part.strip()}' is not an item type such as float32[23]")
            options.append((found["dtype"], _parse_shape(found["shape"], text)))
        return cls(text, tuple(options))

    def __str__(self) -> str:
        return self.text

    def accepts(self, item: ItemType) -> bool:
        """Tell whether items of this exact type fit the pattern."""
        return any(
            (dtype == item.dtype or item.dtype in GROUPS.get(dtype, ()))
            and (shape is None or _shape_fits(shape, item.shape))
            for dtype, shape in self.options
        )

    def cast_of(self, item: ItemType) -> str | None:
        """Return the dtype as which these items would fit, values and shape as they are."""
        real = not item.dtype.startswith("complex")
        return next(
            (
                dtype
                for dtype, shape in self.options
                if dtype in DTYPES
                and (shape is None or _shape_fits(shape, item.shape))
                and real != dtype.startswith("complex")
            ),
            None,
        )

    @property
    def exact(self) -> ItemType | None:
        """The one type the pattern stands for, or None when it leaves something open."""
        try:
            return ItemType.parse(self.text)
        except ItemTypeError:
            return None


def _parse_shape(text: str | None, whole: str) -> Shape:
    if text is None:
        return ()
    if text.strip() == "...":
        return None
    axes: list[int | None] = []
    for axis in text.split(","):
        word = axis.strip()
        if word == "*":
            axes.append(None)
        elif word.isdigit() and int(word) > 0:
            axes.append(int(word))
        else:
            raise ItemTypeError(f"'{word}' in '{whole}' is not an axis length, '*' or '...'")
    return tuple(axes)


def _shape_fits(pattern: tuple[int | None, ...], shape: tuple[int, ...]) -> bool:
    return len(pattern) == len(shape) and all(
        want is None or want == got for want, got in zip(pattern, shape, strict=True)
    )
