"""The random walk of an oscillator's phase, by counter."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from semradio.blocks.channels.counter_noise import CounterNoise

Rotation = npt.NDArray[np.complex64]

_LENGTH = 1024
"""Steps that are added up at once; blocks of them begin at multiples of it."""


class PhaseWalk:
    """A Wiener process: a phase that starts at 0 and moves by N(0, sigma^2) from sample to sample.

    The steps are drawn by counter and added up in blocks that begin at fixed indices, so the phase
    of sample n is a function of (seed, stream, sigma, n) alone, bit for bit. What is carried on
    from call to call is one number, the phase at the start of the present block.

    Args:
        seed: any integer.
        stream: name of the stream; different names give independent walks.
        sigma: standard deviation of one step, in radians.
    """

    def __init__(self, seed: int, stream: str, sigma: float) -> None:
        self._noise = CounterNoise(seed, stream)
        self._sigma = sigma
        self._number = -1
        self._sums = np.empty(0)
        self._start = math.nan
        self._rotation = np.empty(0, np.complex64)

    def rotation(self, start: float, index: int, count: int) -> tuple[Rotation, float]:
        """Return ``exp(i phase)`` of the samples ``index`` to ``index + count - 1``.

        Args:
            start: phase in radians at the start of the block that holds sample ``index``; 0 for
                the first.

        Returns:
            The rotation, complex64[count], and the phase at the start of the block that holds
            sample ``index + count``.
        """
        y = np.empty(count, np.complex64)
        done = 0
        while True:
            number, first = divmod(index + done, _LENGTH)
            taken = min(_LENGTH - first, count - done)
            if taken:
                y[done : done + taken] = self._block(start, number)[first : first + taken]
                done += taken
            if first + taken < _LENGTH:
                return y, start
            start = math.remainder(start + self._sigma * self._walk(number)[-1], 2 * math.pi)

    def changed(self, sigma: float, start: float, index: int) -> float:
        """Take another step from sample ``index`` on; the phase does not jump there.

        Returns:
            The phase at the start of the block that would lead to where the phase is now.
        """
        number, first = divmod(index, _LENGTH)
        before, self._sigma = self._sigma, sigma
        self._start = math.nan
        return start + (before - sigma) * float(self._walk(number)[first])

    def _walk(self, number: int) -> npt.NDArray[np.float64]:
        """Sums of unit steps from the start of a block to each of its samples and to the next."""
        if number != self._number:
            steps = self._noise.normal(number * _LENGTH, _LENGTH).astype(np.float64)
            self._sums = np.concatenate([[0.0], np.cumsum(steps)])
            self._number, self._start = number, math.nan
        return self._sums

    def _block(self, start: float, number: int) -> Rotation:
        """The rotations of a whole block, complex64[_LENGTH]."""
        walk = self._walk(number)
        if start != self._start:
            # Reduced to one turn first: single precision then suffices.
            phase = np.remainder(start + self._sigma * walk[:-1], 2 * np.pi).astype(np.float32)
            self._rotation = np.empty(_LENGTH, np.complex64)
            self._rotation.real, self._rotation.imag = np.cos(phase), np.sin(phase)
            self._start = start
        return self._rotation
