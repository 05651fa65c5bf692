"""Pieces of several streams, one after the other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    ItemTypeError,
    Output,
    ParameterError,
    RateBlock,
    block,
    parameter,
)


@block("stream_mux", category="stream")
class StreamMux(RateBlock):
    """Join streams to one: ``lengths[0]`` items of the first, ``lengths[1]`` of the second, ...

    The pieces arrive as vectors, one item each: input k carries ``T[lengths[k]]``, from
    ``stream_to_vector`` with ``length`` or straight from a block that gives frames, and the
    output carries T. So every input gives one item a turn, whatever the lengths; otherwise like
    GNU Radio's Stream Mux. Tags go to the first item of their turn.

    Raises:
        ItemTypeError: the vectors have other lengths or different dtypes.

    Example:
        >>> StreamMux(lengths=[1, 2])(np.float32([[1], [2]]), np.float32([[10, 11], [20, 21]]))
        array([ 1., 10., 11.,  2., 20., 21.], dtype=float32)
    """

    lengths: list[int] = parameter(unit="items", doc="Items of each stream in one turn.")

    x = Input("any[...]", doc="The streams as vectors: x[0], x[1], ..., one for each length.")
    y = Output(doc="Their items in turn.")

    def configure(self) -> None:
        if not self.lengths or min(self.lengths) < 1 or len(self.lengths) > 1024:
            raise ParameterError(
                "parameter 'lengths' must hold 1 to 1024 lengths of at least 1 item, not "
                f"{self.lengths}",
                "lengths",
            )
        self._ports = []
        for k in range(len(self.lengths)):
            port = Input("any[...]", doc=f"Vectors of {self.lengths[k]} items.")
            port.name = f"x[{k}]"
            self._ports.append(port)

    def input_ports(self) -> Sequence[Input]:
        return self._ports

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        dtypes = {item.dtype for item in inputs.values()}
        shapes = {item.shape[1:] for item in inputs.values()}
        if len(dtypes) > 1 or len(shapes) > 1:
            shown = ", ".join(map(str, inputs.values()))
            raise ItemTypeError(
                f"the inputs of block '{self.name}' must be vectors of one type, not {shown}"
            )
        for (name, item), length in zip(inputs.items(), self.lengths, strict=False):
            if not item.shape or item.shape[0] != length:
                raise ItemTypeError(
                    f"input '{name}' of block '{self.name}' takes vectors of {length} items, not "
                    f"{item}; 'stream_to_vector' with length {length} makes them"
                )
        return {"y": ItemType(dtypes.pop(), shapes.pop())}

    def rate(self) -> tuple[int, int]:
        return 1, sum(self.lengths)

    def work(self, *parts: object) -> Array:
        arrays = [part for part in parts if isinstance(part, np.ndarray)]
        item = self.output_item_types["y"]
        joined = np.concatenate(
            [part.reshape(len(part), -1) for part in arrays], axis=1, dtype=item.numpy
        )
        return joined.reshape(
            -1 if not item.shape else joined.size // math.prod(item.shape), *item.shape
        )
