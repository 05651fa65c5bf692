"""A picture of how a signal's spectrum changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from semradio.blocks.api import Array, Input, block, parameter, state
from semradio.blocks.filters.tap_design import Window
from semradio.blocks.sinks.picture_sink import PictureSink, remark, unit_of
from semradio.blocks.spectrum.segments import Segments, in_decibels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture


@block("waterfall_sink", category="sinks")
class WaterfallSink(PictureSink):
    """Draw the power density of a stream over frequency and time, the start at the top.

    Each line is the mean of as many segments of ``size`` samples (half of each shared with the
    next) as it takes to show the whole stream in ``rows`` to twice as many lines: one at first,
    and whenever twice ``rows`` are full, two lines become one. Colours span ``span`` dB below the
    highest value. PNG or SVG, by the ending of ``file``; the picture appears at the end of the
    stream, complete or not at all. Needs matplotlib (``pip install "semradio[figures]"``).

    Results:
        ``items``; ``file``; ``lines`` drawn and ``segments`` in each.

    Example:
        >>> chirp = SignalSource(waveform="chirp", stop_frequency=0.4, sweep=20_000, items=20_000)()
        >>> found = WaterfallSink(file="chirp.png", size=128)(chirp)
        >>> found["lines"], found["segments"]
        (311, 1)
    """

    size: int = parameter(512, low=8, high=1 << 20, unit="items", doc="Samples of a segment.")
    rows: int = parameter(256, low=1, high=4096, doc="Lines of the picture, at least.")
    window: Window = parameter("hann", doc="Window over each segment.")
    beta: float = parameter(6.76, low=0, high=100, doc="Shape of the Kaiser window.")
    sample_rate: float = parameter(1.0, above=0, unit="Hz", doc="Rate of the samples.")
    center: float = parameter(0.0, unit="Hz", doc="Frequency on the air of zero frequency here.")
    span: float = parameter(60.0, above=0, high=300, unit="dB", doc="Range of the colours.")

    x = Input("complex64 | float32", doc="A signal.")

    before: Array | None = state(None, doc="Samples from the start of the open segment on.")
    lines: list[Array] = state(factory=list, doc="Sum of |X|^2 in each line; the last one is open.")
    filled: int = state(0, doc="Segments in the open line.")
    depth: int = state(1, doc="Segments in each full line.")

    def configure(self) -> None:
        super().configure()
        self._segments = Segments(self.size, None, self.window, self.beta)

    def work(self, x: Array, at: int) -> None:
        self.items += len(x)
        powers, self.before = self._segments.take(self.before, x)
        for power in powers:
            if self.filled in (0, self.depth):
                self._open_line()
                self.lines.append(power.astype(np.float64))
                self.filled = 1
            else:
                self.lines[-1] = self.lines[-1] + power
                self.filled += 1

    def _open_line(self) -> None:
        """Make room for a line: where twice ``rows`` are full, every two become one."""
        if len(self.lines) == 2 * self.rows:
            self.lines = [a + b for a, b in zip(self.lines[::2], self.lines[1::2], strict=True)]
            self.depth *= 2

    def flush(self) -> None:
        if self.items and not self.lines:
            self.note(f"fewer samples than a segment of {self.size} came: nothing was drawn")
            return
        super().flush()

    def image(self) -> Array:
        """Return the power density of each line over frequency, in dB per Hz."""
        counts = np.full(len(self.lines), self.depth)
        counts[-1] = self.filled
        scale = self.sample_rate * self._segments.energy
        rows = [
            in_decibels(self._segments.arranged(line / (scale * count)))
            for line, count in zip(self.lines, counts, strict=True)
        ]
        return np.stack(rows)

    def draw(self, picture: Picture, axes: Axes) -> None:
        image = self.image()
        real = self.input_types["x"].dtype == "float32"
        frequencies = self.center + self._segments.frequencies(self.sample_rate, real)
        step = self.sample_rate / self.size / 2
        edges = frequencies[0] - step, frequencies[-1] + step
        factor, unit = unit_of(float(np.abs(edges).max()), "Hz")
        seconds = self.items / self.sample_rate
        top = float(image.max())
        axes.grid(False)
        shown = axes.imshow(
            image,
            aspect="auto",
            cmap="viridis",
            vmin=top - self.span,
            vmax=top,
            interpolation="nearest",
            extent=(edges[0] / factor, edges[1] / factor, seconds, 0),
        )
        place = axes.get_position()
        axes.set_position((place.x0, place.y0, place.width - 0.12, place.height))
        beside = picture.add_axes((place.x1 - 0.1, place.y0, 0.02, place.height))
        picture.colorbar(shown, cax=beside, label="power density (dB/Hz)")
        axes.set_xlabel(f"frequency ({unit})")
        axes.set_ylabel("time (s)")
        remark(axes, f"{len(image)} lines of {self.depth} segments of {self.size} samples")

    def results(self) -> dict[str, Any]:
        return super().results() | {"lines": len(self.lines), "segments": self.depth}
