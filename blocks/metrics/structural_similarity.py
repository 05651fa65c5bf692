"""The structural similarity index of images.

Source: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to
structural similarity", IEEE Trans. Image Processing 13(4), 2004, eq. (13) with the authors'
constants; with one window for the whole image: arXiv 2406.16878, eq. (9).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from semradio.blocks.metrics.gaussian_window import WHOLE, WINDOW, filter_parts

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_K1, _K2 = 0.01, 0.03

_EXACT_ROWS = 128
"""Values of x^2 + y^2 of bytes, each at most 2 * 255^2, that add up in float32 without rounding."""


class StructuralSimilarity:
    """SSIM of pairs of images of one size, with a Gaussian window, and sums over whole images.

    The window is separable and only its valid positions count (no padding), so filtering a map
    is one matrix product along its columns and one along its rows. Four maps do: x, y, x y and
    x^2 + y^2. They lie rows first, images second, columns last, so that each product is one large
    one over all images; rows of ones below the filter give the sums.

    Args:
        shape: rows and columns, each at least :data:`WINDOW`.
        peak: the dynamic range L, the distance of black and white.
        images: pairs of the usual call.
    """

    def __init__(self, shape: tuple[int, int], peak: float, images: int = 1) -> None:
        rows, columns = shape
        self._shape, self._valid = shape, (rows - WINDOW + 1, columns - WINDOW + 1)
        self._down, self._lines = _down(rows)
        self._across, self._ones = filter_parts(columns, np.float32), np.ones(columns)
        self._formula = _Formula(peak, np.float32)
        # Kept: to allocate it anew costs as much as to fill it.
        self._room = self._make_room(images)

    def __call__(self, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> Doubles:
        """Return the mean SSIM of each pair: x and y [n, rows, columns] give float64[n]."""
        return self.compare(x, y)[0]

    def compare(self, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> tuple[Doubles, Doubles]:
        """Compare pairs of images.

        Args:
            x, y: [n, rows, columns], any real dtype.

        Returns:
            The mean SSIM of each pair, float64[n], computed in float32; and the sums over the
            pixels of each pair of x, y, x y and x^2 + y^2, float64[4, n], which are exact for
            whole numbers up to 255.
        """
        count, (rows, columns) = len(x), self._valid
        room = self._room
        if count != room.maps.shape[2]:
            room = self._make_room(count)
        maps, powers = room.maps, room.powers
        # First moved, then cast, in one sweep each: cast on the way it takes twice as long.
        maps[0] = np.ascontiguousarray(x.transpose(1, 0, 2))
        maps[1] = np.ascontiguousarray(y.transpose(1, 0, 2))
        np.multiply(maps[0], maps[1], out=maps[2])
        np.multiply(maps[:2], maps[:2], out=powers)
        np.add(powers[0], powers[1], out=maps[3])
        flat, lines = maps.reshape(4, self._shape[0], -1), room.lines
        for taken, given, matrix in self._down:
            np.matmul(matrix, flat[:, taken], out=lines[:, given])
        parts = lines[:, rows:].astype(np.float64).reshape(-1, self._shape[1])
        sums: Doubles = (parts @ self._ones).reshape(4, -1, count).sum(axis=1)
        filtered = lines[:, :rows].reshape(4, -1, self._shape[1])
        means = room.means
        for part in self._across:
            np.matmul(filtered[..., part.taken], part.matrix, out=means[..., part.given])
        similarity = self._formula(means, room.products, room.deviations)
        similarity = similarity.reshape(rows, count, columns)
        total = np.zeros(count)
        for first in range(0, rows, _EXACT_ROWS):
            # Down a column in float32, one after the other; from there on in float64.
            column = similarity[first : first + _EXACT_ROWS].sum(axis=0)
            total += column.sum(axis=1, dtype=np.float64)
        return total * (4 / (rows * columns)), sums

    def _make_room(self, images: int) -> _Room:
        (rows, columns), (valid_rows, valid_columns) = self._shape, self._valid
        maps, valid = (rows, images, columns), (valid_rows * images, valid_columns)
        return _Room(
            maps=np.empty((4, *maps), np.float32),
            powers=np.empty((2, *maps), np.float32),
            lines=np.empty((4, self._lines, images * columns), np.float32),
            means=np.empty((4, *valid), np.float32),
            products=np.empty((2, *valid), np.float32),
            deviations=np.empty((2, *valid), np.float32),
        )


def _down(rows: int) -> tuple[list[tuple[slice, slice, Floats]], int]:
    """Return the products from the left along columns, and how many rows come out.

    Each is what it takes, what it gives, and its matrix. Below the filtered rows come sums over
    :data:`_EXACT_ROWS` rows each.
    """
    filters = [(taken, given, matrix.T) for taken, given, matrix in filter_parts(rows, np.float32)]
    valid, sums = rows - WINDOW + 1, -(-rows // _EXACT_ROWS)
    if rows <= WHOLE:
        # One product of a matrix with both is faster than two.
        both = np.concatenate([filters[0][2], np.ones((1, rows), np.float32)])
        return [(slice(0, rows), slice(0, valid + 1), both)], valid + 1
    for k in range(sums):
        taken = slice(k * _EXACT_ROWS, min(rows, (k + 1) * _EXACT_ROWS))
        ones = np.ones((1, taken.stop - taken.start), np.float32)
        filters.append((taken, slice(valid + k, valid + k + 1), ones))
    return filters, valid + sums


class _Room(NamedTuple):
    """Arrays that one call fills."""

    maps: Floats
    """x, y, x y, x^2 + y^2: [4, rows, images, columns]."""
    powers: Floats
    lines: Floats
    """The maps, filtered along their columns, and below sums along them."""
    means: Floats
    """The maps, filtered: [4, valid rows * images, valid columns]."""
    products: Floats
    deviations: Floats


class _Formula:
    """Eq. (13), divided by 4, which spares two passes: 2 m + c = 2 (m + c / 2)."""

    def __init__(self, peak: float, dtype: type[np.floating[Any]]) -> None:
        c1, c2 = (_K1 * peak) ** 2, (_K2 * peak) ** 2
        self._c1, self._c2 = (np.array([c / 2, c], dtype) for c in (c1, c2))

    def __call__(
        self, means: npt.NDArray[Any], products: npt.NDArray[Any], deviations: npt.NDArray[Any]
    ) -> npt.NDArray[Any]:
        """Return a quarter of the SSIM; exactly 1/4 where x is y.

        Args:
            means: [4, ...], those of x, y, x y and x^2 + y^2 over a window.
            products, deviations: [2, ...], which are filled.
        """
        shape = (2, *(1,) * (means.ndim - 1))
        np.multiply(means[:2], means[:2], out=deviations)
        np.multiply(means[0], means[1], out=products[0])
        np.add(deviations[0], deviations[1], out=products[1])
        np.subtract(means[2:], products, out=deviations)
        products += self._c1.reshape(shape)
        deviations += self._c2.reshape(shape)
        deviations *= products
        similarity: npt.NDArray[Any] = deviations[0]
        similarity /= deviations[1]
        return similarity


class SummedSimilarity:
    """What :class:`GlobalSimilarity` finds, from exact sums over whole images.

    Args:
        pixels: values of one image. peak: the dynamic range L.
    """

    def __init__(self, pixels: int, peak: float) -> None:
        self._share, self._formula = 1 / pixels, _Formula(peak, np.float64)

    def __call__(self, sums: Doubles) -> tuple[float, float]:
        """Return the sums over all pairs of the squared differences and of SSIM.

        Args:
            sums: float64[4, n] over each pair of x, y, x y and x^2 + y^2.
        """
        means = sums * self._share
        products = np.empty((2, means.shape[1]))
        similarity = self._formula(means, products, np.empty_like(products))
        return float(sums[3].sum() - 2 * sums[2].sum()), 4 * float(similarity.sum())


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
