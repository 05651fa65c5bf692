"""The header with tags before the items of a message."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semradio.blocks.api import StreamError, Tag
from semradio.blocks.gnuradio import stream_header

TAGS = [Tag(1 << 40, "freq", 1e9), Tag((1 << 40) + 3, "x", [1, {"a": b"\0"}])]


def test_byte_by_byte() -> None:
    raw = bytes.fromhex("F05F 01 0500000000000000 0100000000000000")
    raw += bytes.fromhex("0700000000000000 02000161 0300000009 01")
    assert stream_header.encode(5, [Tag(7, "a", 9)]) == raw
    assert stream_header.decode(raw + b"items") == (5, [Tag(7, "a", 9)], len(raw))


def test_round_trip() -> None:
    raw = stream_header.encode(1 << 40, TAGS)
    assert stream_header.decode(raw + b"\xf0\x5f\x01") == (1 << 40, TAGS, len(raw))


def test_a_key_that_is_no_symbol() -> None:
    raw = struct.pack("<HBQQ", 0x5FF0, 1, 0, 1) + bytes(8) + b"\x03\0\0\0\x05" + b"\x00" + b"\x01"
    assert stream_header.decode(raw)[1] == [Tag(0, "5", True)]


HEAD = struct.pack("<HBQQ", 0x5FF0, 1, 0, 1)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "too short .* set pass_tags on both sides"),
        (HEAD[:18], "too short"),
        (b"\xf1" + HEAD[1:], "no header of GNU Radio's: set pass_tags"),
        (b"\xf0\x5f\x02" + HEAD[3:], "version 2"),
        (HEAD[:11] + struct.pack("<Q", 2**63), "announces 9223372036854775808 tags"),
        (HEAD + bytes(8) + b"\x00\x0f\x01", "begins no value"),
        (HEAD + bytes(8) + b"\x02\0\x01a\x08\xff\xff\xff\xff", "cut short"),
        (HEAD[:11] + struct.pack("<Q", 2) + bytes(8) + b"\x02\0\x0baaaaaaaaaaa\0\0", "ends within"),
        (HEAD + bytes(8) + b"\x08\0\0\0\x01" * 10_000, "nested more than"),
    ],
)
def test_headers_that_are_wrong(raw: bytes, words: str) -> None:
    with pytest.raises(StreamError, match=words):
        stream_header.decode(raw)


def test_a_tag_that_cannot_be_sent_is_named() -> None:
    with pytest.raises(StreamError, match=r"tag 'long' cannot be sent: .*1024 bytes"):
        stream_header.encode(0, [Tag(0, "long", "x" * 2000)])


@given(st.binary(max_size=60))
@settings(max_examples=300)
def test_any_bytes_are_a_header_or_refused(rest: bytes) -> None:
    raw = HEAD[:11] + rest
    try:
        offset, tags, at = stream_header.decode(raw)
    except StreamError:
        return
    assert offset == 0
    assert at <= len(raw)
    assert 11 * len(tags) <= at


@given(st.integers(0, 200), st.integers(0, 255))
@settings(max_examples=150)
def test_a_header_with_one_wrong_byte(place: int, byte: int) -> None:
    raw = bytearray(stream_header.encode(1 << 40, TAGS) + bytes(16))
    raw[place % len(raw)] = byte
    try:
        stream_header.decode(bytes(raw))
    except StreamError:
        return
