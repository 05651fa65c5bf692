"""Complex arrays as two planes of reals, the form in which they cross the border of a model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def to_planes(x: npt.NDArray[np.complex64]) -> npt.NDArray[np.float32]:
    """Return the real and the imaginary plane: complex64[n, *s] gives float32[n, 2, *s]."""
    planes = np.empty((len(x), 2, *x.shape[1:]), np.float32)
    planes[:, 0] = x.real
    planes[:, 1] = x.imag
    return planes


def from_planes(planes: npt.NDArray[np.float32]) -> npt.NDArray[np.complex64]:
    """Return the complex array of two planes: float32[n, 2, *s] gives complex64[n, *s]."""
    x = np.empty((len(planes), *planes.shape[2:]), np.complex64)
    x.real = planes[:, 0]
    x.imag = planes[:, 1]
    return x
