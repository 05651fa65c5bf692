"""The LDPC code of 5G NR, decoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    Output,
    SyncBlock,
    block,
    parameter,
    state,
)
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.coding.ldpc_encoder import wanted
from semradio.blocks.coding.min_sum import MinSum


@block("ldpc_decoder", category="coding")
class LdpcDecoder(SyncBlock):
    """Decode what ``ldpc_encoder`` sent: log-likelihood ratios give messages of bytes.

    The decoder is layered min-sum with an offset, in integers, so its output does not depend on
    what is decoded together. It stops, code block by code block, when all checks held in one
    iteration. ``order`` and ``base_graph`` are those of the encoder.

    Results:
        ``blocks``, code blocks; ``failed``, those whose checks did not all hold at the end, and
        ``bler``, their share; ``iterations``, the mean over code blocks (null where none came).

    Raises:
        ParameterError: message and coded bits make no code.
        StreamError: a ratio is NaN or infinite.

    Example:
        >>> sent = LdpcEncoder(coded_bits=240)(np.arange(10, dtype=np.uint8)[None])
        >>> LdpcDecoder(message_size=10)(4 - 8 * sent.astype(np.float32))
        array([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]], dtype=uint8)

    Source:
        3GPP TS 38.212, section 5.3.2; Chen et al., "Reduced-complexity decoding of LDPC codes",
        IEEE Trans. Communications 53(8), 2005.
    """

    message_size: int = parameter(low=1, unit="bytes", doc="Bytes of each message.")
    order: int = parameter(
        16, choices=(4, 16, 64, 256), doc="Points of the constellation that was sent."
    )
    base_graph: int | None = parameter(
        None, choices=(None, 1, 2), doc="1 or 2; if not given, as the standard chooses."
    )
    iterations: int = parameter(20, low=1, high=1000, doc="Iterations at most.")
    offset: float = parameter(
        0.5, low=0, high=16, doc="Taken off each message, as a log-likelihood ratio."
    )

    x = Input("float32[*]", doc="Log-likelihood ratios, positive where 0 is likelier.")
    y = Output(doc="Messages, bytes.")

    blocks: int = state(0, doc="Code blocks so far.")
    failed: int = state(0, doc="Code blocks whose checks did not hold.")
    spent: int = state(0, doc="Iterations so far, over all code blocks.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        wanted(self.message_size, inputs["x"].shape[0], self.order, self.base_graph)
        return {"y": ItemType("uint8", (self.message_size,))}

    def start(self) -> None:
        coded = self.input_types["x"].shape[0]
        self._way = way = wanted(self.message_size, coded, self.order, self.base_graph)
        self._decode = MinSum(way.graph, way.size, way.columns, self.iterations, self.offset)

    def work(self, x: Array, at: int) -> Array:
        check_finite(x, at, "x")
        way = self._way
        ratios = np.zeros((len(x), way.blocks, way.columns * way.size), np.float32)
        first = 0
        for k, length in enumerate(way.lengths):
            _add(ratios[:, k], way.places(length), x[:, first : first + length])
            first += length
        found = self._decode(ratios.reshape(-1, ratios.shape[2]), way.filled - way.held)
        self.blocks += len(found.good)
        self.failed += int(len(found.good) - found.good.sum())
        self.spent += int(found.iterations.sum())
        return np.packbits(way.join(found.bits), axis=1)

    def results(self) -> dict[str, Any]:
        counts = {"blocks": self.blocks, "failed": self.failed}
        if not self.blocks:
            return {**counts, "bler": None, "iterations": None}
        return {
            **counts,
            "bler": self.failed / self.blocks,
            "iterations": self.spent / self.blocks,
        }


def _add(ratios: Array, places: Array, received: Array) -> None:
    """Add what was received to the ratios of its bits, which may have been sent repeatedly."""
    if len(np.unique(places)) == len(places):
        ratios[:, places] = received
    else:
        for row, each in zip(ratios, received, strict=True):
            np.add.at(row, places, each)
