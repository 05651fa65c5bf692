"""A carrier whose phase is a function of the sample's index, exact for ever.

The phase of sample n is ``start + n step`` in units of 2^-64 of a turn, in whole numbers that wrap
around as phases do: no rounding adds up, and any sample can be had without those before. The
exponential is the product of a coarse one, every 256 samples, and a fine one in between.
"""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, ParameterError

TURN = 1 << 64
"""Units of phase in one turn."""

_FINE = 256


def phase_step(frequency: float, sample_rate: float) -> int:
    """Return the phase per sample, in units of 2^-64 turns, of a frequency.

    Raises:
        ParameterError: the frequency lies beyond half the sample rate.
    """
    nyquist = sample_rate / 2
    if abs(frequency) > nyquist:
        raise ParameterError(
            f"parameter 'frequency' must be from {-nyquist:g} to {nyquist:g} Hz, half the sample "
            f"rate, not {frequency:g} Hz",
            "frequency",
        )
    numerator, denominator = (frequency / sample_rate).as_integer_ratio()
    return (
        round(numerator * TURN / denominator)
        if denominator > TURN
        else (numerator * (TURN // denominator))
    )


def phases(start: int, step: int, at: int, count: int) -> Array:
    """Return the phases of samples ``at`` to ``at + count - 1``, uint64[count]."""
    first = (start + step * at) % TURN
    ramp = np.arange(count, dtype=np.uint64)
    ramp *= np.uint64(step % TURN)
    ramp += np.uint64(first)
    return ramp


def radians(phase: Array) -> Array:
    """Return phases, uint64, as angles from -pi to pi, float64."""
    angle: Array = phase.view(np.int64) * (np.pi / 2**63)
    return angle


def exponential(phase: Array) -> Array:
    """Return ``exp(j phase)`` of phases, uint64, as complex64."""
    angle = radians(phase)
    y = np.empty(len(angle), np.complex64)
    y.real, y.imag = np.cos(angle), np.sin(angle)
    return y


class Oscillator:
    """Gives ``exp(2 pi j (start + n step) / 2^64)``.

    Args:
        step: phase per sample.
    """

    def __init__(self, step: int) -> None:
        self.step = step
        self._fine = exponential(phases(0, step, 0, _FINE))

    def samples(self, start: int, at: int, count: int) -> Array:
        """Return samples ``at`` to ``at + count - 1``, complex64[count]; ``start``: phase of 0."""
        row = at // _FINE
        rows = -(-(at + count) // _FINE) - row
        coarse = exponential(phases(start, self.step * _FINE, row, rows))
        first = at - row * _FINE
        y: Array = (coarse[:, None] * self._fine).reshape(-1)
        return y[first : first + count]
