"""Rates of wrong bits and of wrong items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from semradio.blocks.api import Array, Input, block, parameter
from semradio.blocks.metrics.groups import GroupedSink

_GROUP = 8192

_ONES = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1, dtype=np.uint8)
"""How many bits of each byte are 1."""


@dataclass
class Errors:
    """Counts over some items."""

    items: int = 0
    bit_errors: int = 0
    item_errors: int = 0
    """Items with at least one wrong bit."""

    def plus(self, other: Errors) -> Errors:
        """Return the counts of these items and those that follow."""
        return Errors(
            self.items + other.items,
            self.bit_errors + other.bit_errors,
            self.item_errors + other.item_errors,
        )


@block("error_rate", category="metrics")
class ErrorRate(GroupedSink[Errors]):
    """Count wrong bits (BER) and wrong items (BLER: the blocks of a code, frames, packets).

    Results:
        ``items``, ``item_errors`` and ``bler``, the share of items with at least one wrong bit;
        ``bits``, ``bit_errors`` and ``ber``, the share of wrong bits. Rates are null where nothing
        came. Where the tag ``segments`` changes its value on the way, a list ``segments`` has the
        same for each stretch. Where tags tell of losses, ``missing`` counts them.

    Example:
        >>> sent = np.array([[0b1010, 3], [0, 255]], np.uint8)
        >>> received = np.array([[0b1000, 3], [0, 255]], np.uint8)
        >>> found = ErrorRate()(received, sent)
        >>> found["bit_errors"], found["ber"], found["bler"]
        (1, 0.03125, 0.5)
    """

    bits: int = parameter(
        8,
        low=1,
        high=8,
        doc="Lowest bits of each byte that count: 8 where bits are packed, 1 where a byte is one.",
    )

    received = Input("uint8[...] | bool[...]", doc="Bits as they were decided.")
    sent = Input("uint8[...] | bool[...]", like="received", doc="Bits as sent.")

    def blank(self) -> Errors:
        return Errors()

    def start(self) -> None:
        item = self.input_types["received"]
        self._counted = 1 if item.dtype == "bool" else self.bits
        self._bits = item.size * self._counted
        self._mask = np.uint8((1 << self._counted) - 1)
        self.make_groups(_GROUP)

    def work(self, received: Array, sent: Array, at: int) -> None:
        self.gather(at, received, sent)

    def add(self, measure: Errors, *group: Array) -> None:
        received, sent = (x.view(np.uint8).reshape(len(x), -1) for x in group)
        wrong = _ONES[(received ^ sent) & self._mask]
        measure.bit_errors += int(wrong.sum(dtype=np.int64))
        measure.item_errors += int(wrong.any(axis=1).sum())

    def figures(self, measure: Errors) -> dict[str, Any]:
        items = measure.items
        bits = items * self._bits
        return {
            "items": items,
            "item_errors": measure.item_errors,
            "bler": measure.item_errors / items if items else None,
            "bits": bits,
            "bit_errors": measure.bit_errors,
            "ber": measure.bit_errors / bits if bits else None,
        }
