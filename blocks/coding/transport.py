"""How the bits of one message become code blocks, and these the bits that are sent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from semradio.blocks.coding.base_graph import LARGEST_BLOCK, SYSTEMATIC, lifting_size
from semradio.blocks.coding.checksum import Bits, checksum
from semradio.blocks.errors import ParameterError

_CHECK = 24
"""Bits of the check of each code block, where there are several."""


@dataclass(frozen=True)
class Transport:
    """Segmentation and rate matching of TS 38.212, sections 5.2.2 and 5.4.2, redundancy version 0.

    message : bits of a message, with its own check. coded : bits that are sent of it
    order : bits of a symbol, by which sent bits are interleaved. graph : base graph, 1 or 2
    """

    message: int
    coded: int
    order: int
    graph: int

    @property
    def blocks(self) -> int:
        """Code blocks of a message."""
        largest = LARGEST_BLOCK[self.graph]
        return 1 if self.message <= largest else -(-self.message // (largest - _CHECK))

    @property
    def held(self) -> int:
        """Bits of a code block, its check included, before filling."""
        whole = self.message + (self.blocks * _CHECK if self.blocks > 1 else 0)
        return -(-whole // self.blocks)

    @property
    def size(self) -> int:
        """The lifting size."""
        return lifting_size(self.held, self.graph)

    @property
    def filled(self) -> int:
        """Bits of a code block."""
        return SYSTEMATIC[self.graph] * self.size

    @property
    def lengths(self) -> list[int]:
        """Sent bits of each code block."""
        symbols = self.coded // self.order
        small, rest = divmod(symbols, self.blocks)
        return [
            self.order * (small if k < self.blocks - rest else small + 1)
            for k in range(self.blocks)
        ]

    @property
    def columns(self) -> int:
        """Columns of the base graph that are sent, in part or whole; the others are not needed."""
        width = {1: 68, 2: 52}[self.graph]
        filler = self.filled - self.held
        needed = 2 + -(-(max(self.lengths) + filler) // self.size)
        return min(width, max(needed, SYSTEMATIC[self.graph] + 4))

    def segment(self, messages: Bits) -> Bits:
        """Cut messages [n, message] into code blocks [n * blocks, filled]."""
        check = _CHECK if self.blocks > 1 else 0
        payload = self.held - check
        padded = np.zeros((len(messages), self.blocks * payload), np.uint8)
        padded[:, : self.message] = messages
        found = np.zeros((len(messages) * self.blocks, self.filled), np.uint8)
        found[:, :payload] = padded.reshape(-1, payload)
        if check:
            found[:, payload : self.held] = checksum(found[:, :payload], "crc24b")
        return found

    def join(self, blocks: Bits) -> Bits:
        """Return the messages of code blocks, without looking at their checks."""
        payload = self.held - (_CHECK if self.blocks > 1 else 0)
        whole = blocks[:, :payload].reshape(-1, self.blocks * payload)
        return whole[:, : self.message]

    def places(self, length: int) -> NDArray[np.intp]:
        """Return the bit of the code word that each of ``length`` sent bits is."""
        return _places(self, length)


def transport(message: int, coded: int, order: int, graph: int | None = None) -> Transport:
    """Return how messages are sent; without ``graph`` that which TS 38.212, 7.2.2, chooses.

    Raises ParameterError where the numbers make no code: sent bits that are no whole symbols, or
    not more than those of the message.
    """
    if coded % order:
        raise ParameterError(f"{coded} coded bits are not whole symbols of {order} bits")
    if message >= coded:
        raise ParameterError(
            f"{message} bits of message and check do not fit into {coded} coded bits"
        )
    if graph is None:
        rate = message / coded
        small = message <= 292 or (message <= 3824 and rate <= 0.67) or rate <= 0.25
        graph = 2 if small else 1
    return Transport(message, coded, order, graph)


@lru_cache(maxsize=64)
def _places(way: Transport, length: int) -> NDArray[np.intp]:
    width = {1: 68, 2: 52}[way.graph] * way.size
    sent = np.arange(2 * way.size, width)
    sent = sent[(sent < way.held) | (sent >= way.filled)]
    chosen = np.resize(sent, length)
    # Interleaving: the bits of a symbol come from as many stretches; section 5.4.2.2.
    return chosen.reshape(way.order, -1).T.reshape(-1)
