"""A picture of symbols in the complex plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from semradio.blocks.api import Array, Input, block, parameter, state
from semradio.blocks.sinks.picture import BLUE, FAINT
from semradio.blocks.sinks.picture_sink import PictureSink, remark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture


@block("constellation_sink", category="sinks")
class ConstellationSink(PictureSink):
    """Draw the latest ``points`` symbols in the complex plane.

    Items with a shape give one point for each of their values. PNG or SVG, by the ending of
    ``file``; the picture appears at the end of the stream, complete or not at all. Needs
    matplotlib (``pip install "semradio[figures]"``).

    Results:
        ``items``; ``file``, null if nothing came.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> rails = rng.choice([-1, 1], (500, 2)).astype(np.float32)
        >>> noisy = AwgnChannel(snr_db=15, signal_power=2)(rails.view(np.complex64)[:, 0])
        >>> ConstellationSink(file="qpsk.png", title="QPSK at 15 dB")(noisy)
        {'items': 500, 'file': 'qpsk.png'}
    """

    points: int = parameter(4096, low=1, high=1_000_000, doc="Points to draw, the latest ones.")
    extent: float | None = parameter(
        None, above=0, doc="Largest value on both axes; by the points if not given."
    )

    x = Input("complex64[...]", doc="Symbols.")

    kept: Array = state(factory=lambda: np.empty(0, np.complex64), doc="The latest points.")

    height = 5.45

    def work(self, x: Array, at: int) -> None:
        self.items += len(x)
        new = x.reshape(-1)[-self.points :]
        held = np.concatenate([self.kept, new])
        self.kept = held[max(0, len(held) - self.points) :].copy()

    def draw(self, picture: Picture, axes: Axes) -> None:
        points = self.kept
        good = points[np.isfinite(points)]
        rails = good.view(np.float32)
        extent = self.extent or 1.1 * float(np.abs(rails).max(initial=0)) or 1.0
        for line in (axes.axhline, axes.axvline):
            line(0, color=FAINT, linewidth=0.6)
        # The more points, the fainter: where they lie dense stays to be seen.
        alpha = float(np.clip(40 / np.sqrt(max(1, len(good))), 0.08, 0.8))
        axes.plot(good.real, good.imag, ".", color=BLUE, markersize=3, alpha=alpha, mew=0)
        axes.set(xlim=(-extent, extent), ylim=(-extent, extent), aspect="equal")
        axes.set_xlabel("in phase")
        axes.set_ylabel("quadrature")
        remark(axes, f"the latest {len(points)} symbols")
