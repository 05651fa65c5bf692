"""Complex symbols as the real features that models take."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import Array, Input, ItemType, Output, SyncBlock, block
from semradio.blocks.stream.complex_to_interleaved import REAL_OF


@block("complex_to_features", category="stream")
class ComplexToFeatures(SyncBlock):
    """Write each item's complex values as real features: the real part of ``x[i]`` at 2i.

    complex64[symbols,...] becomes float32[2 symbols,...]; along the first axis the imaginary part
    of value i stands at 2i + 1. ONNX has no complex numbers, so models take symbols like this:
    ``deepjscc_decoder`` does it by itself, before ``eavesdropper``, ``arn_transmitter``,
    ``arn_receiver`` and ``onnx_model`` this block does. ``features_to_complex`` undoes it.

    Example:
        >>> ComplexToFeatures()(np.complex64([[1 + 2j, 3 - 1j]]))
        array([[ 1.,  2.,  3., -1.]], dtype=float32)
    """

    x = Input("complex64[*] | complex64[*,*] | complex64[*,*,*]", doc="Items of complex values.")
    y = Output(doc="The same as real features, twice as many along the first axis.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        first, *others = inputs["x"].shape
        return {"y": ItemType(REAL_OF[inputs["x"].dtype], (2 * first, *others))}

    def work(self, x: Array, at: int) -> Array:
        y: Array = np.empty((len(x), 2 * x.shape[1], *x.shape[2:]), np.float32)
        y[:, 0::2], y[:, 1::2] = x.real, x.imag
        return y
