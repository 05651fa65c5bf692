"""Memory that two processes of one host share: slots that an edge's large messages lie in.

The sender makes the memory (``memfd_create``, so it has no name and is gone with the last process
that maps it), copies the items of a message into a free slot and sends the slot's number. The
receiver maps it for reading only, and hands the blocks arrays that look into the slot.

A slot is free again when the last array that looks into it is gone, slices and other views
included. So a block may keep an array as long as it likes, as everywhere; what it keeps is a slot
less. A message that finds no free slot goes through the socket, so nothing ever waits for one.

The slot that became free last is used next: a receiver that keeps up sees few slots, which stay in
the cache, however many there are for one that does not.

A slot's number names its connection as well: what a sender that died, or was connected to before,
has told of is still read from the memory that it meant.
"""

from __future__ import annotations

import mmap
import os
import socket
import struct
import sys
import weakref
from collections.abc import Iterable
from typing import Any

import numpy as np

from semradio.blocks.api.item_type import Array, ItemType
from semradio.flowgraphs.runtime.edges.wire import WireError

if sys.platform == "linux":
    import fcntl

SHARED_BYTES = 1 << 14
"""Messages from this size on lie in shared memory; a smaller one costs less in the socket."""

MOST_BYTES = 1 << 26
"""Bytes that the slots of an edge take at most; pages that were never used take none."""

_MOST_SLOTS = 64

_LEAST_BYTES = 1 << 17
"""Bytes of a slot at least, so that small chunks which are joined find room."""

_SPARE_SLOTS = 4
"""Beyond what fills the edge: the chunk that a chain has in hand, slots on their way back."""

_RETURNED = 4
"""What part of the slots is given back together: one in so many."""

_SLOT_BITS = 16
"""Bits of a slot's number that count the slots of a connection; those above are its mark."""

_FORM = struct.Struct("<QI")
"""What is said with a descriptor: bytes of a slot, and how many there are."""


class SharedRing:
    """The sender's end of the slots of one edge.

    Args:
        connection: over which the receiver gets the descriptors.
        token: what the connection is known by.
        room: bytes that may be under way on the edge.
    """

    def __init__(self, connection: socket.socket, token: int, room: int) -> None:
        self.connection = connection
        self.room = room
        self.slot_bytes = 0
        self.first = _first_slot(token)
        """Number of the first slot; those of memory that was too small came before."""
        self.count = 0
        self.memory: mmap.mmap | None = None
        self.free: list[int] = []

    def place(self, chunks: Iterable[Array], size: int) -> int | None:
        """Copy contiguous chunks into a free slot; returns its number, None if there is none.

        Args:
            chunks: laid one after the other. size: bytes of all of them.
        """
        if size > self.slot_bytes and not self._make(size):
            return None
        if not self.free or self.memory is None:
            return None
        slot = self.free.pop()
        at = (slot - self.first) * self.slot_bytes
        for chunk in chunks:
            end = at + chunk.nbytes
            self.memory[at:end] = chunk.data
            at = end
        return slot

    def release(self, slots: Iterable[int]) -> None:
        """Use slots again that the receiver gave back."""
        self.free += [slot for slot in slots if slot >= self.first]

    def close(self) -> None:
        """Let go of the connection; the memory goes when nobody looks into it any more."""
        self.connection.close()

    def _make(self, size: int) -> bool:
        """Make slots of at least ``size`` bytes and hand them over; returns whether that went."""
        wanted = min(_MOST_SLOTS, self.room // size + 1 + _SPARE_SLOTS)
        size = max(size, _LEAST_BYTES, min(2 * self.slot_bytes, MOST_BYTES))
        size = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        count = min(wanted, MOST_BYTES // size)
        if count < 1:
            return False
        try:
            descriptor = os.memfd_create("semradio", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        except OSError:
            return False
        try:
            os.ftruncate(descriptor, count * size)
            # The receiver may rely on its size: reading beyond a file's end would kill it.
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
            memory = mmap.mmap(descriptor, count * size)
            form = _FORM.pack(size, count)
            socket.send_fds(self.connection, [form], [descriptor], socket.MSG_DONTWAIT)
        except OSError:
            return False
        finally:
            os.close(descriptor)
        self.first += self.count
        self.memory, self.count = memory, count
        self.free = list(range(self.first + count - 1, self.first - 1, -1))
        self.slot_bytes = size
        return True


class SharedView:
    """The receiver's end of the slots of one edge.

    Args:
        connection: over which the descriptors come.
        token: what the connection is known by to the sender.
        item: type of the items.

    Attributes:
        freed: slots to be given back; filled by whichever thread lets an array go.
        enough: how many of them are worth a message.
    """

    def __init__(self, connection: socket.socket, token: int, item: ItemType) -> None:
        self.connection = connection
        self.token = token
        self.shape = item.shape
        self.dtype = item.numpy
        self.item_bytes = item.nbytes
        self.slot_bytes = 0
        self.start = self.first = self.end = _first_slot(token)
        self.memory: mmap.mmap | None = None
        self.freed: list[int] = []
        self.enough = 1
        self.held: dict[int, _Held] = {}

    @property
    def broken(self) -> bool:
        """Whether the sender has closed the connection, or died."""
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def names(self, slot: int) -> bool:
        """Whether a slot's number is of this connection."""
        return slot >> _SLOT_BITS == self.start >> _SLOT_BITS

    def items(self, slot: int, count: int) -> Array:
        """Return ``count`` items in a slot as a read-only array of shape (count, *item).

        Raises:
            WireError: there is no such slot, or it does not hold as much.
        """
        while slot >= self.end:
            self._map()
        if slot < self.first or count * self.item_bytes > self.slot_bytes:
            raise WireError(f"{count} items were said to be in slot {slot}, which cannot be")
        offset = (slot - self.first) * self.slot_bytes
        array = np.ndarray((count, *self.shape), self.dtype, self.memory, offset)
        # All views of it, and views of views, keep it alive: its base is no array.
        self.held[slot] = held = _Held(array, _gone)
        held.slot, held.view = slot, self
        return array

    def take_freed(self) -> list[int]:
        """Return, and forget, the slots to be given back."""
        freed, self.freed = self.freed, []
        return freed

    def close(self) -> None:
        """Let go of the connection; the memory goes when nobody looks into it any more."""
        self.connection.close()

    def _map(self) -> None:
        """Map the memory that the sender has handed over before it named a slot in it."""
        try:
            form, descriptors, _, _ = socket.recv_fds(self.connection, _FORM.size, 1)
        except OSError as error:
            raise WireError(f"memory that was to be shared did not come: {error}") from None
        try:
            if len(form) != _FORM.size or len(descriptors) != 1:
                raise WireError("memory that was to be shared did not come")
            size, count = _FORM.unpack(form)
            seals = fcntl.fcntl(descriptors[0], fcntl.F_GET_SEALS)
            whole = os.fstat(descriptors[0]).st_size
            if whole < size * count or not seals & fcntl.F_SEAL_SHRINK:
                raise WireError("memory that was to be shared is smaller than was said")
            self.memory = mmap.mmap(descriptors[0], size * count, prot=mmap.PROT_READ)
        except OSError as error:
            raise WireError(f"memory that was to be shared cannot be used: {error}") from None
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        self.first, self.end, self.slot_bytes = self.end, self.end + count, size
        self.enough = max(1, count // _RETURNED)


def _first_slot(token: int) -> int:
    """Number of a connection's first slot: two connections of an edge hardly ever share one."""
    return (token & 0xFFFF) << _SLOT_BITS


class _Held(weakref.ref[Array]):
    """Gives a slot back when the array that looks into it, and all its views, are gone."""

    __slots__ = ("slot", "view")

    slot: int
    view: SharedView


def _gone(held: Any) -> None:
    view = held.view
    # In this order: what is given back may be in use again at once.
    view.held.pop(held.slot, None)
    view.freed.append(held.slot)
