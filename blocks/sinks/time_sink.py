"""A picture of a signal over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from semradio.blocks.api import Array, Input, block, parameter, state
from semradio.blocks.sinks.picture import BLUE, VERMILION
from semradio.blocks.sinks.picture_sink import PictureSink, remark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture


@block("time_sink", category="sinks")
class TimeSink(PictureSink):
    """Draw ``samples`` samples of a stream over time, from ``skip`` on: an oscilloscope's picture.

    Complex streams give two curves, I and Q. PNG or SVG, by the ending of ``file``; the picture
    appears at the end of the stream, complete or not at all. Needs matplotlib (``pip install
    "semradio[figures]"``).

    Results:
        ``items``; ``file``, null if nothing came.

    Example:
        >>> tone = np.exp(0.1j * np.arange(200)).astype(np.complex64)
        >>> TimeSink(file="tone.png", samples=200, title="A tone")(tone)
        {'items': 200, 'file': 'tone.png'}
    """

    samples: int = parameter(1000, low=1, high=1_000_000, unit="items", doc="Samples to draw.")
    skip: int = parameter(0, low=0, unit="items", doc="Samples before the first one drawn.")
    sample_rate: float | None = parameter(
        None, above=0, unit="Hz", doc="Rate, for an axis in seconds; null: in samples."
    )

    x = Input("complex64 | float32", doc="A signal.")

    kept: list[Array] = state(factory=list, doc="Pieces to draw.")

    height = 2.6

    def work(self, x: Array, at: int) -> None:
        self.items += len(x)
        start, end = self.skip - at, self.skip + self.samples - at
        if end > 0 and start < len(x):
            self.kept.append(x[max(0, start) : end].copy())

    def draw(self, picture: Picture, axes: Axes) -> None:
        y = np.concatenate(self.kept) if self.kept else np.empty(0, np.float32)
        place = self.skip + np.arange(len(y))
        time = place / self.sample_rate if self.sample_rate else place
        if np.iscomplexobj(y):
            axes.plot(time, y.real, color=BLUE, linewidth=0.9, label="I")
            axes.plot(time, y.imag, color=VERMILION, linewidth=0.9, linestyle="--", label="Q")
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1), frameon=False, fontsize=8, ncols=2)
        else:
            axes.plot(time, y, color=BLUE, linewidth=0.9)
        axes.margins(x=0)
        axes.set_xlabel("time (s)" if self.sample_rate else "sample")
        axes.set_ylabel("amplitude")
        remark(axes, f"{len(y)} of {self.items} samples")
