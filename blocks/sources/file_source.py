"""A stream read from a file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from semradio.blocks.api import (
    Array,
    ItemType,
    ItemTypeError,
    Output,
    ParameterError,
    block,
    parameter,
)
from semradio.blocks.api.item_type import DTYPES
from semradio.blocks.datasets.numpy_file import read_header
from semradio.blocks.sources.cyclic import cyclic
from semradio.blocks.sources.known_format import LOOKED_AT, known_format, sigmf_dtype
from semradio.blocks.sources.portion import Portion
from semradio.blocks.sources.stored_file_source import StoredFileSource

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
class FileSource(StoredFileSource):
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
        super().configure()
        self._item = None if self.type is None else ItemType.parse(self.type)
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
        self._stored.open()
        try:
            return {"y": self._layout().item}
        finally:
            self._stored.close()

    def start(self) -> None:
        super().start()
        self._found = found = self._layout()
        if self._item not in (None, found.item):
            raise ItemTypeError(
                f"file '{self._path}' holds items of {found.item}, not {self._item}"
            )
        self._portion = Portion(
            found.items,
            f"file '{self._path}'",
            offset=self.offset,
            length=self.length,
            repeat=self.repeat,
        )
        small = self.repeat and self._portion.items * found.item.nbytes <= _SMALL
        self._round = self._read(0, self._portion.items) if small else None

    def work(self, n: int, at: int) -> Array:
        if self._round is not None:
            return cyclic(self._round, at, n)
        if self._portion.ends(at, n):
            self.finish()
        return self._read(*self._portion.piece(at, n))

    def _layout(self) -> _Layout:
        """Find the items; ParameterError if the file is not what it should be."""
        if self._is_npy:
            return self._npy_layout()
        assert self._item is not None  # configure() has seen to that
        self._check_raw()
        size = self._stored.size
        items, left = divmod(size, self._item.nbytes)
        if left:
            raise self._wrong(
                f"has {size} bytes, which is not a whole number of items of {self._item} "
                f"({self._item.nbytes} bytes)"
            )
        return _Layout(self._item, self._item.numpy, 0, items)

    def _check_raw(self) -> None:
        """Raise ParameterError for a file whose bytes are no raw items of the type."""
        known = known_format(self._path, self._stored.head(LOOKED_AT))
        if known is not None:
            raise self._wrong(f"is not raw: it {known}")
        stated = sigmf_dtype(self._path)
        assert self._item is not None  # configure() has seen to that
        if stated is not None and self._item.dtype.startswith(("complex", "float")):
            datatype, dtype = stated
            if dtype is None or dtype not in (self._item.dtype, _PARTS.get(self._item.dtype)):
                raise self._wrong(
                    f"holds {datatype}, as its SigMF metadata say, not {self._item.dtype}: "
                    "sigmf_source reads it"
                )

    def _npy_layout(self) -> _Layout:
        shape, fortran_order, dtype, begin = self._stored.parsed(_npy_header)
        if dtype.name not in DTYPES or not shape or min(shape[1:], default=1) < 1:
            raise self._wrong(
                f"must hold an array of numbers, shape (n, *item), not {dtype}{list(shape)}"
            )
        if fortran_order and len(shape) > 1:
            raise self._wrong("is in Fortran order; save it again after numpy.ascontiguousarray")
        item = ItemType(dtype.name, tuple(shape[1:]))
        size = self._stored.size - begin
        if size != math.prod(shape) * dtype.itemsize:
            raise self._wrong(
                f"has {size} bytes of data, but announces {shape[0]} items of {item} "
                f"({item.nbytes} bytes each)"
            )
        return _Layout(item, dtype, begin, shape[0])

    def _read(self, start: int, n: int) -> Array:
        """Return the items ``start`` to ``start + n - 1``, counted from ``offset`` on."""
        found = self._found
        each = found.item.nbytes
        raw = self._stored.read(found.begin + (self.offset + start) * each, n * each)
        chunk = raw.view(found.dtype).reshape(n, *found.item.shape)
        return chunk if found.dtype.isnative else chunk.astype(found.item.numpy)


def _npy_header(stream: BinaryIO, size: int) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Return shape, order and dtype of an array, and where its values begin."""
    try:
        return *read_header(stream), stream.tell()
    except Exception as error:
        raise ValueError(f"is not a .npy file that can be read: {error}") from None
