"""The wire format of an edge between two processes.

Every message starts with one small header frame; a DATA message has the items as a second frame,
raw, little-endian, C order. The receiver asks by item index ("I have everything before ``index``,
send on, I have room for ``count``"), the sender answers with data; so both always agree on what
was delivered, and a receiver that starts anew asks for exactly what it lacks.

===========  ====  ======================================================================
bytes        type  field
===========  ====  ======================================================================
0-3          4s    magic ``smrd``
4            u8    version, 1
5            u8    kind: 1 DATA, 2 END, 3 REQUEST, 4 STOP, 5 REFUSE
6-7          u16   edge number
8-15         u64   absolute index of the first item; END: items in all; REQUEST: next wanted
16-19        u32   items in the message; REQUEST: room for so many beyond ``index``
20           u8    dtype, position in :data:`semradio.blocks.api.item_type.DTYPES`
21           u8    axes of one item, at most 8
22-23        u16   zero
24-          u32   length of each axis
then               DATA: tags as MessagePack, a list of [index, key, value]; may be absent.
                   REFUSE: the reason, UTF-8
===========  ====  ======================================================================
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from semradio.blocks.api.item_type import DTYPES, Array, ItemType
from semradio.blocks.api.tag import Tag
from semradio.blocks.errors import ItemTypeError, SemradioError

MAGIC = b"smrd"
VERSION = 1
DATA, END, REQUEST, STOP, REFUSE = 1, 2, 3, 4, 5

_FIXED = struct.Struct("<4sBBHQI")
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
        self._place = struct.Struct("<QI")
        self._dtype = item.numpy
        self._nbytes = item.nbytes

    def data(self, index: int, count: int, tags: Sequence[Tag] = ()) -> bytes:
        """Return the header of a DATA message."""
        head = self._start + self._place.pack(index, count) + self._type
        return head + _tags_encoder.encode(tags) if tags else head

    def control(self, kind: int, index: int = 0, count: int = 0, text: str = "") -> bytes:
        """Return the header of any other message."""
        count = min(count, _MAX_COUNT)
        head = _FIXED.pack(MAGIC, VERSION, kind, self.edge, index, count)
        return head + self._type + text.encode()

    def read_data(self, header: bytes) -> tuple[int, int, list[Tag]] | None:
        """Return (index, count, tags) of a DATA header of this edge; None for another kind.

        Raises:
            WireError: it is not a header of this edge.
        """
        if header[:8] != self._start or header[20 : self._end] != self._type:
            message = decode(header)
            if message.edge != self.edge or (message.kind == DATA and message.item != self.item):
                raise WireError(
                    f"edge {self.edge} carries {self.item}, but the peer sent {message.item} "
                    f"for edge {message.edge}"
                )
            return None
        index, count = self._place.unpack_from(header, 8)
        if len(header) == self._end:
            return index, count, []
        return index, count, _decode_tags(header[self._end :])

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


def decode(header: bytes) -> Message:
    """Read any header; WireError if it is none."""
    if len(header) < _FIXED.size + 4:
        raise WireError(f"a message header of {len(header)} bytes is too short")
    magic, version, kind, edge, index, count = _FIXED.unpack_from(header)
    if magic != MAGIC:
        raise WireError("the peer does not speak semradio's edge protocol (bad magic)")
    if version != VERSION:
        raise WireError(f"the peer speaks version {version} of the edge protocol, not {VERSION}")
    if not DATA <= kind <= REFUSE:
        raise WireError(f"unknown message kind {kind}")
    dtype, axes = header[20], header[21]
    end = _FIXED.size + 4 + 4 * axes
    if dtype >= len(DTYPES) or axes > _MAX_AXES or len(header) < end:
        raise WireError("a message header with a malformed item type")
    shape = struct.unpack_from(f"<{axes}I", header, _FIXED.size + 4)
    try:
        item = ItemType(DTYPES[dtype], shape)
    except ItemTypeError as error:
        raise WireError(f"a message header with an absurd item type: {error}") from None
    return Message(kind, edge, index, count, item, header[end:])


def _decode_tags(data: bytes) -> list[Tag]:
    try:
        return [Tag(*fields) for fields in _tags_decoder.decode(data)]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WireError(f"the tags of a message cannot be read: {error}") from None
