"""GNU Radio's polymorphic types (PMT) as bytes: what ``pmt.serialize_str`` writes, and back.

All numbers are big-endian. The first byte tells the type:

==========  ============================================  =============================
first byte  then                                          in Python
==========  ============================================  =============================
00, 01      nothing: true, false                          bool
02          uint16 length, UTF-8 bytes                    str (a symbol)
03, 0d      int32, int64                                  int
0b          uint64                                        :class:`UInt64`; a larger int too
04, 05      float64; two of them                          float; complex
06          nothing: null, also the empty dictionary      None
07          a pair: two values                            :class:`Pair`, :class:`PairList`
09          a dictionary's cell: a pair, the next cell    dict
08, 0c      uint32 count, values                          list (a vector); tuple
0a          subtype, uint32 count, padding, elements      ndarray of one axis
==========  ============================================  =============================

What Python values become: ``str`` a symbol, ``bytes`` a vector of uint8 (it comes back as an array
of uint8), ``int`` the smallest integer that holds it, ``list`` a vector, ``tuple`` a tuple,
``dict`` a dictionary (an empty one comes back as None), an array a uniform vector of its dtype. A
list in PMT's sense, pairs that end in null, is a :class:`PairList`; an empty one comes back as
None.

Nothing is executed, every count is checked against the bytes that are there, and values may be
nested :data:`MAX_DEPTH` deep.

Source: GNU Radio 3.10, ``gnuradio-runtime/lib/pmt/pmt_serialize.cc``. Vectors of complex64 are
(real, imag), as from GNU Radio 3.10.5 on; 3.9 to 3.10.4 had them the other way round.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from semradio.blocks.api import StreamError

MAX_DEPTH = 64
"""How deep values may be nested; GNU Radio's own go three or four levels deep."""

MAX_SYMBOL_BYTES = 1024
"""GNU Radio refuses to read longer symbols."""

_TRUE, _FALSE, _SYMBOL, _INT32, _DOUBLE, _COMPLEX, _NULL, _PAIR, _VECTOR = range(9)
_DICT, _UNIFORM, _UINT64, _TUPLE, _INT64 = range(9, 14)

_SUBTYPES = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8", "c8", "c16")
_WIRE = tuple(np.dtype(">" + code) for code in _SUBTYPES)
_CODE = {np.dtype(code): number for number, code in enumerate(_SUBTYPES)}

_NUMBERS: dict[int, struct.Struct] = {
    _INT32: struct.Struct(">i"),
    _INT64: struct.Struct(">q"),
    _UINT64: struct.Struct(">Q"),
    _DOUBLE: struct.Struct(">d"),
    _COMPLEX: struct.Struct(">dd"),
}
_LENGTH = struct.Struct(">H")
_COUNT = struct.Struct(">I")
_UNIFORM_HEAD = struct.Struct(">BIB")


class Pair(NamedTuple):
    """A PMT pair that is no list: its ``cdr`` is not another pair's list, nor null."""

    car: Any
    cdr: Any


class PairList(list[Any]):
    """A PMT list: pairs, the last of which ends in null."""


class UInt64(int):
    """A PMT uint64, which GNU Radio tells from its other integers."""


def serialize(value: Any) -> bytes:
    """Return the bytes of a value, as ``pmt.serialize_str`` does.

    Raises:
        StreamError: PMT, or GNU Radio, has nothing like it.
    """
    parts: list[bytes] = []
    _write(value, parts, 0)
    return b"".join(parts)


def deserialize(data: Any) -> Any:
    """Return the value that ``data`` (bytes or a buffer) holds, and nothing else.

    Raises:
        StreamError: the bytes are no PMT, are cut short, or more follow.
    """
    value, end = read(data, 0)
    if end != len(data):
        raise StreamError(f"PMT: {len(data) - end} bytes follow the value")
    return value


def read(data: Any, at: int) -> tuple[Any, int]:
    """Read the value that begins at byte ``at``; returns it and where the next one begins.

    Raises:
        StreamError: the bytes are no PMT, or are cut short.
    """
    return _Reader(data).value(at, 0)


def plain(value: Any) -> Any:
    """Return a value as a tag carries it: None, bool, int, float, str, bytes, lists, dictionaries.

    A complex number becomes ``[re, im]``, a pair ``[car, cdr]``, every list, tuple and vector a
    list, a vector of uint8 bytes, and a key that is no symbol the text of its value.
    """
    if value is None or isinstance(value, bool | float | str | bytes):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, complex):
        return [value.real, value.imag]
    if isinstance(value, dict):
        return {k if isinstance(k, str) else str(plain(k)): plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        if value.dtype == np.uint8:
            return value.tobytes()
        return [plain(v) for v in value.tolist()]
    return [plain(v) for v in value]


# Writing ----------------------------------------------------------------------------------------


def _write(value: Any, parts: list[bytes], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise StreamError(f"PMT: values may be nested {MAX_DEPTH} deep")
    if isinstance(value, np.generic):
        value = value.item()
    if value is None:
        parts.append(bytes([_NULL]))
    elif isinstance(value, bool):
        parts.append(bytes([_TRUE if value else _FALSE]))
    elif isinstance(value, str):
        parts.append(_symbol(value))
    elif isinstance(value, int):
        parts.append(_integer(value))
    elif isinstance(value, float):
        parts.append(bytes([_DOUBLE]) + _NUMBERS[_DOUBLE].pack(value))
    elif isinstance(value, complex):
        parts.append(bytes([_COMPLEX]) + _NUMBERS[_COMPLEX].pack(value.real, value.imag))
    elif isinstance(value, np.ndarray):
        parts += _uniform(value)
    elif isinstance(value, bytes | bytearray | memoryview):
        parts += _uniform(np.frombuffer(value, np.uint8))
    elif isinstance(value, dict):
        # The newest entry stands first.
        for key, entry in reversed(value.items()):
            parts.append(bytes([_DICT, _PAIR]))
            _write_all((key, entry), parts, depth)
        parts.append(bytes([_NULL]))
    elif isinstance(value, PairList):
        for item in value:
            parts.append(bytes([_PAIR]))
            _write(item, parts, depth + 1)
        parts.append(bytes([_NULL]))
    elif isinstance(value, Pair):
        parts.append(bytes([_PAIR]))
        _write_all(value, parts, depth)
    elif isinstance(value, list | tuple):
        if isinstance(value, tuple) and not value:
            raise StreamError("PMT: GNU Radio cannot read an empty tuple")
        parts.append(bytes([_VECTOR if isinstance(value, list) else _TUPLE]))
        parts.append(_COUNT.pack(len(value)))
        _write_all(value, parts, depth)
    else:
        raise StreamError(f"PMT: there is no such thing as a {type(value).__name__}")


def _write_all(values: Iterable[Any], parts: list[bytes], depth: int) -> None:
    for value in values:
        _write(value, parts, depth + 1)


def _symbol(text: str) -> bytes:
    # Bytes that are no UTF-8 came in as surrogates, and go out as they came.
    raw = text.encode("utf-8", "surrogateescape")
    if len(raw) > MAX_SYMBOL_BYTES:
        raise StreamError(
            f"PMT: GNU Radio reads symbols of up to {MAX_SYMBOL_BYTES} bytes, not {len(raw)}: "
            f"'{text[:20]}...'"
        )
    return bytes([_SYMBOL]) + _LENGTH.pack(len(raw)) + raw


def _integer(value: int) -> bytes:
    kind = _INT32 if -(2**31) <= value < 2**31 else _INT64 if value < 2**63 else _UINT64
    if isinstance(value, UInt64):
        kind = _UINT64
    try:
        return bytes([kind]) + _NUMBERS[kind].pack(value)
    except struct.error:
        raise StreamError(f"PMT: the integer {value} takes more than 64 bits") from None


def _uniform(array: np.ndarray[Any, Any]) -> list[bytes]:
    code = _CODE.get(array.dtype.newbyteorder("="))
    if code is None or array.ndim != 1:
        raise StreamError(
            f"PMT: there is no vector of {array.dtype} of shape {list(array.shape)}; one axis of "
            f"{', '.join(d.newbyteorder('=').name for d in _WIRE)}"
        )
    head = bytes([_UNIFORM]) + _UNIFORM_HEAD.pack(code, len(array), 1) + b"\0"
    return [head, array.astype(_WIRE[code]).tobytes()]


# Reading ----------------------------------------------------------------------------------------


class _Reader:
    """Reads values from one buffer, and believes none of its counts."""

    def __init__(self, data: Any) -> None:
        self.data = memoryview(data).cast("B")
        self.size = len(self.data)

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        """The value at byte ``at``, and where it ends."""
        self._need(at, 1, depth)
        kind = self.data[at]
        at += 1
        if kind in (_TRUE, _FALSE):
            return kind == _TRUE, at
        if kind == _NULL:
            return None, at
        if kind == _SYMBOL:
            return self._symbol(at)
        if kind in _NUMBERS:
            return self._number(kind, at)
        if kind == _PAIR:
            return self._pairs(at, depth)
        if kind == _DICT:
            return self._dict(at, depth)
        if kind in (_VECTOR, _TUPLE):
            return self._items(kind, at, depth)
        if kind == _UNIFORM:
            return self._uniform(at)
        raise StreamError(f"PMT: byte {at - 1} is {kind:#04x}, which begins no value")

    def _need(self, at: int, count: int, depth: int = 0) -> None:
        if at + count > self.size:
            raise StreamError(
                f"PMT: cut short: {count} bytes from byte {at} on, but only {self.size} are there"
            )
        if depth > MAX_DEPTH:
            raise StreamError(f"PMT: nested more than {MAX_DEPTH} deep")

    def _symbol(self, at: int) -> tuple[str, int]:
        self._need(at, 2)
        (length,) = _LENGTH.unpack_from(self.data, at)
        self._need(at + 2, length)
        end = at + 2 + length
        return bytes(self.data[at + 2 : end]).decode("utf-8", "surrogateescape"), end

    def _number(self, kind: int, at: int) -> tuple[Any, int]:
        layout = _NUMBERS[kind]
        self._need(at, layout.size)
        numbers = layout.unpack_from(self.data, at)
        end = at + layout.size
        if kind == _COMPLEX:
            return complex(*numbers), end
        return UInt64(numbers[0]) if kind == _UINT64 else numbers[0], end

    def _pairs(self, at: int, depth: int) -> tuple[Any, int]:
        """A chain of pairs, read in a loop: as a rule it is a list, which may be long."""
        cars = []
        while True:
            car, at = self.value(at, depth + 1)
            cars.append(car)
            self._need(at, 1)
            if self.data[at] != _PAIR:
                break
            at += 1
        if self.data[at] == _NULL:
            return PairList(cars), at + 1
        # What is no list is as deep as it has pairs.
        self._need(at, 1, depth + len(cars))
        tail, at = self.value(at, depth + len(cars))
        for car in reversed(cars):
            tail = Pair(car, tail)
        return tail, at

    def _dict(self, at: int, depth: int) -> tuple[dict[Any, Any], int]:
        entries = []
        while True:
            self._need(at, 1)
            if self.data[at] != _PAIR:
                raise StreamError(f"PMT: byte {at}: a dictionary's entry is no pair")
            key, at = self.value(at + 1, depth + 1)
            value, at = self.value(at, depth + 1)
            entries.append((key, value))
            self._need(at, 1)
            if self.data[at] != _DICT:
                break
            at += 1
        if self.data[at] != _NULL:
            raise StreamError(f"PMT: byte {at}: a dictionary does not end in null")
        try:
            # The newest entry stands first, and the first of equal keys counts.
            return dict(reversed(entries)), at + 1
        except TypeError:
            raise StreamError("PMT: a dictionary has a key that Python cannot look up") from None

    def _items(self, kind: int, at: int, depth: int) -> tuple[Any, int]:
        self._need(at, 4)
        (count,) = _COUNT.unpack_from(self.data, at)
        at += 4
        # Each item takes one byte at least.
        self._need(at, count)
        items = []
        for _ in range(count):
            item, at = self.value(at, depth + 1)
            items.append(item)
        return (items if kind == _VECTOR else tuple(items)), at

    def _uniform(self, at: int) -> tuple[np.ndarray[Any, Any], int]:
        self._need(at, _UNIFORM_HEAD.size)
        code, count, padding = _UNIFORM_HEAD.unpack_from(self.data, at)
        if code >= len(_WIRE):
            raise StreamError(f"PMT: byte {at}: {code} is no type of a uniform vector")
        begin = at + _UNIFORM_HEAD.size + padding
        wire = _WIRE[code]
        end = begin + count * wire.itemsize
        self._need(begin, end - begin)
        elements = np.frombuffer(self.data[begin:end], wire)
        return elements.astype(wire.newbyteorder("=")), end
