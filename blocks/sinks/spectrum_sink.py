"""A picture of a signal's spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from semradio.blocks.api import Array, Input, block, parameter, state
from semradio.blocks.filters.tap_design import Window
from semradio.blocks.sinks.picture import BLUE
from semradio.blocks.sinks.picture_sink import PictureSink, remark, unit_of
from semradio.blocks.spectrum.segments import Segments, added_up, in_decibels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture


@block("spectrum_sink", category="sinks")
class SpectrumSink(PictureSink):
    """Draw the power density of a whole stream over frequency, in dB per Hz, by Welch's method.

    Segments of ``size`` samples that overlap by half, windowed. With ``center`` the axis shows
    frequencies on the air. PNG or SVG, by the ending of ``file``; the picture appears at the end
    of the stream, complete or not at all; a stream shorter than a segment gives none, and a note
    says so. Needs matplotlib (``pip install "semradio[figures]"``).

    Results:
        ``items``; ``file``; ``peak_hz``, the frequency of the highest value (``center``
        included), and ``peak_db``, the power per Hz there; null if nothing was measured.

    Example:
        >>> tone = np.exp(2j * np.pi * 100 * np.arange(8192) / 1024).astype(np.complex64)
        >>> noisy = AwgnChannel(snr_db=20)(tone)
        >>> SpectrumSink(file="spectrum.png", size=256, sample_rate=1024)(noisy)["peak_hz"]
        100.0
    """

    size: int = parameter(1024, low=8, high=1 << 22, unit="items", doc="Samples of a segment.")
    window: Window = parameter("hann", doc="Window over each segment.")
    beta: float = parameter(6.76, low=0, high=100, doc="Shape of the Kaiser window.")
    sample_rate: float = parameter(1.0, above=0, unit="Hz", doc="Rate of the samples.")
    center: float = parameter(0.0, unit="Hz", doc="Frequency on the air of zero frequency here.")

    x = Input("complex64 | float32", doc="A signal.")

    before: Array | None = state(None, doc="Samples from the start of the open segment on.")
    total: Array | None = state(None, doc="Sum of |X|^2 over the segments.")
    segments: int = state(0, doc="Segments so far.")

    def configure(self) -> None:
        super().configure()
        self._segments = Segments(self.size, None, self.window, self.beta)

    def work(self, x: Array, at: int) -> None:
        self.items += len(x)
        powers, self.before = self._segments.take(self.before, x)
        self.total = added_up(self.total, powers)
        self.segments += len(powers)

    def flush(self) -> None:
        if self.items and self.total is None:
            self.note(f"fewer samples than a segment of {self.size} came: no spectrum was drawn")
            return
        super().flush()

    def spectrum(self) -> tuple[Array, Array]:
        """Return frequencies in Hz and the mean power density at each, in dB per Hz."""
        assert self.total is not None  # something came
        scale = self.sample_rate * self._segments.energy * self.segments
        density = self._segments.arranged(self.total / scale)
        real = self.input_types["x"].dtype == "float32"
        frequencies = self._segments.frequencies(self.sample_rate, real)
        return self.center + frequencies, in_decibels(density)

    def draw(self, picture: Picture, axes: Axes) -> None:
        frequencies, level = self.spectrum()
        factor, unit = unit_of(float(np.abs(frequencies).max()), "Hz")
        axes.plot(frequencies / factor, level, color=BLUE, linewidth=0.9)
        axes.margins(x=0)
        # Zeros in the signal lie hundreds of dB below everything that is of interest.
        axes.set_ylim(bottom=max(float(level.min()), float(level.max()) - 120) - 3)
        axes.set_xlabel(f"frequency ({unit})")
        axes.set_ylabel("power density (dB/Hz)")
        remark(axes, f"mean of {self.segments} segments of {self.size} samples")

    def results(self) -> dict[str, Any]:
        found = super().results()
        if self.total is None:
            return found | {"peak_hz": None, "peak_db": None}
        frequencies, level = self.spectrum()
        place = int(level.argmax())
        return found | {"peak_hz": float(frequencies[place]), "peak_db": float(level[place])}
