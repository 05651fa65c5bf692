"""An oscillator whose phase is exact at any index."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

Rotation = npt.NDArray[np.complex64]

_LENGTH = 4096
"""Samples computed at once; blocks of them begin at multiples of it."""

_FINE = 64
"""Samples of a ramp whose phases are computed one by one; the others are products."""


class Oscillator:
    """A rotation ``exp(2 pi i (turns + frequency m + drift m^2 / 2))``, m = n - since.

    Samples are functions of the arguments and n alone, bit for bit, in whatever pieces they are
    read. The phase at the start of each block of samples is computed without rounding, and inside
    it in double precision, so it does not degrade however large n is.

    Args:
        frequency: in cycles per sample.
        drift: change of the frequency, in cycles per sample and sample.
        turns: phase of sample ``since``, in turns.
        since: index at which this law begins.
    """

    def __init__(
        self, frequency: float, drift: float = 0.0, turns: float = 0.0, since: int = 0
    ) -> None:
        self._frequency, self._drift = Fraction(frequency), Fraction(drift)
        self._turns, self._since = Fraction(turns), since
        step = np.arange(_LENGTH)
        self._table = np.exp(2j * np.pi * (frequency * step + drift / 2 * step**2))
        self._block = np.empty(0, np.complex64)
        self._block_number = -1

    def turns(self, index: int) -> float:
        """Return the phase of sample ``index`` in turns, 0 to 1."""
        m = index - self._since
        return float((self._turns + self._frequency * m + self._drift * m * m / 2) % 1)

    def samples(self, index: int, count: int) -> Rotation:
        """Return the samples ``index`` to ``index + count - 1``, complex64[count]."""
        y = np.empty(count, np.complex64)
        done = 0
        while done < count:
            number, first = divmod(index + done - self._since, _LENGTH)
            taken = min(_LENGTH - first, count - done)
            y[done : done + taken] = self._samples(number)[first : first + taken]
            done += taken
        return y

    def _samples(self, number: int) -> Rotation:
        """Samples of one whole block, complex64[_LENGTH]."""
        if number != self._block_number:
            m = number * _LENGTH
            start = np.exp(2j * np.pi * self.turns(m + self._since))
            rotation = start * self._table
            if self._drift:
                # The frequency has moved by this since the table's.
                moved = float(self._drift * m % 1)
                coarse = np.exp(2j * np.pi * (moved * np.arange(0, _LENGTH, _FINE)))
                fine = np.exp(2j * np.pi * (moved * np.arange(_FINE)))
                rotation *= np.multiply.outer(coarse, fine).reshape(-1)
            self._block, self._block_number = rotation.astype(np.complex64), number
        return self._block
