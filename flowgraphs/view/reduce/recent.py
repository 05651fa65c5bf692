"""What metrics say of the last seconds, worked out from what they say of the whole run."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

COUNTS = ("items", "images")
"""Names under which metrics tell how many items they have seen."""

MEANS = frozenset(
    {
        "accuracy",
        "confidence",
        "mse",
        "ssim_global",
        "ssim_gauss11",
        "reference_power",
        "modified_power",
        "power",
    }
)
"""Metrics that are means over the items, so that totals of two moments give those between."""

_FROM_MSE = "psnr_db"


class Recent:
    """The metrics of one block over the last ``seconds``.

    A mean over n items times n is a sum; the difference of two sums, over the items between, is
    the mean of these. PSNR follows from the error. What is no mean (a peak, an estimate of the
    receiver) is passed on as it is.
    """

    def __init__(self, seconds: float = 3.0) -> None:
        self.seconds = seconds
        self._seen: deque[tuple[float, float, dict[str, float]]] = deque()

    def add(self, metrics: Mapping[str, float], now: float) -> dict[str, float]:
        """Return the metrics of the last seconds, given those of the whole run at ``now``."""
        count = next((metrics[name] for name in COUNTS if name in metrics), None)
        recent = dict(metrics)
        if count is None:
            return recent
        sums = {name: metrics[name] * count for name in MEANS & metrics.keys()}
        if self._seen and count < self._seen[-1][1]:
            # Another run.
            self._seen.clear()
        self._seen.append((now, count, sums))
        while len(self._seen) > 2 and self._seen[1][0] <= now - self.seconds:
            self._seen.popleft()
        _, before, earlier = self._seen[0]
        if count > before:
            for name, total in sums.items():
                if name in earlier:
                    recent[name] = (total - earlier[name]) / (count - before)
            if "mse" in sums and _FROM_MSE in recent and recent["mse"] > 0:
                recent[_FROM_MSE] = -10 * math.log10(recent["mse"])
        return recent
