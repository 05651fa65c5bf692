"""Which modulation and code to use at which SNR."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    Output,
    ParameterError,
    SyncBlock,
    block,
    parameter,
    state,
)
from semradio.blocks.arithmetic.finite import check_finite

MODE = "mode"
"""Key of the tag that tells the mode from its item on."""


@block("link_adaptation", category="coding")
class LinkAdaptation(SyncBlock):
    """Choose a mode (modulation and code) for each item by the SNR, with hysteresis.

    Mode m needs ``thresholds[m - 1]`` dB; mode 0 needs nothing. As soon as the SNR is below what
    the mode needs, the highest mode whose threshold it reaches takes its place. A higher mode is
    taken only where the SNR has been ``hysteresis`` dB above its threshold for ``hold`` items in a
    row, this one included: so the choice does not flutter where the SNR does.

    ``mode`` has the number for ``mode_selector``, and the tag ``mode`` stands on item 0 and on
    each item from which another one counts.

    Results:
        ``items`` in each mode, a list; ``changes`` from one to another.

    Raises:
        ParameterError: thresholds do not rise.
        StreamError: an SNR is NaN or infinite.

    Example:
        >>> choose = LinkAdaptation(thresholds=[5, 10], hysteresis=1)
        >>> choose(np.float32([4, 5.5, 6, 5.1, 4.9, 11, 10]))
        array([0, 0, 1, 1, 0, 2, 2], dtype=int32)

    Source:
        Goldsmith & Chua, "Adaptive coded modulation for fading channels", IEEE Trans.
        Communications 46(5), 1998.
    """

    thresholds: list[float] = parameter(
        unit="dB", doc="SNR from which on mode 1, 2, ... holds, rising."
    )
    hysteresis: float = parameter(
        1.0, low=0, high=60, unit="dB", live=True, doc="By how much more a higher mode is taken."
    )
    hold: int = parameter(
        1, low=1, unit="items", live=True, doc="For how long the SNR must have been there."
    )

    snr_db = Input("float32", doc="The SNR in dB, as it is known when the item is sent.")
    mode = Output("int32", doc="The mode, counted from 0.")

    now: int | None = state(None, doc="The mode of the latest item; None before the first.")
    waiting: list[int] = state(
        factory=list, doc="For each mode but 0, how many items in a row its SNR was there."
    )
    items: list[int] = state(factory=list, doc="Items so far in each mode.")
    changes: int = state(0, doc="Changes of the mode so far.")

    def configure(self) -> None:
        if not self.thresholds or any(a >= b for a, b in pairwise(self.thresholds)):
            raise ParameterError(
                f"parameter 'thresholds' must rise, such as [5, 10], not {self.thresholds}",
                "thresholds",
            )

    def work(self, snr_db: Array, at: int) -> Array:
        check_finite(snr_db, at, "snr_db")
        modes = np.empty(len(snr_db), np.int32)
        if not self.items:
            self.items, self.waiting = (
                [0] * (len(self.thresholds) + 1),
                [0] * len(self.thresholds),
            )
        for k, snr in enumerate(snr_db.tolist()):
            mode = self._chosen(snr)
            if mode != self.now:
                self.changes += self.now is not None
                self.now = mode
                self.tag(MODE, mode, at + k)
            self.items[mode] += 1
            modes[k] = mode
        return modes

    def _chosen(self, snr: float) -> int:
        """Return the mode of an item."""
        reached = sum(snr >= threshold for threshold in self.thresholds)
        for m, threshold in enumerate(self.thresholds):
            enough = snr >= threshold + self.hysteresis
            self.waiting[m] = self.waiting[m] + 1 if enough else 0
        ready = sum(count >= self.hold for count in self.waiting)
        return max(ready, min(reached, self.now or 0))

    def results(self) -> dict[str, Any]:
        return {"items": self.items or [0] * (len(self.thresholds) + 1), "changes": self.changes}
