"""FIR filters as matrix products of one fixed shape: fast, and the same however a stream is cut.

The input is taken apart into rows, each long enough to make ``block`` outputs, and the taps stand
in a matrix, shifted from column to column: outputs = rows @ matrix. A matrix product adds up in an
order that may depend on its shape, so the shape is always the same: rows come in steps of a fixed
number, aligned to the absolute index of the input. What has not arrived yet stands there as zeros,
which add nothing to the outputs before it.
"""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array

_STEP = 4096
"""Inputs of one step at most, about, or one item at a time would take long."""

_ROWS = 32
"""Rows of one product at most."""

_ALONE = 1 << 18
"""Products up to which OpenBLAS uses one thread. More of them gain nothing at this size, would
disturb the blocks of other processes, and might add up in another order."""

_LANES = 16
"""Columns that a matrix product works on at once: fewer cost as much."""

_COPIED = 16
"""Products that cost as much as to lay a value into its place in a row, about."""


class TapMatrix:
    """Makes ``y[m] = sum_k taps[k] u[m D - k]``, where u is x with I - 1 zeros after each item.

    Args:
        taps: float64 or complex128; those of all I phases, at I times the input's rate.
        interpolation, decimation: I and D, without a common divisor.
        dtype: of the input, float32 or complex64.
    """

    eager = True
    """Whether steps that are not full give right outputs for what they hold."""

    def __init__(
        self, taps: Array, interpolation: int, decimation: int, dtype: np.dtype[np.generic]
    ) -> None:
        self.history = (len(taps) - 1) // interpolation
        is_complex = dtype.kind == "c"
        self._paired = taps.dtype.kind == "c"
        """Whether the matrix gives real and imaginary parts in turn."""
        self._apart = is_complex and not self._paired
        """Whether real and imaginary parts go through the matrix in rows of their own."""
        self.block = _best_block(self.history, interpolation, decimation, 1 + self._paired)
        span = self.block * decimation
        self._width = self.history + span
        columns = self.block * interpolation
        each = self._width * columns * (1 + is_complex) * (1 + self._paired)
        rows = max(1, min(_ROWS, _STEP // span, _ALONE // each))
        self.rows = 1 << (rows.bit_length() - 1)
        self.step = self.rows * span
        """Inputs of one step."""
        self.given = self.rows * self.block * interpolation
        """Outputs of one step."""
        matrix = np.zeros((self._width, columns), taps.dtype)
        for column in range(columns):
            # Tap k meets input p where k = column D - p I; p counts from the row's first new item.
            newest, first = divmod(column * decimation, interpolation)
            used = taps[first::interpolation]
            row = self.history + newest
            matrix[row - len(used) + 1 : row + 1, column] = used[::-1]
        if self._paired:
            # Columns, and rows of a complex signal, in pairs: products of real matrices are faster.
            pairs = np.stack([matrix, 1j * matrix], 1) if is_complex else matrix[:, None]
            matrix = pairs.reshape(-1, columns).view(np.float64)
        self._matrix = matrix.astype(np.float32)

    def apply(self, line: Array) -> Array:
        """Return the outputs of whole steps; ``line`` is the history and the steps' inputs."""
        steps = (len(line) - self.history) // self.step
        if self._apart:
            # Real taps: products of real numbers are half of those of complex ones.
            planes = np.empty((2, len(line)), np.float32)
            planes[0], planes[1] = line.real, line.imag
            parts = self._products(planes, steps)
            y = np.empty((steps, self.given), np.complex64)
            y.real, y.imag = parts[:, 0], parts[:, 1]
            return y.reshape(-1)
        flat = self._products(line[None], steps).reshape(-1)
        return flat.view(np.complex64) if self._paired else flat

    def _products(self, planes: Array, steps: int) -> Array:
        """Return rows times matrix: (steps, planes, outputs of a step) of (planes, inputs)."""
        size, count = planes.itemsize, len(planes)
        span = self.step // self.rows
        # Overlapping rows, as by as_strided, which takes ten times as long to make them.
        frames: Array = np.ndarray(
            (steps, count, self.rows, self._width),
            planes.dtype,
            planes,
            0,
            (self.step * size, planes.strides[0], span * size, size),
        )
        rows = np.ascontiguousarray(frames).reshape(steps, count * self.rows, self._width)
        y: Array = np.matmul(rows.view(np.float32), self._matrix)
        return y.reshape(steps, count, -1)


def _best_block(history: int, interpolation: int, decimation: int, parts: int) -> int:
    """Return the outputs per row and phase that cost the least per input.

    ``parts`` are the columns of an output.
    """

    def cost(block: int) -> float:
        span = block * decimation
        columns = -(-block * interpolation * parts // _LANES) * _LANES
        return (history + span) * (columns + _COPIED) / span

    return min((1 << k for k in range(7)), key=cost)
