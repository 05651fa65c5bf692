"""QAM constellations of 5G NR, and what a received symbol tells about its bits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from semradio.blocks.coding.checksum import Bits

Method = Literal["exact", "max-log"]

ORDERS = (4, 16, 64, 256)
"""Points of the constellations."""


@dataclass(frozen=True, eq=False)
class Rail:
    """One rail, real or imaginary, of a constellation of mean power 1.

    levels : float32[2^m], by the m bits of the rail, its first bit the highest
    zeros : bool[m, 2^m], where bit k of a level is 0
    """

    levels: NDArray[np.float32]
    zeros: NDArray[np.bool_]


@cache
def rail(order: int) -> Rail:
    """Return the rail of a constellation of ``order`` points, Gray as in TS 38.211, section 5.1.

    Even bits of a symbol are those of the real rail, odd bits those of the imaginary one.
    """
    bits = order.bit_length() // 2
    index = np.arange(1 << bits)
    signs = 1 - 2 * ((index[:, None] >> np.arange(bits - 1, -1, -1)) & 1)
    levels = np.ones(len(index))
    for k in range(bits - 1, 0, -1):
        levels = 2 ** (bits - k) - signs[:, k] * levels
    levels = signs[:, 0] * levels
    levels /= np.sqrt(2 * np.mean(levels**2))
    return Rail(levels.astype(np.float32), signs.T > 0)


def modulate(bits: Bits, order: int) -> NDArray[np.complex64]:
    """Return symbols [..., n / m] of bits [..., n], m to a symbol."""
    levels, count = rail(order).levels, order.bit_length() // 2
    pairs = bits.reshape(*bits.shape[:-1], -1, count, 2)
    weights = (1 << np.arange(count - 1, -1, -1)).astype(np.uint8)
    index = (pairs * weights[:, None]).sum(axis=-2, dtype=np.uint8)
    rails = np.ascontiguousarray(levels[index])
    symbols: NDArray[np.complex64] = rails.view(np.complex64)[..., 0]
    return symbols


def ratios(
    symbols: NDArray[np.complex64], order: int, noise: float, method: Method
) -> NDArray[np.float32]:
    """Return log-likelihood ratios [..., n m] of symbols [..., n]: positive where 0 is likelier.

    noise : mean power of the noise on a symbol, both rails together
    method : "exact" sums over all points, "max-log" takes the nearest of either kind
    """
    chosen, count = rail(order), order.bit_length() // 2
    values = np.ascontiguousarray(symbols).view(np.float32)
    found = np.empty((*symbols.shape, count, 2), np.float32)
    # Levels first, so that each step runs over all symbols.
    distances = values - chosen.levels.reshape(-1, *(1,) * values.ndim)
    distances *= distances
    distances *= np.float32(-1 / noise)
    flat = found.reshape(*symbols.shape[:-1], -1, count, 2)
    for k, zeros in enumerate(chosen.zeros):
        each = [_joined(distances[kind], method) for kind in (zeros, ~zeros)]
        flat[..., k, :] = (each[0] - each[1]).reshape(*symbols.shape, 2)
    return found.reshape(*symbols.shape[:-1], -1)


def _joined(exponents: NDArray[np.float32], method: Method) -> NDArray[np.float32]:
    """Return the logarithm of the sum of exponentials along the first axis, or its largest."""
    largest: NDArray[np.float32] = exponents.max(axis=0)
    if method == "max-log" or len(exponents) == 1:
        return largest
    total = np.zeros_like(largest)
    for each in exponents:
        total += np.exp(each - largest)
    return largest + np.log(total)
