"""The Fourier transform of vectors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import scipy.fft  # type: ignore[import-untyped]

from semradio.blocks.api import Array, Input, ItemType, Output, SyncBlock, block, parameter
from semradio.blocks.filters.tap_design import Window, window_of


@block("fft", category="spectrum")
class Fft(SyncBlock):
    """Transform vectors: ``y[k] = sum_n w[n] x[n] exp(-2 pi j k n / N)``, N the vector's length.

    With ``forward: false`` the exponent is positive; neither direction is scaled, as in GNU
    Radio: forward and back make N times the vector. ``shift`` puts zero frequency into the
    middle, of the output forward and of the input back. The window w is symmetric, as GNU Radio's
    are.

    Example:
        >>> Fft()(np.complex64([[1, 0, 0, 0], [1, 1, 1, 1]])).real
        array([[1., 1., 1., 1.],
               [4., 0., 0., 0.]], dtype=float32)
    """

    forward: bool = parameter(True, doc="Direction.")
    window: Window = parameter("rectangular", doc="Weights of the samples of a vector.")
    beta: float = parameter(6.76, low=0, high=100, doc="Shape of the Kaiser window.")
    shift: bool = parameter(False, doc="Whether zero frequency stands in the middle.")

    x = Input("complex64[*] | float32[*]", doc="Vectors of samples.")
    y = Output("complex64[*]", doc="Their spectra.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": ItemType("complex64", inputs["x"].shape)}

    def start(self) -> None:
        size = self.input_types["x"].shape[0]
        window = window_of(self.window, size, self.beta).astype(np.float32)
        self._window = None if self.window == "rectangular" else window

    def work(self, x: Array, at: int) -> Array:
        x = np.ascontiguousarray(x)
        if self._window is not None:
            x = x * self._window
        if not self.forward:
            if self.shift:
                x = scipy.fft.ifftshift(x, axes=1)
            return np.asarray(scipy.fft.ifft(x, norm="forward"))
        y: Array = scipy.fft.fft(x)
        return np.asarray(scipy.fft.fftshift(y, axes=1)) if self.shift else y
