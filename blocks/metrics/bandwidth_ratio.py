"""How many channel uses a source value costs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from semradio.blocks.api import Array, Input, Sink, Tag, block, state
from semradio.blocks.picture_tag import PICTURE, told_by


@block("bandwidth_ratio", category="metrics")
class BandwidthRatio(Sink):
    """Count the channel uses that each value of a source costs, so that links compare fairly.

    A complex symbol is one channel use, and a real one half of one. Items of both inputs belong to
    each other one by one.

    Tiles of a picture (items with the tag ``picture``, as ``image_source`` gives it) have pixels in
    common, and may lie over its edges: a picture costs more than its code says, and how much is
    told.

    Results:
        ``source_values`` and ``channel_uses`` of an item; ``ratio``, the latter over the former:
        k/n; ``values_per_use``, its inverse; ``symbol_power``, the mean power of a channel use
        (null where nothing came); ``pictures``, how many began, and ``ratio_of_pictures``, the
        channel uses of all their tiles over the values of these pictures (null without pictures).

    Raises:
        StreamError: a tag ``picture`` tells no picture.

    Example:
        >>> source, symbols = np.zeros((2, 28, 28), np.uint8), np.ones((2, 98), np.complex64)
        >>> found = BandwidthRatio()(source, symbols)
        >>> found["ratio"], found["symbol_power"]
        (0.125, 1.0)
    """

    listens = (PICTURE,)

    source = Input("any[...]", doc="What is to be sent.")
    symbols = Input("floating[...] | complex64[...] | complex128[...]", doc="What is sent.")

    items: int = state(0, doc="Items so far.")
    energy: float = state(0.0, doc="Sum of their energies.")
    told: dict[str, Any] | None = state(None, doc="What the tag of the next item tells.")
    pictures: int = state(0, doc="Pictures of which the first tile came.")
    pixels: int = state(0, doc="Pixels that these have.")
    tiles: int = state(0, doc="Items that are tiles of pictures.")

    def start(self) -> None:
        self._values = self.input_types["source"].size
        self._channels = math.prod(self.input_types["source"].shape[2:])
        symbols = self.input_types["symbols"]
        self._uses = symbols.size if symbols.dtype.startswith("complex") else symbols.size / 2

    def on_tag(self, tag: Tag) -> None:
        # Both inputs may carry it to the same item.
        self.told = told_by(tag)

    def work(self, source: Array, symbols: Array, at: int) -> None:
        told, self.told = self.told, None
        if told is not None:
            self.tiles += 1
            if told["top"] == told["left"] == 0:
                self.pictures += 1
                self.pixels += told["rows"] * told["columns"]
        # Item by item, in their order, so that the sum does not depend on how they come.
        for item in symbols.reshape(len(symbols), -1):
            self.energy += float(np.vdot(item, item).real)
        self.items += len(symbols)

    def results(self) -> dict[str, Any]:
        total = self.items * self._uses
        return {
            "source_values": self._values,
            "channel_uses": self._uses,
            "ratio": self._uses / self._values,
            "values_per_use": self._values / self._uses,
            "symbol_power": self.energy / total if total else None,
            "pictures": self.pictures,
            "ratio_of_pictures": self.tiles * self._uses / (self.pixels * self._channels)
            if self.pixels
            else None,
        }
