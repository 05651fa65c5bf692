"""Fading gains with the spectrum of Clarke and Jakes, readable from any index."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from semradio.blocks.channels.counter_noise import CounterNoise

Gains = npt.NDArray[np.complex64]

PATHS = 32
"""Paths that add up to one gain: E|h|^4 is 2 - 1/PATHS, where a Gaussian gain has 2."""

_TABLE = 1 << 13
"""Gains computed at once, about: whole tables of steps fit into the caches."""


class JakesFading:
    """Random gains h[n] with E|h|^2 = 1 and E h[n + m] h[n]* = J0(2 pi doppler m).

    Each gain is the sum of :data:`PATHS` waves of equal power, ``h[n] = sum_p exp(2 pi i (doppler
    cos(a_p) n + phi_p)) / sqrt(PATHS)``, whose phases are uniform and whose angles of arrival are
    uniform, one in each of as many equal sectors; so the correlation is exact over the ensemble,
    and nearly so, with mean power 1, over the time of one realisation. h[n] is a function of (seed,
    stream, shape, doppler, n) alone, bit for bit, in whatever pieces it is read.

    Args:
        seed: any integer.
        stream: name of the stream; different names give independent gains.
        shape: shape of one item; its entries are independent. () for a single gain.
        doppler: maximal Doppler shift over the rate of the items; 0 keeps the gains constant.

    Source: Clarke, "A statistical theory of mobile-radio reception", 1968; Zheng & Xiao,
    "Simulation models with correct statistical properties for Rayleigh fading channels", 2003.
    """

    def __init__(self, seed: int, stream: str, shape: tuple[int, ...], doppler: float) -> None:
        self._shape = shape
        entries = math.prod(shape)
        noise = CounterNoise(seed, f"{stream}/jakes")
        # The angle of a pair of normals is uniform; in turns, two for each path of each entry.
        pairs = noise.normal(0, 4 * PATHS * entries).astype(np.float64).reshape(2, PATHS, -1, 2)
        turns = np.arctan2(pairs[..., 1], pairs[..., 0]) / (2 * np.pi) % 1.0
        sector = np.arange(PATHS)[:, None]
        # Half a circle: the other half has the same shifts, and two alike would beat for long.
        self._frequency = doppler * np.cos(np.pi * (sector + turns[0]) / PATHS)
        self._phase = turns[1]
        # A gain is a product: the step inside a block of items times the phase at its start.
        self._length = max(16, 1 << int(math.log2(_TABLE / max(entries, 1) + 1)))
        steps = self._frequency[:, None] * np.arange(self._length)[:, None]
        self._steps = np.exp(2j * np.pi * steps).astype(np.complex64)
        self._block = np.empty((0, entries), np.complex64)
        self._block_number = -1

    def gains(self, index: int, count: int) -> Gains:
        """Return the items ``index`` to ``index + count - 1``, complex64[count, *shape]."""
        length = self._length
        y = np.empty((count, self._phase.shape[1]), np.complex64)
        done = 0
        while done < count:
            number, start = divmod(index + done, length)
            taken = min(length - start, count - done)
            y[done : done + taken] = self._items(number)[start : start + taken]
            done += taken
        return y.reshape(count, *self._shape)

    def _items(self, number: int) -> Gains:
        """Items of one whole block: complex64[length, entries]."""
        if number != self._block_number:
            turns = self._frequency * float(number * self._length) + self._phase
            start = np.exp(2j * np.pi * (turns % 1.0)) / math.sqrt(PATHS)
            start = start.astype(np.complex64)
            # In this order for every block, and by no library whose sums depend on its threads.
            total = self._steps[0] * start[0]
            product = np.empty_like(total)
            for path in range(1, PATHS):
                np.multiply(self._steps[path], start[path], out=product)
                total += product
            self._block, self._block_number = total, number
        return self._block
