"""The outer fields of an ONNX file, read without loading the model.

An ONNX file is one protobuf message, ``ModelProto``. What people and checks want to know first
(versions, metadata) stands beside the graph, which is passed over: a gigabyte of weights costs
one seek. Source: onnx.proto of the ONNX project, message ``ModelProto``; Protocol Buffers
encoding guide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from semradio.blocks.api import ModelError

_IR_VERSION, _PRODUCER, _PRODUCER_VERSION, _GRAPH, _OPSET, _METADATA = 1, 2, 3, 7, 8, 14
"""Field numbers of ModelProto."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
"""Protobuf wire types."""

_LONGEST = 4 << 20
"""Bytes of a field that are read into memory; only the graph may be longer."""


@dataclass
class OnnxHeader:
    """What an ONNX file says about itself outside its graph."""

    ir_version: int = 0
    producer: str = ""
    opsets: dict[str, int] = field(default_factory=dict)
    """Operator set version by domain; ONNX's own domain is ''."""
    metadata: dict[str, str] = field(default_factory=dict)


def read_header(path: Path) -> OnnxHeader:
    """Read the outer fields of an ONNX file.

    Raises:
        ModelError: the file cannot be read, is empty, truncated, or no ONNX model.
    """
    header = OnnxHeader()
    size, graphs = path.stat().st_size if path.is_file() else 0, 0
    try:
        with path.open("rb") as file:
            for number, value in _fields(file, size):
                if number == _GRAPH:
                    graphs += 1
                else:
                    _note_field(header, number, value)
    except OSError as error:
        raise ModelError(f"model file {path}: {error.strerror or error}") from None
    except EOFError:
        raise ModelError(
            f"model file {path} is truncated: it ends in the middle of a field ({size} bytes)"
        ) from None
    except ValueError:
        raise ModelError(f"model file {path} is not an ONNX model, or it is damaged") from None
    if not graphs:
        what = "holds no graph: it is no ONNX model" if size else "is empty"
        raise ModelError(f"model file {path} {what}")
    return header


def _note_field(header: OnnxHeader, number: int, value: int | bytes) -> None:
    if number == _IR_VERSION and isinstance(value, int):
        header.ir_version = value
    elif number in (_PRODUCER, _PRODUCER_VERSION) and isinstance(value, bytes):
        header.producer = f"{header.producer} {value.decode()}".strip()
    elif number in (_OPSET, _METADATA) and isinstance(value, bytes):
        # Both are pairs: (domain, version) and (key, value).
        pair = dict(_fields(BytesIO(value), len(value)))
        key, second = pair.get(1, b""), pair.get(2, b"")
        if isinstance(key, bytes) and isinstance(second, int):
            header.opsets[key.decode()] = second
        elif isinstance(key, bytes) and isinstance(second, bytes) and number == _METADATA:
            header.metadata[key.decode()] = second.decode()


def _fields(file: BinaryIO | BytesIO, size: int) -> Iterator[tuple[int, int | bytes]]:
    """Give (field number, value) of a protobuf message; long fields come as b''.

    Raises EOFError where the message ends inside a field, ValueError where it is none.
    """
    while file.tell() < size:
        key = _varint(file)
        number, wire = key >> 3, key & 7
        if wire not in (_VARINT, _FIXED64, _BYTES, _FIXED32) or not number:
            raise ValueError
        if wire == _VARINT:
            yield number, _varint(file)
            continue
        length = _varint(file) if wire == _BYTES else 8 if wire == _FIXED64 else 4
        if file.tell() + length > size:
            raise EOFError
        if length > _LONGEST or number == _GRAPH:
            file.seek(length, 1)
            yield number, b""
        else:
            yield number, file.read(length)


def _varint(file: BinaryIO | BytesIO) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            raise EOFError
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise ValueError
