"""The correlation of a stream with a known sequence."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, Input, Output, ParameterError, block, parameter
from semradio.blocks.filters.filter_block import FilterBlock
from semradio.blocks.filters.fir_filter import as_taps

_QUIET = 1e-9
"""Of the energy before: what is below is rounding."""


@block("correlate", category="spectrum")
class Correlate(FilterBlock):
    """Compare a stream with a sequence: ``y[n] = sum_k x[n - L + 1 + k] s*[k]``, L its length.

    So ``y`` peaks on the last sample of each copy of the sequence s. As ``numpy.correlate(x, s)``
    with L - 1 zeros before the stream. With ``normalise`` the result is divided by the lengths of
    both vectors, and its magnitude lies between 0 and 1, which only a copy reaches, however
    strong; where the stream is zero, or 90 dB below what was there just before, it is 0.

    Raises:
        ParameterError: an empty sequence, or one of zeros.

    Example:
        >>> word = [1, 1, -1]
        >>> Correlate(sequence=word)(np.float32([0, 1, 1, -1, 0]))
        array([ 0., -1.,  0.,  3.,  0.], dtype=float32)
    """

    sequence: list[float | str] = parameter(
        doc="The sequence, first item first; complex ones are written '0.5-1j'."
    )
    normalise: bool = parameter(False, doc="Whether to divide by the strength of the signal.")

    x = Input("complex64 | float32", doc="A signal.")
    y = Output(doc="The correlation; complex64 if the signal or the sequence is complex.")

    def configure(self) -> None:
        sequence = as_taps(self.sequence, "sequence")
        self._energy = float(np.sum(np.abs(sequence) ** 2))
        if not self._energy:
            raise ParameterError("parameter 'sequence' must not be all zeros", "sequence")
        self.use_taps(sequence[::-1].conj(), 1, 1)

    def filtered(self, line: Array) -> Array:
        y = super().filtered(line)
        if not self.normalise:
            return y
        energy = self._window_energy(line) * self._energy
        strength = np.sqrt(energy).astype(np.float32)
        heard = strength > 0
        return np.divide(y, strength, out=np.zeros_like(y), where=heard)

    def _window_energy(self, line: Array) -> Array:
        """Return the energy of the samples under the sequence, for each output, float64."""
        reach, step = self.kernel.history + 1, self.kernel.step
        found = []
        for first in range(0, len(line) - reach + 1, step):
            part = line[first : first + step + reach - 1]
            # Sums from the start of each step on: the same for every cut of the stream.
            total = np.cumsum(np.square(part.real, dtype=np.float64) + np.square(part.imag))
            energy = total[reach - 1 :].copy()
            energy[1:] -= total[:-reach]
            energy[energy < _QUIET * total[reach - 1 :]] = 0
            found.append(energy)
        return np.concatenate(found)
