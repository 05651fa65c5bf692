"""The wire format: what is written is read back; what is malformed is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semradio.blocks.api.item_type import DTYPES, ItemType
from semradio.blocks.api.tag import Tag
from semradio.flowgraphs.runtime.edges import wire
from semradio.flowgraphs.runtime.edges.wire import HeaderCodec, WireError

types = st.builds(
    ItemType,
    st.sampled_from(DTYPES),
    st.lists(st.integers(1, 50), max_size=4).map(tuple),
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
tags = st.lists(st.builds(Tag, st.integers(0, 2**63), st.text(max_size=10), values), max_size=5)


@given(types, st.integers(0, 0xFFFF), st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1), tags)
def test_data_header_round_trip(
    item: ItemType, edge: int, index: int, count: int, marks: list[Tag]
) -> None:
    codec = HeaderCodec(edge, item)
    assert codec.read_data(codec.data(index, count, marks)) == (index, count, marks, None)


@given(types, st.integers(0, 2**64 - 1), st.integers(1, 20))
def test_items_behind_their_header_round_trip(item: ItemType, index: int, count: int) -> None:
    chunk = np.ones((count, *item.shape), item.numpy)
    codec = HeaderCodec(3, item)
    found = codec.read_data(codec.inline(index, len(chunk), codec.write_items(chunk).data))
    assert found == (index, count, [], chunk.tobytes())


places = st.lists(
    st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**20)), min_size=1, max_size=8
)


@given(types, st.integers(0, 2**64 - 1), places, tags)
def test_header_of_items_in_shared_memory_round_trip(
    item: ItemType, index: int, chunks: list[tuple[int, int]], marks: list[Tag]
) -> None:
    codec = HeaderCodec(7, item)
    header = codec.placed(index, [number for chunk in chunks for number in chunk], marks)
    count = sum(n for _, n in chunks)
    assert codec.read_data(header) == (index, count, marks, tuple(chunks))


@pytest.mark.parametrize("count", [0, 2, 2**32 - 1])
def test_a_header_that_does_not_say_where_its_items_lie_is_refused(count: int) -> None:
    codec = HeaderCodec(7, ItemType("float32", (4,)))
    header = bytearray(codec.placed(0, [3, 64]))
    header[-12:-8] = count.to_bytes(4, "little")
    with pytest.raises(WireError, match="does not say where"):
        codec.read_data(bytes(header))
    with pytest.raises(WireError, match="does not say where"):
        codec.read_data(codec.placed(0, [3, 64])[:-9])
    contradicting = bytearray(codec.placed(0, [3, 64]))
    contradicting[16] += 1
    with pytest.raises(WireError, match="contradicts itself"):
        codec.read_data(bytes(contradicting))


@given(
    st.integers(0, 2**64 - 1),
    st.integers(1, 2**64 - 1),
    st.lists(st.integers(0, 2**32 - 1), max_size=70),
)
def test_what_a_request_says_round_trips(durable: int, token: int, freed: list[int]) -> None:
    codec = HeaderCodec(7, ItemType("float32", (4,)))
    message = wire.decode(codec.request(5, 9, durable, token, freed))
    assert (message.kind, message.index, message.count) == (wire.REQUEST, 5, 9)
    assert wire.read_request(message.rest) == (durable, token, freed)
    assert wire.read_request(wire.decode(codec.request(5, 9)).rest) == (5, 0, [])
    assert wire.read_request(wire.decode(codec.request(5, 9, 3)).rest) == (3, 0, [])


@pytest.mark.parametrize("rest", [b"", b"1234567", b"123456789", b"1234567812345678123"])
def test_a_damaged_request_is_refused(rest: bytes) -> None:
    with pytest.raises(WireError, match="cannot be read"):
        wire.read_request(rest)


@given(types, st.sampled_from([wire.END, wire.REQUEST, wire.STOP, wire.REFUSE]), st.text())
def test_control_header_round_trip(item: ItemType, kind: int, text: str) -> None:
    message = wire.decode(HeaderCodec(3, item).control(kind, 7, 9, text))
    assert message == wire.Message(kind, 3, 7, 9, item, text.encode())


@settings(deadline=None)
@given(types, st.integers(0, 20))
def test_items_round_trip_bit_for_bit(item: ItemType, count: int) -> None:
    raw = np.random.default_rng(1).bytes(count * item.nbytes)
    if item.dtype == "bool":
        raw = bytes(byte & 1 for byte in raw)
    chunk = np.frombuffer(raw, item.numpy).reshape(count, *item.shape)
    codec = HeaderCodec(0, item)
    back = codec.read_items(bytes(codec.write_items(chunk).data), count)
    assert back.tobytes() == chunk.tobytes()
    assert back.shape == chunk.shape
    assert not back.flags.writeable


def test_a_strided_chunk_is_written_in_order() -> None:
    chunk = np.arange(24, dtype=np.float32).reshape(6, 4)[::2]
    codec = HeaderCodec(0, ItemType("float32", (4,)))
    back = codec.read_items(codec.write_items(chunk).tobytes(), 3)
    np.testing.assert_array_equal(back, chunk)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    codec = HeaderCodec(0, ItemType("float32", (23,)))
    try:
        codec.read_data(data)
    except WireError:
        return
    # Only a header that the codec itself could have written is taken for one.
    assert data[:4] == wire.MAGIC


@given(st.integers(0, 40), st.integers(0, 255))
def test_a_damaged_header_is_read_or_refused(place: int, value: int) -> None:
    codec = HeaderCodec(5, ItemType("complex64", (2, 16)))
    header = bytearray(codec.data(12, 3, [Tag(12, "arn", True)]))
    header[place % len(header)] = value
    try:
        codec.read_data(bytes(header))
    except WireError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("header", "word"),
    [
        (b"", "too short"),
        (b"HTTP/1.1 200 OK and more bytes", "bad magic"),
        (b"smrd\x09\x01" + bytes(40), "version 9"),
        (b"smrd\x03\x63" + bytes(40), "kind 99"),
        (b"smrd\x03\x01" + bytes(14) + b"\x63\x01" + bytes(40), "item type"),
        (b"smrd\x03\x01" + bytes(14) + b"\x00\xff" + bytes(4), "item type"),
        (b"smrd\x03\x01" + bytes(14) + b"\x00\x08\x00\x00" + b"\xff" * 32, "absurd"),
    ],
)
def test_malformed_headers_say_what_is_wrong(header: bytes, word: str) -> None:
    with pytest.raises(WireError, match=word):
        wire.decode(header)


def test_an_item_count_that_does_not_fit_the_payload_is_refused() -> None:
    codec = HeaderCodec(0, ItemType("float32", (23,)))
    with pytest.raises(WireError, match="2 items of float32"):
        codec.read_items(bytes(92), 2)


def test_another_item_type_is_refused() -> None:
    ours = HeaderCodec(0, ItemType("float32", (23,)))
    theirs = HeaderCodec(0, ItemType("complex64", (23,)))
    with pytest.raises(
        WireError, match=r"carries float32\[23\], but the peer sent complex64\[23\]"
    ):
        ours.read_data(theirs.data(0, 1))
