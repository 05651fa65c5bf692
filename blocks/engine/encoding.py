"""Values of blocks as bytes, and back: MessagePack with extensions, no pickle.

What declared states hold: numbers, text, bytes, lists, tuples, dictionaries, sets, deques, arrays,
enumerations, named tuples, and objects of plain classes (their fields, by class name). An object is
made again without running any code of its class, and only classes of packages that the flowgraph's
blocks come from are looked up. Functions, files, sessions and the like are refused.
"""

from __future__ import annotations

import enum
import importlib
import types
from collections import OrderedDict, deque
from collections.abc import Callable, Container
from functools import partial
from typing import Any

import msgspec
import numpy as np

from semradio.blocks.api.block import Block
from semradio.blocks.api.item_type import DTYPES
from semradio.blocks.errors import SemradioError


class _Is(enum.IntEnum):
    """Numbers of the extensions."""

    LIST = 1
    TUPLE = 2
    DICT = 3
    SET = 4
    FROZENSET = 5
    DEQUE = 6
    ARRAY = 7
    SCALAR = 8
    COMPLEX = 9
    WHOLE = 10
    ENUM = 11
    NAMED = 12
    OBJECT = 13
    SLICE = 14


_SMALLEST, _LARGEST = -(1 << 63), (1 << 64) - 1
"""Whole numbers that MessagePack carries."""

_DEEPEST = 64
"""Containers within each other at most; a circle would be endless."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder()


class UnencodableError(SemradioError):
    """A value cannot be saved."""


class UndecodableError(SemradioError):
    """Bytes are no value that was saved here."""


def encode(value: Any) -> bytes:
    """Return a value as bytes.

    Raises:
        UnencodableError: it is, or holds, something that is more than data; its type is named.
    """
    return _encoder.encode(_plain(value, 0))


def decode(data: bytes, packages: Container[str] = frozenset({"semradio"})) -> Any:
    """Return a value that :func:`encode` gave.

    Args:
        packages: names of packages whose classes may be made.

    Raises:
        UndecodableError: it is none, or of a class that is not to be found.
    """
    try:
        return _Reader(packages).read(_decoder.decode(data))
    except UndecodableError:
        raise
    except Exception as error:
        raise UndecodableError(f"cannot be read: {error}") from None


# Writing -----------------------------------------------------------------------------------


def _plain(value: Any, depth: int) -> Any:
    """Return a value as what MessagePack carries."""
    kind = type(value)
    if value is None or kind in (bool, float, str, bytes):
        return value
    if kind is int:
        if _SMALLEST <= value <= _LARGEST:
            return value
        return _packed(_Is.WHOLE, str(value))
    if depth > _DEEPEST:
        raise UnencodableError("it holds itself, or is nested too deeply")
    write = _WRITERS.get(kind)
    if write is not None:
        return write(value, depth + 1)
    return _of_class(value, depth + 1)


def _packed(code: int, plain: Any) -> msgspec.msgpack.Ext:
    return msgspec.msgpack.Ext(int(code), _encoder.encode(plain))


def _all(values: Any, depth: int) -> list[Any]:
    return [_plain(value, depth) for value in values]


def _array(value: Any, depth: int) -> msgspec.msgpack.Ext:
    if str(value.dtype) not in DTYPES and value.dtype.kind not in "USV":
        raise UnencodableError(f"an array of {value.dtype}")
    if value.dtype.hasobject or value.dtype.names:
        raise UnencodableError(f"an array of {value.dtype}")
    # Bytes of any layout; whether it may be written to is part of what it is.
    body = np.ascontiguousarray(value).tobytes()
    return _packed(
        _Is.ARRAY, [value.dtype.str, list(value.shape), body, bool(value.flags.writeable)]
    )


def _pairs(value: Any, depth: int) -> msgspec.msgpack.Ext:
    return _packed(_Is.DICT, [[_plain(k, depth), _plain(v, depth)] for k, v in value.items()])


_WRITERS: dict[type, Callable[[Any, int], Any]] = {
    list: lambda value, depth: _packed(_Is.LIST, _all(value, depth)),
    tuple: lambda value, depth: _packed(_Is.TUPLE, _all(value, depth)),
    dict: _pairs,
    OrderedDict: _pairs,
    set: lambda value, depth: _packed(_Is.SET, _all(value, depth)),
    frozenset: lambda value, depth: _packed(_Is.FROZENSET, _all(value, depth)),
    deque: lambda value, depth: _packed(_Is.DEQUE, [_all(value, depth), value.maxlen]),
    bytearray: lambda value, depth: bytes(value),
    complex: lambda value, depth: _packed(_Is.COMPLEX, [value.real, value.imag]),
    slice: lambda value, depth: _packed(
        _Is.SLICE, _all((value.start, value.stop, value.step), depth)
    ),
    np.ndarray: _array,
}


def _of_class(value: Any, depth: int) -> msgspec.msgpack.Ext:
    cls = type(value)
    if isinstance(value, np.generic):
        if value.dtype.kind not in "biufcSU":
            raise UnencodableError(f"a NumPy {value.dtype}")
        return _packed(_Is.SCALAR, [value.dtype.str, value.tobytes()])
    if isinstance(value, _CODE):
        raise UnencodableError(f"a {cls.__module__}.{cls.__qualname__}, which is more than data")
    name = [cls.__module__, cls.__qualname__]
    if "<locals>" in cls.__qualname__ or cls.__module__ == "builtins":
        raise UnencodableError(f"a {cls.__qualname__}, which is more than data")
    if isinstance(value, enum.Enum):
        return _packed(_Is.ENUM, [*name, value.name])
    if isinstance(value, tuple) and hasattr(cls, "_fields"):
        return _packed(_Is.NAMED, [*name, _all(value, depth)])
    if "__reduce__" in {name for c in cls.__mro__[:-1] for name in vars(c)} or isinstance(
        value, _CONTAINERS
    ):
        raise UnencodableError(f"a {cls.__module__}.{cls.__qualname__}, which is more than data")
    fields = _fields_of(value)
    if not fields and not hasattr(value, "__dict__"):
        raise UnencodableError(f"a {cls.__module__}.{cls.__qualname__}, which is more than data")
    try:
        written = [[key, _plain(field, depth)] for key, field in fields.items()]
    except UnencodableError as error:
        raise UnencodableError(f"{error} (in a {cls.__qualname__})") from None
    return _packed(_Is.OBJECT, [*name, written])


_CODE = (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, partial, Block)

_CONTAINERS = (list, tuple, dict, set, frozenset, deque, str, bytes, int, float, np.ndarray)


def _fields_of(value: Any) -> dict[str, Any]:
    """Return the fields of an object, those in slots included."""
    fields = dict(getattr(value, "__dict__", {}))
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                fields[name] = getattr(value, name)
    return fields


# Reading -----------------------------------------------------------------------------------


class _Reader:
    def __init__(self, packages: Container[str]) -> None:
        self.packages = packages

    def read(self, value: Any) -> Any:
        if not isinstance(value, msgspec.msgpack.Ext):
            return value
        plain = _decoder.decode(value.data)
        match value.code:
            case _Is.LIST:
                return [self.read(part) for part in plain]
            case _Is.TUPLE:
                return tuple(self.read(part) for part in plain)
            case _Is.DICT:
                return {self.read(key): self.read(part) for key, part in plain}
            case _Is.SET:
                return {self.read(part) for part in plain}
            case _Is.FROZENSET:
                return frozenset(self.read(part) for part in plain)
            case _Is.DEQUE:
                return deque((self.read(part) for part in plain[0]), plain[1])
            case _Is.ARRAY:
                return _read_array(*plain)
            case _Is.SCALAR:
                return np.frombuffer(plain[1], np.dtype(plain[0]))[0]
            case _Is.COMPLEX:
                return complex(*plain)
            case _Is.WHOLE:
                return int(plain)
            case _Is.ENUM:
                return self._class(plain, enum.Enum)[plain[2]]
            case _Is.NAMED:
                return tuple.__new__(self._class(plain, tuple), map(self.read, plain[2]))
            case _Is.SLICE:
                return slice(*map(self.read, plain))
            case _Is.OBJECT:
                return self._object(plain)
        raise UndecodableError(f"cannot be read: unknown kind {value.code}")

    def _class(self, plain: Any, base: type) -> Any:
        module, name = plain[0], plain[1]
        if module.partition(".")[0] not in self.packages:
            raise UndecodableError(f"holds a {module}.{name}, of no package of the flowgraph")
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        if not isinstance(found, type) or not issubclass(found, base):
            raise UndecodableError(f"{module}.{name} is not the class that it was")
        return found

    def _object(self, plain: Any) -> Any:
        cls = self._class(plain, object)
        made = object.__new__(cls)
        for key, field in plain[2]:
            object.__setattr__(made, key, self.read(field))
        return made


def _read_array(dtype: str, shape: list[int], body: bytes, writeable: bool) -> Any:
    found = np.dtype(dtype)
    if found.hasobject:
        raise UndecodableError("cannot be read: an array of objects")
    array = np.frombuffer(body, found).reshape(shape)
    return array.copy() if writeable else array
