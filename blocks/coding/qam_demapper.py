"""What received QAM symbols tell about their bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    Output,
    SyncBlock,
    block,
    parameter,
)
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.coding.constellation import ORDERS, ratios


@block("qam_demapper", category="coding")
class QamDemapper(SyncBlock):
    """Give the log-likelihood ratio of each bit of QAM symbols: ln P(0) / P(1), given the symbol.

    complex64[n] gives float32[n * log2(order)]; positive means 0. The symbols have mean power 1,
    as ``qam_mapper`` makes them, and ``snr_db`` is the ratio of that power to that of the noise
    on a symbol (both rails together), the convention of ``awgn_channel`` with the signal power
    of n symbols, ``signal_power: n``.

    Raises:
        StreamError: a symbol is NaN or infinite.

    Example:
        >>> QamDemapper(order=4, snr_db=0)(np.complex64([[1 + 1j, -1 - 1j]])).round(2)
        array([[ 2.83,  2.83, -2.83, -2.83]], dtype=float32)

    Source:
        3GPP TS 38.211, section 5.1, for the constellations.
    """

    order: int = parameter(16, choices=ORDERS, doc="Points of the constellation.")
    snr_db: float = parameter(
        10.0, unit="dB", low=-100, high=200, live=True, doc="Signal-to-noise ratio of a symbol."
    )
    method: str = parameter(
        "max-log",
        choices=("exact", "max-log"),
        doc="Sum over all points, or over the nearest of either kind alone.",
    )

    x = Input("complex64[*]", doc="Received symbols.")
    y = Output(doc="Log-likelihood ratios.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        (symbols,) = inputs["x"].shape
        return {"y": ItemType("float32", (symbols * (self.order.bit_length() - 1),))}

    def work(self, x: Array, at: int) -> Array:
        check_finite(x, at, "x")
        method: Any = self.method
        return ratios(x, self.order, 10 ** (-self.snr_db / 10), method)
