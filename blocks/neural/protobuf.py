"""The wire format of Protocol Buffers: just what it takes to read and edit ONNX files.

A message is a sequence of fields, each a key (number and wire type) and a value. What is not
understood can be passed on as it is. Source: Protocol Buffers encoding guide.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types."""

Data = bytes | memoryview


class Field(NamedTuple):
    """One field of a message."""

    number: int
    value: int | memoryview
    """A number of wire type VARINT, or the bytes of the value."""
    whole: memoryview
    """The field as it stands, key included."""

    @property
    def text(self) -> str:
        """The value as a string."""
        return bytes(self.data).decode()

    @property
    def data(self) -> memoryview:
        """The value as bytes; ValueError for a number."""
        if isinstance(self.value, int):
            raise ValueError(f"field {self.number} is a number")
        return self.value


def fields(message: Data) -> Iterator[Field]:
    """Give the fields of a message; ValueError where it is none, or truncated."""
    view, at = memoryview(message), 0
    while at < len(view):
        start = at
        key, at = _varint(view, at)
        number, wire = key >> 3, key & 7
        if wire not in (VARINT, FIXED64, BYTES, FIXED32) or not number:
            raise ValueError(f"no protobuf message: wire type {wire}, field {number}")
        if wire == VARINT:
            value, at = _varint(view, at)
            yield Field(number, value, view[start:at])
            continue
        length = {FIXED64: 8, FIXED32: 4}.get(wire, 0)
        if wire == BYTES:
            length, at = _varint(view, at)
        if at + length > len(view):
            raise ValueError("the protobuf message is truncated")
        yield Field(number, view[at : at + length], view[start : at + length])
        at += length


def encoded(number: int, value: int | str | Data) -> bytes:
    """Return a field: a number, a string, or bytes such as a message."""
    if isinstance(value, int):
        return _encoded_varint(number << 3 | VARINT) + _encoded_varint(value)
    data = value.encode() if isinstance(value, str) else bytes(value)
    return _encoded_varint(number << 3 | BYTES) + _encoded_varint(len(data)) + data


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    """Return the number at ``at``, and where the next field begins."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(view):
            raise ValueError("the protobuf message is truncated")
        byte = view[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("no protobuf message: a number is too long")


def _encoded_varint(value: int) -> bytes:
    # Negative numbers are sent as their two's complement in 64 bits.
    value &= 0xFFFFFFFFFFFFFFFF
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
