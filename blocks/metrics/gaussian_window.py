"""The window of structural similarity: Gaussian, 11 x 11 pixels, at its valid positions.

The window is separable, so filtering a map is a matrix product along its columns and one along its
rows. The matrices are bands; of a long side only the parts around the band are multiplied.

Source: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to
structural similarity", IEEE Trans. Image Processing 13(4), 2004.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

WINDOW = 11
"""Side of the window in pixels."""
_SIGMA = 1.5

WHOLE = 128
"""Longest side that is filtered by one product."""
_PART = 64
"""Outputs of one product of a longer side."""


class Part(NamedTuple):
    """One product of a filter: where its values come from, where they go, and the matrix."""

    taken: slice
    given: slice
    matrix: npt.NDArray[Any]
    """[taken, given]."""


def filter_parts(length: int, dtype: npt.DTypeLike) -> list[Part]:
    """Return the products that filter a row vector of this length: 10 values fewer come out."""
    valid = length - WINDOW + 1
    step = valid if length <= WHOLE else _PART
    return [
        Part(
            slice(first, min(first + step, valid) + WINDOW - 1),
            slice(first, min(first + step, valid)),
            _filter_matrix(min(step, valid - first), dtype),
        )
        for first in range(0, valid, step)
    ]


def _filter_matrix(outputs: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return the matrix [outputs + 10, outputs] that filters a row vector."""
    offsets = np.arange(WINDOW) - WINDOW // 2
    window = np.exp(-(offsets**2) / (2 * _SIGMA**2))
    window /= window.sum()
    matrix = np.zeros((outputs + WINDOW - 1, outputs))
    for k in range(outputs):
        matrix[k : k + WINDOW, k] = window
    return matrix.astype(dtype)
