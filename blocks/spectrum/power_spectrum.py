"""The power spectrum of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    Output,
    StreamBlock,
    block,
    parameter,
    state,
)
from semradio.blocks.filters.tap_design import Window
from semradio.blocks.spectrum.segments import Segments, added_up, in_decibels


@block("power_spectrum", category="spectrum")
class PowerSpectrum(StreamBlock):
    """Measure the power spectrum by Welch's method: means of ``average`` windowed transforms.

    A segment of ``size`` samples begins every ``size - overlap`` samples; ``average`` segments in
    a row make one spectrum, and the next spectrum goes on with the next segment. ``density``
    gives power per Hz, the sum of which times sample_rate / size is the mean power of the signal
    (with the window's own blur); ``power`` gives a tone its mean power. ``decibels`` gives ten
    times their logarithm. Complex streams: ``size`` values from minus to plus half the sample
    rate, zero in the middle; real ones: size/2 + 1 values from 0 on, power of both signs of
    frequency added.

    As scipy.signal.welch with the same window and no detrending. A tag goes to the spectrum that
    its sample is first part of; samples at the end that fill no spectrum are left out, and a note
    says so.

    Raises:
        ParameterError: an overlap that is not shorter than a segment.

    Example:
        >>> tone = np.exp(2j * np.pi * 100 * np.arange(4096) / 1024).astype(np.complex64)
        >>> spectrum = PowerSpectrum(size=64, average=8, sample_rate=1024, scaling="power")(tone)
        >>> spectrum.shape, int(spectrum[0].argmax()), round(float(spectrum[0].max()), 1)
        ((15, 64), 38, 0.9)

    Source:
        Welch, IEEE Trans. Audio and Electroacoustics 15, 1967.
    """

    size: int = parameter(1024, low=2, high=1 << 22, unit="items", doc="Samples of a segment.")
    overlap: int | None = parameter(
        None, low=0, unit="items", doc="Samples that two segments share; half of size if not given."
    )
    average: int = parameter(8, low=1, doc="Segments for one spectrum.")
    window: Window = parameter("hann", doc="Window over each segment, periodic.")
    beta: float = parameter(6.76, low=0, high=100, doc="Shape of the Kaiser window.")
    sample_rate: float = parameter(1.0, above=0, unit="Hz", doc="Rate of the samples.")
    scaling: Literal["density", "power"] = parameter("density", doc="What a value means.")
    decibels: bool = parameter(False, doc="Whether to give 10 log10 of it.")

    x = Input("complex64 | float32", doc="A signal.")
    y = Output("float32[*]", doc="Spectra.")

    before: Array | None = state(None, doc="Samples from the start of the open segment on.")
    total: Array | None = state(None, doc="Sum over the segments of the open spectrum.")
    segments: int = state(0, doc="Segments so far.")

    def configure(self) -> None:
        self._segments = Segments(self.size, self.overlap, self.window, self.beta)
        density = self.sample_rate * self._segments.energy
        scale = density if self.scaling == "density" else self._segments.gain
        self._scale = 1 / (scale * self.average)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        real = inputs["x"].dtype == "float32"
        return {"y": ItemType("float32", (self.size // 2 + 1 if real else self.size,))}

    def work(self, x: Array, at: int) -> Array | None:
        powers, self.before = self._segments.take(self.before, x)
        spectra = []
        for power in powers:
            self.total = added_up(self.total, [power])
            self.segments += 1
            if self.segments % self.average == 0:
                assert self.total is not None  # just added to
                y = self._segments.arranged(self.total * self._scale)
                spectra.append((in_decibels(y) if self.decibels else y).astype(np.float32))
                self.total = None
        return np.stack(spectra) if spectra else None

    def flush(self) -> None:
        left = 0 if self.before is None else len(self.before)
        hop, open_segments = self._segments.hop, self.segments % self.average
        if open_segments or left > (self.size - hop if self.segments else 0):
            self.note(
                f"{left + open_segments * hop} samples at the end fill no spectrum and were left "
                "out"
            )

    def moved(self, index: int) -> int | None:
        return self._segments.first_with(index) // self.average
