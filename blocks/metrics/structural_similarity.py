"""The structural similarity index of images.

Source: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to
structural similarity", IEEE Trans. Image Processing 13(4), 2004, eq. (13) with the authors'
constants; with one window for the whole image: arXiv 2406.16878, eq. (9).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

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

    def __call__(self, x: Floats, y: Floats) -> Doubles:
        """Return the mean SSIM of each pair: x and y float32[n, rows, columns] -> float64[n]."""
        maps = np.stack([x, y, x * x, y * y, x * y])
        mean_x, mean_y, xx, yy, xy = self._rows @ (maps @ self._columns)
        product = mean_x * mean_y
        squares = mean_x * mean_x + mean_y * mean_y
        ssim = (2 * product + self._c1) * (2 * (xy - product) + self._c2)
        ssim /= (squares + self._c1) * (xx + yy - squares + self._c2)
        mean: Doubles = ssim.reshape(len(x), -1).mean(axis=1, dtype=np.float64)
        return mean


class GlobalSimilarity:
    """SSIM of pairs of images with one window, the whole image, and their squared differences.

    Args:
        pixels: values of one image. images: pairs of one call at most.
        peak: the dynamic range L, the distance of black and white.
    """

    def __init__(self, pixels: int, images: int, peak: float) -> None:
        self._c1, self._c2 = (_K1 * peak) ** 2, (_K2 * peak) ** 2
        self._share = 1 / max(1, pixels)
        self._weight = np.full(pixels, self._share)
        # Kept: to allocate it anew costs more than all else together.
        self._difference = np.empty((images, pixels))

    def __call__(self, x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        """Return what comes of each pair.

        Args:
            x, y: float64[n, ...]; all axes but the first are one image.

        Returns:
            The sum of squared differences, and SSIM with the variances and the covariance of the
            population, float64[n] each; exactly 0 and 1 where x is y.
        """
        a, b = (z.reshape(len(z), len(self._weight)) for z in (x, y))
        error = _energy(np.subtract(a, b, out=self._difference[: len(a)]))
        power_a, power_b = _energy(a) * self._share, _energy(b) * self._share
        mean_a, mean_b = a @ self._weight, b @ self._weight
        # 2 cov(x, y) = E[x^2] + E[y^2] - E[(x - y)^2] - 2 E[x] E[y] spares a pass over the pixels.
        squares = mean_a * mean_a + mean_b * mean_b
        product = 2 * mean_a * mean_b
        covariance = power_a + power_b - error * self._share - product
        similarity = (product + self._c1) * (covariance + self._c2)
        similarity /= (squares + self._c1) * (power_a + power_b - squares + self._c2)
        return error, similarity


def _energy(x: Doubles) -> Doubles:
    """Return the sum of squares of each row; as products of matrices, at twice einsum's speed."""
    return (x[:, None, :] @ x[:, :, None])[:, 0, 0]


def _filter_matrix(length: int) -> Floats:
    """Return the matrix, float32[length, length - 10], that filters a row vector."""
    offsets = np.arange(WINDOW) - WINDOW // 2
    window = np.exp(-(offsets**2) / (2 * _SIGMA**2))
    window /= window.sum()
    matrix = np.zeros((length, length - WINDOW + 1))
    for k in range(matrix.shape[1]):
        matrix[k : k + WINDOW, k] = window
    return matrix.astype(np.float32)
