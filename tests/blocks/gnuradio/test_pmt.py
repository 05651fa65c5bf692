"""GNU Radio's PMT: what every value becomes, and that no bytes do harm. The bytes are GNU Radio's.

The tests in tests/interop compare every type with GNU Radio itself.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from semradio.blocks.api import StreamError
from semradio.blocks.gnuradio import pmt
from semradio.blocks.gnuradio.pmt import MAX_DEPTH, Pair, PairList, UInt64


def same(a: Any, b: Any) -> bool:
    """Whether two values are the same, types and signs of zero included."""
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and repr(a) == repr(b)


def test_a_pdu_byte_by_byte() -> None:
    pdu = Pair({"freq": 1e9}, np.array([1, 2, 3], np.uint8))
    raw = bytes.fromhex("07 0907 02000466726571 0441CDCD6500000000 06 0A00000000030100010203")
    assert pmt.serialize(pdu) == raw
    assert same(pmt.deserialize(raw), pdu)


@pytest.mark.parametrize(
    ("given", "back"),
    [
        (b"\0\xff", np.array([0, 255], np.uint8)),
        ({}, None),
        (PairList(), None),
        (np.float32(0.5), 0.5),
        (np.int16(-3), -3),
        (np.True_, True),
        (2**63, UInt64(2**63)),
        (UInt64(1), UInt64(1)),
        (Pair(1, PairList([2])), PairList([1, 2])),
        (Pair(1, {"a": 2}), Pair(1, {"a": 2})),
        (Pair(1, Pair(2, 3)), Pair(1, Pair(2, 3))),
        (np.array([1, 2], ">i2"), np.array([1, 2], np.int16)),
    ],
)
def test_what_values_come_back_as(given: Any, back: Any) -> None:
    assert same(pmt.deserialize(pmt.serialize(given)), back)


def test_the_newest_of_equal_keys_counts() -> None:
    entry = "0907 020001{} 03{:08x}"
    entries = [entry.format(key, value) for key, value in (("61", 9), ("62", 2), ("61", 1))]
    raw = bytes.fromhex("".join(entries) + "06")
    assert pmt.deserialize(raw) == {"a": 9, "b": 2}


def test_a_long_list_is_no_deep_one() -> None:
    values = PairList(range(20_000))
    assert same(pmt.deserialize(pmt.serialize(values)), values)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ((), "empty tuple"),
        ("x" * 1025, "1024 bytes"),
        (2**64, "64 bits"),
        (-(2**63) - 1, "64 bits"),
        (np.zeros((2, 2)), r"float64 of shape \[2, 2\]"),
        (np.zeros(2, np.float16), "no vector of float16"),
        (object(), "a object"),
        ({1, 2}, "a set"),
    ],
)
def test_values_that_gnuradio_cannot_have(value: Any, words: str) -> None:
    with pytest.raises(StreamError, match=words):
        pmt.serialize(value)


def test_values_that_are_too_deep() -> None:
    value: Any = 1
    for _ in range(10_000):
        value = [value]
    with pytest.raises(StreamError, match=f"nested {MAX_DEPTH} deep"):
        pmt.serialize(value)


DEEP = 10_000


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        pytest.param(b"", "cut short", id="nothing"),
        pytest.param(b"\x0e", "0x0e, which begins no value", id="unknown type"),
        pytest.param(b"\x02\xff\xffabc", "cut short", id="symbol"),
        pytest.param(b"\x04\0\0", "cut short", id="double"),
        pytest.param(b"\x07\x00", "cut short", id="pair"),
        pytest.param(b"\x08\xff\xff\xff\xff", "cut short", id="vector of 2^32 - 1"),
        pytest.param(b"\x0c\x00\x00\x00\x02\x00", "cut short", id="tuple"),
        pytest.param(b"\x0a\x09\xff\xff\xff\xff\x00", "cut short", id="2^32 - 1 doubles"),
        pytest.param(b"\x0a\x0c\0\0\0\0\0", "no type of a uniform vector", id="subtype"),
        pytest.param(b"\x0a\0\0\0\0\0\xff", "cut short", id="padding"),
        pytest.param(b"\x09\x03\0\0\0\0\x06", "entry is no pair", id="dictionary of numbers"),
        pytest.param(b"\x09\x07\0\0\x00", "does not end in null", id="improper dictionary"),
        pytest.param(b"\x09\x07\x08\0\0\0\0\x00\x06", "cannot look up", id="list as a key"),
        pytest.param(b"\x06\x06", "1 bytes follow", id="more"),
        pytest.param(b"\x08\0\0\0\x01" * DEEP, "nested more than", id="vectors in vectors"),
        pytest.param(b"\x0c\0\0\0\x01" * DEEP, "nested more than", id="tuples in tuples"),
        pytest.param(b"\x07" * DEEP, "nested more than", id="pairs in pairs' cars"),
        pytest.param(b"\x07\x00" * DEEP + b"\x00", "nested more than", id="pairs in pairs' cdrs"),
        pytest.param(b"\x09\x07" * DEEP, "nested more than", id="dictionaries as keys"),
        pytest.param(b"\x09\x07\x00" * DEEP, "nested more than", id="dictionaries as values"),
    ],
)
def test_bytes_that_are_no_value(raw: bytes, words: str) -> None:
    with pytest.raises(StreamError, match=words):
        pmt.deserialize(raw)


ARRAYS = st.builds(
    lambda code, raw: np.frombuffer(raw[: len(raw) // 16 * 16], code),
    st.sampled_from(("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8", "c8", "c16")),
    st.binary(max_size=64),
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.integers(0, 2**64 - 1).map(UInt64)
    | st.floats()
    | st.complex_numbers()
    | st.text(max_size=20)
    | ARRAYS
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, min_size=1, max_size=4).map(tuple)
        | st.lists(inner, min_size=1, max_size=4).map(PairList)
        | st.dictionaries(st.text(max_size=5), inner, min_size=1, max_size=4)
        | st.builds(Pair, inner, ARRAYS)
    ),
    max_leaves=12,
)


@given(TREES)
@settings(max_examples=150)
def test_round_trip(value: Any) -> None:
    raw = pmt.serialize(value)
    back = pmt.deserialize(raw)
    assert same(back, value)
    assert pmt.serialize(back) == raw


@given(st.binary(max_size=80))
@example(b"\x0a\x0b\x00\x00\x00\x00\x00")
@settings(max_examples=400)
def test_any_bytes_are_a_value_or_refused(raw: bytes) -> None:
    try:
        value = pmt.deserialize(raw)
    except StreamError:
        return
    plain = pmt.plain(value)
    assert plain is None or isinstance(plain, bool | int | float | str | bytes | list | dict)


@given(TREES, st.data())
@settings(max_examples=100)
def test_a_value_cut_short_is_refused(value: Any, data: st.DataObject) -> None:
    raw = pmt.serialize(value)
    length = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(StreamError):
        pmt.deserialize(raw[:length])


def test_plain_values() -> None:
    value = {
        "pair": Pair(1, UInt64(2)),
        "complex": 1 - 2j,
        "bytes": np.array([1, 2], np.uint8),
        "vector": np.array([1 + 2j], np.complex64),
        "tuple": (1.5, PairList([None])),
        3: math.inf,
    }
    assert pmt.plain(value) == {
        "pair": [1, 2],
        "complex": [1.0, -2.0],
        "bytes": b"\x01\x02",
        "vector": [[1.0, 2.0]],
        "tuple": [1.5, [None]],
        "3": math.inf,
    }
