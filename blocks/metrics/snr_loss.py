"""What a link costs against the ideal channel of the same SNR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from semradio.blocks.api import Array, Input, block, parameter
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.arithmetic.power import decibels, total_power
from semradio.blocks.metrics.groups import GroupedSink

_GROUP = 256


@dataclass
class Discrepancy:
    """How far received items lie from sent ones."""

    items: int = 0
    error: float = 0.0
    """Sum of ||y - x||^2."""

    def plus(self, other: Discrepancy) -> Discrepancy:
        """Return the measure of these items and those that follow."""
        return Discrepancy(self.items + other.items, self.error + other.error)


@block("snr_loss", category="metrics")
class SnrLoss(GroupedSink[Discrepancy]):
    """Measure how much more error a link has than white Gaussian noise of the same SNR makes.

    With x the sent and y the received items, ``effective_db`` is ``10 log10(signal_power / E||y -
    x||^2)``, the SNR that ``awgn_channel`` would need to be as bad, and ``loss_db`` is ``snr_db``
    less that: what synchronisation, equalisation and hardware cost, 0 for a receiver that knows
    everything. The statistical error of N items of M real values is about ``6.1 / sqrt(N M)`` dB
    where errors are independent.

    Results:
        ``items``, ``effective_db`` and ``loss_db``, which are null where no item came or none
        differs. Where the tag ``segments`` changes its value on the way, a list ``segments`` has
        the same for each stretch.

        Where tags tell of losses, ``missing`` counts them: ``gap``, items that are not there, and
        ``filled``, items that stand in for lost ones and are not measured.

    Raises:
        StreamError: an item holds NaN or infinity.

    Example:
        >>> sent = np.ones((10_000, 4), np.float32) / 2
        >>> received = AwgnChannel(snr_db=8, seed=1)(sent)
        >>> round(SnrLoss(snr_db=10)(sent, received)["loss_db"], 1)
        2.0
    """

    snr_db: float = parameter(
        10.0, unit="dB", low=-100, high=200, doc="The SNR that the link has been given."
    )
    signal_power: float = parameter(
        1.0, above=0, doc="Mean power E||x||^2 of one item to which that SNR refers (linear)."
    )

    sent = Input("float32[...] | complex64[...]", doc="The sent items.")
    received = Input("float32[...] | complex64[...]", like="sent", doc="The received items.")

    def blank(self) -> Discrepancy:
        return Discrepancy()

    def start(self) -> None:
        self.make_groups(_GROUP)

    def work(self, sent: Array, received: Array, at: int) -> None:
        check_finite(sent, at, "sent")
        check_finite(received, at, "received")
        self.gather(at, sent, received)

    def add(self, measure: Discrepancy, *group: Array) -> None:
        sent, received = group
        measure.error += total_power(np.subtract(received, sent))

    def figures(self, measure: Discrepancy) -> dict[str, Any]:
        effective = None
        if measure.items and measure.error:
            effective = decibels(self.signal_power * measure.items / measure.error)
        return {
            "items": measure.items,
            "effective_db": effective,
            "loss_db": None if effective is None else self.snr_db - effective,
        }
