"""The wire format of an edge between two processes.

Every message starts with one small header frame; a DATA message has the items as a second frame,
raw, little-endian, C order; an INLINE message, of few bytes and without tags, has them behind the
header. The receiver asks by item index ("I have everything before ``index``,
send on, I have room for ``count``"), the sender answers with data; so both always agree on what
was delivered, and a receiver that starts anew asks for exactly what it lacks. Between processes of
one host large chunks lie in memory that both see, and a header alone, PLACED, says in which slots.

===========  ====  ======================================================================
bytes        type  field
===========  ====  ======================================================================
0-3          4s    magic ``smrd``
4            u8    version, 3
5            u8    kind: 1 DATA, 2 END, 3 REQUEST, 4 STOP, 5 REFUSE, 6 PLACED,
                   7 INLINE, 8 HELLO, 9 BYE (the receiver's last word has been heard)
6-7          u16   edge number
8-15         u64   absolute index of the first item; END: items in all; REQUEST: next wanted
16-19        u32   items in the message; REQUEST: room for so many beyond ``index``
20           u8    dtype, position in :data:`semradio.blocks.api.item_type.DTYPES`
21           u8    axes of one item, at most 8
22-23        u16   zero
24-          u32   length of each axis
then               INLINE: the items.
                   PLACED: u32, the number of chunks; for each u32, its slot, and u32, its items.
                   DATA, PLACED: tags as MessagePack, a list of [index, key, value]; may be absent.
                   REQUEST: u64, the item before which the sender may forget all; where memory is
                   shared, u64, the token of the receiver's connection for it, and u32s, the slots
                   that are free again.
                   REFUSE: the reason, UTF-8. HELLO: what the receiver runs, JSON in zlib's format
===========  ====  ======================================================================
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np

from semradio.blocks.api.item_type import DTYPES, Array, ItemType
from semradio.blocks.api.tag import Tag
from semradio.blocks.errors import ItemTypeError, SemradioError

MAGIC = b"smrd"
VERSION = 3
DATA, END, REQUEST, STOP, REFUSE, PLACED, INLINE, HELLO, BYE = 1, 2, 3, 4, 5, 6, 7, 8, 9

Placed = tuple[tuple[int, int], ...]
"""Chunks in shared memory: the slot of each, and the items in it."""

_FIXED = struct.Struct("<4sBBHQI")
_NUMBER = struct.Struct("<I")
_PLACE = struct.Struct("<II")
_LONG = struct.Struct("<Q")
_MAX_AXES = 8
_MAX_COUNT = 0xFFFFFFFF
_LITTLE = np.little_endian

_tags_encoder = msgspec.msgpack.Encoder()
_tags_decoder = msgspec.msgpack.Decoder(list[tuple[int, str, Any]])


class WireError(SemradioError):
    """A message from a peer is not what this edge carries."""


@dataclass(frozen=True, slots=True)
class Message:
    """A decoded header."""

    kind: int
    edge: int
    index: int
    count: int
    item: ItemType
    rest: bytes
    """What follows the item type: encoded tags, or the reason of a refusal."""


class HeaderCodec:
    """Writes and reads the headers of one edge; the item type is encoded once.

    Args:
        edge: number of the edge, 0 to 65535.
        item: type of its items.
    """

    def __init__(self, edge: int, item: ItemType) -> None:
        self.edge = edge
        self.item = item
        self._type = struct.pack(
            f"<BBH{len(item.shape)}I", DTYPES.index(item.dtype), len(item.shape), 0, *item.shape
        )
        self._end = _FIXED.size + len(self._type)
        self._start = _FIXED.pack(MAGIC, VERSION, DATA, edge, 0, 0)[:8]
        self._start_placed = _FIXED.pack(MAGIC, VERSION, PLACED, edge, 0, 0)[:8]
        self._start_inline = _FIXED.pack(MAGIC, VERSION, INLINE, edge, 0, 0)[:8]
        self._place = struct.Struct("<QI")
        self._dtype = item.numpy
        self._nbytes = item.nbytes

    def data(self, index: int, count: int, tags: Sequence[Tag] = ()) -> bytes:
        """Return the header of a DATA message."""
        head = self._start + self._place.pack(index, count) + self._type
        return head + _tags_encoder.encode(tags) if tags else head

    def inline(self, index: int, count: int, payload: bytes | memoryview) -> bytes:
        """Return a message of few items without tags.

        Args:
            index: of the first item. count: of all.
            payload: the items as :meth:`write_items` gives them.
        """
        place = self._place.pack(index, count)
        return b"".join((self._start_inline, place, self._type, payload))

    def placed(self, index: int, chunks: Sequence[int], tags: Sequence[Tag] = ()) -> bytes:
        """Return the header of a message whose items lie in shared memory.

        Args:
            index: of the first item.
            chunks: slot and number of items of each chunk, one after the other.
            tags: on the items.
        """
        place = self._place.pack(index, sum(chunks[1::2]))
        where = struct.pack(f"<{1 + len(chunks)}I", len(chunks) // 2, *chunks)
        head = self._start_placed + place + self._type + where
        return head + _tags_encoder.encode(tags) if tags else head

    def request(
        self,
        index: int,
        count: int,
        durable: int | None = None,
        token: int = 0,
        freed: Sequence[int] = (),
    ) -> bytes:
        """Return a REQUEST.

        Args:
            index: of the item that is wanted next. count: room beyond it.
            durable: the item before which the sender may forget all; ``index`` if not given.
            token: of the connection for shared memory; 0 where nothing is shared.
            freed: slots of shared memory that are free again.
        """
        head = self.control(REQUEST, index, count)
        head += _LONG.pack(index if durable is None else durable)
        return head + _LONG.pack(token) + struct.pack(f"<{len(freed)}I", *freed) if token else head

    def control(self, kind: int, index: int = 0, count: int = 0, text: str = "") -> bytes:
        """Return the header of any other message."""
        count = min(count, _MAX_COUNT)
        head = _FIXED.pack(MAGIC, VERSION, kind, self.edge, index, count)
        return head + self._type + text.encode()

    def read_data(self, header: bytes) -> tuple[int, int, list[Tag], Placed | bytes | None] | None:
        """Return (index, count, tags, where) of a header with items; None for another kind.

        ``where`` they are: the items themselves, their places in shared memory, or None if they
        come as a frame of their own.

        Raises:
            WireError: it is not a header of this edge.
        """
        start, end = header[:8], self._end
        if start == self._start_inline and header[20:end] == self._type:
            index, count = self._place.unpack_from(header, 8)
            return index, count, [], header[end:]
        shared = start == self._start_placed
        if (start != self._start and not shared) or header[20:end] != self._type:
            message = decode(header)
            carries = message.kind in (DATA, PLACED, INLINE)
            if message.edge != self.edge or (carries and message.item != self.item):
                raise WireError(
                    f"edge {self.edge} carries {self.item}, but the peer sent {message.item} "
                    f"for edge {message.edge}"
                )
            return None
        index, count = self._place.unpack_from(header, 8)
        placed: Placed | None = None
        if shared:
            placed, end = self._read_placed(header, end)
            if sum(n for _, n in placed) != count:
                raise WireError(f"edge {self.edge}: a message that contradicts itself")
        tags = [] if len(header) == end else _decode_tags(header[end:])
        return index, count, tags, placed

    def _read_placed(self, header: bytes, start: int) -> tuple[Placed, int]:
        """Return where the chunks of a message lie, and where in the header that ends."""
        begin = start + _NUMBER.size
        if len(header) >= begin:
            (chunks,) = _NUMBER.unpack_from(header, start)
            end = begin + chunks * _PLACE.size
            if chunks > 0 and len(header) >= end:
                return tuple(_PLACE.iter_unpack(header[begin:end])), end
        raise WireError(f"edge {self.edge}: a message that does not say where its items lie")

    def read_items(self, payload: Any, count: int) -> Array:
        """Return the items of a payload frame as a read-only array of shape (count, *item).

        Raises:
            WireError: the payload does not hold ``count`` items.
        """
        if len(payload) != count * self._nbytes:
            raise WireError(
                f"edge {self.edge}: {count} items of {self.item} take "
                f"{count * self.item.nbytes} bytes, but the message has {len(payload)}"
            )
        shape = (count, *self.item.shape)
        if _LITTLE:
            array: Array = np.ndarray(shape, self._dtype, payload)
            array.flags.writeable = False
            return array
        swapped: Array = np.frombuffer(payload, self._dtype.newbyteorder("<"))
        return swapped.astype(self._dtype).reshape(shape)

    def write_items(self, chunk: Array) -> Array:
        """Return the chunk as it goes on the wire: contiguous and little-endian."""
        if not chunk.flags.c_contiguous:
            chunk = np.ascontiguousarray(chunk)
        return chunk if _LITTLE else chunk.astype(chunk.dtype.newbyteorder("<"))


def other_version(header: bytes) -> int | None:
    """Return the version of the protocol that a header is of; None if it is ours, or no header."""
    if len(header) < _FIXED.size or header[:4] != MAGIC or header[4] == VERSION:
        return None
    return header[4]


def decode(header: bytes) -> Message:
    """Read any header; WireError if it is none."""
    if len(header) < _FIXED.size + 4:
        raise WireError(f"a message header of {len(header)} bytes is too short")
    magic, version, kind, edge, index, count = _FIXED.unpack_from(header)
    if magic != MAGIC:
        raise WireError("the peer does not speak semradio's edge protocol (bad magic)")
    if version != VERSION:
        raise WireError(f"the peer speaks version {version} of the edge protocol, not {VERSION}")
    if not DATA <= kind <= BYE:
        raise WireError(f"unknown message kind {kind}")
    dtype, axes = header[20], header[21]
    end = _FIXED.size + 4 + 4 * axes
    if dtype >= len(DTYPES) or axes > _MAX_AXES or len(header) < end:
        raise WireError("a message header with a malformed item type")
    item = _item_type(dtype, header[_FIXED.size + 4 : end])
    return Message(kind, edge, index, count, item, header[end:])


@lru_cache(maxsize=256)
def _item_type(dtype: int, axes: bytes) -> ItemType:
    """Return an item type; kept, for a peer says the same one with every message."""
    try:
        return ItemType(DTYPES[dtype], struct.unpack(f"<{len(axes) // 4}I", axes))
    except ItemTypeError as error:
        raise WireError(f"a message header with an absurd item type: {error}") from None


def read_request(rest: bytes) -> tuple[int, int, list[int]]:
    """Return what a REQUEST says behind its item type.

    Returns:
        The item before which all may be forgotten; the token of the connection for shared memory,
        0 without one; the slots that are free again.

    Raises:
        WireError: it cannot be read.
    """
    both = 2 * _LONG.size
    if len(rest) == _LONG.size:
        return _LONG.unpack(rest)[0], 0, []
    if len(rest) < both or (len(rest) - both) % _NUMBER.size:
        raise WireError("a request that cannot be read")
    durable, token = _LONG.unpack_from(rest)[0], _LONG.unpack_from(rest, _LONG.size)[0]
    count = (len(rest) - both) // _NUMBER.size
    return durable, token, list(struct.unpack_from(f"<{count}I", rest, both))


def _decode_tags(data: bytes) -> list[Tag]:
    try:
        return [Tag(*fields) for fields in _tags_decoder.decode(data)]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WireError(f"the tags of a message cannot be read: {error}") from None
