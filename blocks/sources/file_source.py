"""A stream read from a file."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.lib import format as npy

from semradio.blocks.api import (
    Array,
    ItemType,
    ItemTypeError,
    Output,
    ParameterError,
    Source,
    block,
    parameter,
)
from semradio.blocks.api.item_type import DTYPES
from semradio.blocks.sources.cyclic import cyclic
from semradio.blocks.sources.known_format import known_format, sigmf_dtype
from semradio.blocks.stored_file import fill, opened

_SMALL = 1 << 20
"""Bytes up to which items to repeat are kept in memory instead of being read in every round."""


_PARTS = {"float32": "complex64", "float64": "complex128"}
"""What may also be read as its parts, one after the other."""


class _Layout(NamedTuple):
    """Where the items of a file stand."""

    item: ItemType
    dtype: np.dtype[Any]
    """As on disk: the byte order may be the other one."""
    begin: int
    """Byte offset of the first item."""
    items: int


@block("file_source", category="sources")
class FileSource(Source):
    """Give the items of a file: raw native binary, or NumPy's format if it is named ``*.npy``.

    The file is read piece by piece as the stream needs it, so it may be larger than the memory. A
    ``.npy`` file of shape (n, *item) knows its item type; for raw files state it with ``type``.
    WAV, SigMF and compressed files are told from raw ones and refused.

    Raises:
        ParameterError: the file is missing, cannot be read, is no ``.npy`` file, or its size is
            not a whole number of items.
        ItemTypeError: a ``.npy`` file holds other items than ``type`` says.
        StreamError: the file became shorter while it was read.

    Example:
        >>> np.arange(4, dtype=np.float32).tofile("ramp.f32")
        >>> FileSource(file="ramp.f32", type="float32", offset=1)()
        array([1., 2., 3.], dtype=float32)
    """

    file: str = parameter(doc="Path of the file.")
    type: str | None = parameter(
        None, doc="Item type, such as 'complex64' or 'float32[23]'; a .npy file states its own."
    )
    repeat: bool = parameter(False, doc="Whether to begin again after the last item.")
    offset: int = parameter(0, unit="items", low=0, doc="Items to leave out at the beginning.")
    length: int | None = parameter(
        None, unit="items", low=0, doc="Items to give (in one round); up to the end if not given."
    )

    y = Output(doc="The items of the file.")

    def configure(self) -> None:
        self._path = Path(self.file).expanduser()
        self._item = None if self.type is None else ItemType.parse(self.type)
        self._descriptor: int | None = None
        if self._item is None and not self._is_npy:
            raise ParameterError(
                f"parameter 'type' is required: '{self.file}' is no .npy file and does not tell "
                "its item type",
                "type",
            )

    @property
    def _is_npy(self) -> bool:
        return self._path.suffix == ".npy"

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        # With a type stated, the file need not be there yet, or not on this machine.
        if self._item is not None:
            return {"y": self._item}
        descriptor = opened(self._path)
        try:
            return {"y": self._layout(descriptor).item}
        finally:
            os.close(descriptor)

    def start(self) -> None:
        self._descriptor = opened(self._path)
        self._found = found = self._layout(self._descriptor)
        if self._item not in (None, found.item):
            raise ItemTypeError(
                f"file '{self._path}' holds items of {found.item}, not {self._item}"
            )
        if self.offset > found.items:
            raise ParameterError(
                f"parameter 'offset' is {self.offset}, but file '{self._path}' holds only "
                f"{found.items} items",
                "offset",
            )
        left = found.items - self.offset
        self._items = left if self.length is None else self.length
        if self._items > left:
            raise ParameterError(
                f"parameter 'length' is {self.length}, but file '{self._path}' holds only "
                f"{left} items" + (f" from item {self.offset} on" if self.offset else ""),
                "length",
            )
        if self.repeat and self._items == 0:
            raise ParameterError(
                f"parameter 'repeat': file '{self._path}' gives no items to repeat", "repeat"
            )
        small = self.repeat and self._items * found.item.nbytes <= _SMALL
        self._round = self._read(0, self._items) if small else None

    def work(self, n: int, at: int) -> Array:
        if self._round is not None:
            return cyclic(self._round, at, n)
        if self.repeat:
            start = at % self._items
            return self._read(start, min(n, self._items - start))
        if at + n >= self._items:
            self.finish()
        return self._read(at, min(n, self._items - at))

    def reads(self) -> Sequence[Path]:
        return [self._path]

    def restore(self, saved: None) -> None:
        """Do nothing: what comes next follows from its index."""

    def stop(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _layout(self, descriptor: int) -> _Layout:
        """Find the items; ParameterError if the file is not what it should be."""
        size = os.fstat(descriptor).st_size
        if self._is_npy:
            return self._npy_layout(descriptor, size)
        assert self._item is not None  # configure() has seen to that
        self._check_raw(descriptor)
        items, left = divmod(size, self._item.nbytes)
        if left:
            raise ParameterError(
                f"file '{self._path}' has {size} bytes, which is not a whole number of items of "
                f"{self._item} ({self._item.nbytes} bytes)",
                "file",
            )
        return _Layout(self._item, self._item.numpy, 0, items)

    def _check_raw(self, descriptor: int) -> None:
        """Raise ParameterError for a file whose bytes are no raw items of the type."""
        known = known_format(self._path, os.pread(descriptor, 512, 0))
        if known is not None:
            raise ParameterError(f"file '{self._path}' is not raw: it {known}", "file")
        stated = sigmf_dtype(self._path)
        assert self._item is not None  # configure() has seen to that
        if stated is not None and self._item.dtype.startswith(("complex", "float")):
            datatype, dtype = stated
            if dtype is None or dtype not in (self._item.dtype, _PARTS.get(self._item.dtype)):
                raise ParameterError(
                    f"file '{self._path}' holds {datatype}, as its SigMF metadata say, not "
                    f"{self._item.dtype}: sigmf_source reads it",
                    "file",
                )

    def _npy_layout(self, descriptor: int, size: int) -> _Layout:
        readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
        try:
            with os.fdopen(os.dup(descriptor), "rb") as stream:
                stream.seek(0)
                version = npy.read_magic(stream)
                if version not in readers:
                    raise ValueError(f"format version {version[0]}.{version[1]} is not known")
                shape, fortran_order, dtype = readers[version](stream)
                begin = stream.tell()
        except Exception as error:
            # The header is text that NumPy parses: what is damaged fails in many ways.
            raise ParameterError(
                f"file '{self._path}' is not a .npy file that can be read: {error}", "file"
            ) from None
        if dtype.name not in DTYPES or not shape or min(shape[1:], default=1) < 1:
            raise ParameterError(
                f"file '{self._path}' must hold an array of numbers, shape (n, *item), not "
                f"{dtype}{list(shape)}",
                "file",
            )
        if fortran_order and len(shape) > 1:
            raise ParameterError(
                f"file '{self._path}' is in Fortran order; save it again after "
                "numpy.ascontiguousarray",
                "file",
            )
        item = ItemType(dtype.name, tuple(shape[1:]))
        if size - begin != math.prod(shape) * dtype.itemsize:
            raise ParameterError(
                f"file '{self._path}' has {size - begin} bytes of data, but announces {shape[0]} "
                f"items of {item} ({item.nbytes} bytes each)",
                "file",
            )
        return _Layout(item, dtype, begin, shape[0])

    def _read(self, start: int, n: int) -> Array:
        """Return the items ``start`` to ``start + n - 1``, counted from ``offset`` on."""
        assert self._descriptor is not None  # open between start() and stop()
        found = self._found
        chunk = np.empty((n, *found.item.shape), found.dtype)
        place = found.begin + (self.offset + start) * found.item.nbytes
        room = chunk.reshape(-1).view(np.uint8).data
        fill(self._descriptor, room, place, f"file '{self._path}'")
        return chunk if found.dtype.isnative else chunk.astype(found.item.numpy)
