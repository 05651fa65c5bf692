"""The LDPC code of 5G NR, encoder."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    Output,
    ParameterError,
    SyncBlock,
    block,
    parameter,
)
from semradio.blocks.coding.ldpc_code import encode
from semradio.blocks.coding.transport import Transport, transport


def wanted(message_size: int, coded_bits: int, order: int, base_graph: int | None) -> Transport:
    """Return how messages of so many bytes are sent.

    Raises ParameterError where the numbers make no code.
    """
    try:
        return transport(8 * message_size, coded_bits, order.bit_length() - 1, base_graph)
    except ParameterError as error:
        raise ParameterError(str(error), "coded_bits") from None


@block("ldpc_encoder", category="coding")
class LdpcEncoder(SyncBlock):
    """Encode each message with the LDPC code of 5G NR: uint8[n] bytes give ``coded_bits`` bits.

    Messages of any length are cut into code blocks with a check of 24 bits each (none where one
    block is enough), filled, encoded and matched to the rate with redundancy version 0; the bits
    of each QAM symbol of ``order`` points come from stretches far apart. The rate is 8 n /
    ``coded_bits``, from about 1/5 (below, bits are repeated) to above 0.9.

    Raises:
        ParameterError: ``coded_bits`` are not whole symbols, or not more than the message has.

    Example:
        >>> LdpcEncoder(coded_bits=240)(np.zeros((2, 10), np.uint8)).shape
        (2, 240)

    Source:
        3GPP TS 38.212, sections 5.2.2, 5.3.2, 5.4.2 and 5.5; base graph as in 7.2.2.
    """

    coded_bits: int = parameter(low=2, unit="bits", doc="Bits that are sent of each message.")
    order: int = parameter(16, choices=(4, 16, 64, 256), doc="Points of the constellation to come.")
    base_graph: int | None = parameter(
        None, choices=(None, 1, 2), doc="1 or 2; if not given, as the standard chooses."
    )

    x = Input("uint8[*]", doc="Messages, bytes.")
    y = Output(doc="Coded bits, one to a byte.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        wanted(inputs["x"].shape[0], self.coded_bits, self.order, self.base_graph)
        return {"y": ItemType("uint8", (self.coded_bits,))}

    def start(self) -> None:
        length = self.input_types["x"].shape[0]
        self._way = wanted(length, self.coded_bits, self.order, self.base_graph)

    def work(self, x: Array, at: int) -> Array:
        way = self._way
        blocks = way.segment(np.unpackbits(x, axis=1))
        words = encode(blocks, way.graph, way.size, way.columns)
        words = words.reshape(len(x), way.blocks, words.shape[1])
        parts = [words[:, k, way.places(length)] for k, length in enumerate(way.lengths)]
        return np.concatenate(parts, axis=1)
