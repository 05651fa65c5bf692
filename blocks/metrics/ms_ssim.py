"""Structural similarity at several scales."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    ItemTypeError,
    Sink,
    block,
    state,
)
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.metrics.gaussian_window import WINDOW, Part, filter_parts

_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the five scales, from the finest on."""
_C1, _C2 = 0.01**2, 0.03**2
_MANY = 1 << 16
"""Pixels of a plane from which on single precision will do."""
_ROWS = 32
"""Rows of windows that are worked on at once: what they take fits into a core's cache."""


@block("ms_ssim", category="metrics")
class MsSsim(Sink):
    """Compare received images with the sent ones by structural similarity at five scales.

    Images are uint8, 0 to 255, or float32, 0 to 1, [rows, columns] or [rows, columns, channels].
    Each scale halves the one before by the mean of 2 x 2 pixels (an odd last row or column is left
    out); windows are Gaussian, 11 x 11 pixels, sigma 1.5, valid positions only; channels are
    compared one by one. A negative term counts as 0. Scales of 65,536 pixels or more are computed
    in single precision, which leaves the result right to 1e-5.

    Results:
        ``images``; ``ms_ssim``, the mean over images and channels; ``ms_ssim_db``, -10 log10(1 -
        ms_ssim); both null where no image came, the latter also where images are identical.

        Where tags tell of losses, ``missing`` counts them: ``gap``, items that are not there, and
        ``filled``, items that stand in for lost ones and are not measured.

    Raises:
        StreamError: an image holds NaN or infinity.
        ItemTypeError: the images differ in shape, or are smaller than 176 x 176 pixels, of which
            the last scale would have no window.

    Example:
        >>> sent = np.zeros((1, 176, 200), np.uint8)
        >>> MsSsim()(sent, sent)["ms_ssim"]
        1.0

    Source:
        Wang, Simoncelli, Bovik, "Multiscale structural similarity for image quality assessment",
        Asilomar Conference on Signals, Systems and Computers, 2003.
    """

    aligns = True

    reference = Input("uint8[...] | float32[...]", doc="The sent image.")
    received = Input("uint8[...] | float32[...]", doc="The received image, of the same shape.")

    images: int = state(0, doc="Images so far.")
    total: float = state(0.0, doc="Sum of their similarity.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        reference, received = inputs.get("reference"), inputs.get("received")
        if reference is None or received is None:
            return {}
        if reference.shape != received.shape:
            raise ItemTypeError(
                f"the inputs of block '{self.name}' must have one shape: 'reference' is "
                f"{reference}, 'received' is {received}"
            )
        least = WINDOW << (len(_WEIGHTS) - 1)
        if len(reference.shape) not in (2, 3) or min(reference.shape[:2]) < least:
            raise ItemTypeError(
                f"block '{self.name}': five scales need images of [rows, columns] or [rows, "
                f"columns, channels] with at least {least} x {least} pixels, not {reference}"
            )
        return {}

    def work(self, reference: Array, received: Array, at: int) -> None:
        for name, x in (("reference", reference), ("received", received)):
            if x.dtype != np.uint8:
                check_finite(x, at, name)
        for sent, got in zip(reference, received, strict=True):
            self.total += _similarity(_planes(sent), _planes(got))
        self.images += len(reference)

    def results(self) -> dict[str, Any]:
        if not self.images:
            return {"images": 0, "ms_ssim": None, "ms_ssim_db": None}
        mean = self.total / self.images
        decibels = -10 * float(np.log10(1 - mean)) if mean < 1 else None
        return {"images": self.images, "ms_ssim": mean, "ms_ssim_db": decibels}


def _planes(image: Array) -> Array:
    """Return an image's channels [channels, rows, columns] on the scale 0 to 1."""
    planes = image[None] if image.ndim == 2 else np.moveaxis(image, 2, 0)
    scale = 255 if image.dtype == np.uint8 else 1
    return planes.astype(np.float64) / scale


def _similarity(x: Array, y: Array) -> float:
    """Return the mean over planes of their similarity."""
    found: Array = np.ones(len(x))
    for scale, weight in enumerate(_WEIGHTS):
        last = scale == len(_WEIGHTS) - 1
        # Over so many windows roundings cancel out.
        dtype = np.float32 if x[0].size >= _MANY else np.float64
        across = filter_parts(x.shape[2], dtype)
        terms = [_term(a, b, across, last) for a, b in zip(x, y, strict=True)]
        found *= np.maximum(terms, 0) ** weight
        x, y = _halved(x), _halved(y)
    return float(found.mean())


def _term(x: Array, y: Array, across: list[Part], last: bool) -> float:
    """Return the mean over windows of contrast times structure; of the last scale, of all three.

    across : the products that filter along rows
    """
    rows, columns = (side - WINDOW + 1 for side in x.shape)
    dtype = across[0].matrix.dtype
    total = 0.0
    for first in range(0, rows, _ROWS):
        count = min(_ROWS, rows - first)
        a, b = (z[first : first + count + WINDOW - 1].astype(dtype) for z in (x, y))
        ((_, _, down),) = filter_parts(len(a), dtype)
        lines = np.matmul(down.T, np.stack([a, b, a * b, a * a + b * b]))
        means = np.empty((4, count, columns), dtype)
        for part in across:
            np.matmul(lines[..., part.taken], part.matrix, out=means[..., part.given])
        mean_a, mean_b, products, squares = means
        product, power = mean_a * mean_b, mean_a * mean_a + mean_b * mean_b
        # In this order equal images give exactly 1.
        term = (2 * (products - product) + _C2) / (squares - power + _C2)
        if last:
            term *= (2 * product + _C1) / (power + _C1)
        total += float(term.sum(dtype=np.float64))
    return float(total / (rows * columns))


def _halved(x: Array) -> Array:
    rows, columns = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
    lines = x[:, 0:rows:2, :columns] + x[:, 1:rows:2, :columns]
    found: Array = (lines[:, :, 0::2] + lines[:, :, 1::2]) / 4
    return found
