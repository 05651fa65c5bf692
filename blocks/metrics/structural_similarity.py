"""The structural similarity index of images.

Source: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to
structural similarity", IEEE Trans. Image Processing 13(4), 2004, eq. (13) with the authors'
constants.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

WINDOW = 11
"""Side of the Gaussian window in pixels."""
_SIGMA = 1.5
_K1, _K2 = 0.01, 0.03


class StructuralSimilarity:
    """SSIM of pairs of images of one size.

    The window is separable and only its valid positions count (no padding), so filtering a map
    is one matrix product along its rows and one along its columns.

    Args:
        shape: rows and columns, each at least :data:`WINDOW`.
        peak: the dynamic range L, the distance of black and white.
    """

    def __init__(self, shape: tuple[int, int], peak: float) -> None:
        self._c1, self._c2 = np.float32((_K1 * peak) ** 2), np.float32((_K2 * peak) ** 2)
        self._rows = np.ascontiguousarray(_filter_matrix(shape[0]).T)
        self._columns = _filter_matrix(shape[1])

    def __call__(self, x: Floats, y: Floats) -> npt.NDArray[np.float64]:
        """Return the mean SSIM of each pair: x and y float32[n, rows, columns] -> float64[n]."""
        maps = np.stack([x, y, x * x, y * y, x * y])
        mean_x, mean_y, xx, yy, xy = self._rows @ (maps @ self._columns)
        product = mean_x * mean_y
        squares = mean_x * mean_x + mean_y * mean_y
        ssim = (2 * product + self._c1) * (2 * (xy - product) + self._c2)
        ssim /= (squares + self._c1) * (xx + yy - squares + self._c2)
        mean: npt.NDArray[np.float64] = ssim.reshape(len(x), -1).mean(axis=1, dtype=np.float64)
        return mean


def _filter_matrix(length: int) -> Floats:
    """Return the matrix, float32[length, length - 10], that filters a row vector."""
    offsets = np.arange(WINDOW) - WINDOW // 2
    window = np.exp(-(offsets**2) / (2 * _SIGMA**2))
    window /= window.sum()
    matrix = np.zeros((length, length - WINDOW + 1))
    for k in range(matrix.shape[1]):
        matrix[k : k + WINDOW, k] = window
    return matrix.astype(np.float32)
