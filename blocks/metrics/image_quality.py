"""How well images arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    ItemTypeError,
    block,
    parameter,
)
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.arithmetic.power import decibels
from semradio.blocks.metrics.gaussian_window import WINDOW
from semradio.blocks.metrics.groups import GroupedSink
from semradio.blocks.metrics.structural_similarity import (
    Doubles,
    GlobalSimilarity,
    StructuralSimilarity,
    SummedSimilarity,
)

_VALUES = 1 << 15
"""Pixels that are filtered at once: more of their products would not fit into a core's cache."""
_IMAGES = 32
"""Images that are filtered at once at most."""
_TIMES = 4
"""How often that is done for one group, whose sums over whole images are worked on together."""


@dataclass
class Errors:
    """Sums over images; the block holds those of the last, incomplete group back."""

    items: int = 0
    squared_error: float = 0.0
    """Sum of squared differences."""
    whole: float = 0.0
    """Sum of SSIM with the whole image as its window."""
    windowed: float = 0.0
    """Sum of SSIM with the Gaussian window."""
    summed: int = 0
    """Images in these sums; items are counted as they come."""
    windows: int = 0
    """Images in the last of them."""

    def plus(self, other: Errors) -> Errors:
        """Return the measure of these images and those that follow."""
        return Errors(
            self.items + other.items,
            self.squared_error + other.squared_error,
            self.whole + other.whole,
            self.windowed + other.windowed,
            self.summed + other.summed,
            self.windows + other.windows,
        )


@block("image_quality", category="metrics")
class ImageQuality(GroupedSink[Errors]):
    """Compare received images with the sent ones: mean squared error, PSNR and SSIM.

    Images are uint8, 0 to 255, or float32, 0 to 1, [rows, columns] or [rows, columns, channels];
    both inputs have one shape, but may differ in dtype.

    Results:
        ``images``; ``mse``, over all pixels of all images, on the scale 0 to 1; ``psnr_db``, 10
        log10(1 / mse), of that mean and not a mean of PSNRs (null where the images are identical,
        because JSON has no infinity); and two means over images (and channels) of the structural
        similarity with L = 1 on that scale, K1 = 0.01, K2 = 0.03, which differ by 0.2 and more,
        so state which one you quote. ``ssim_global`` has one window, the whole image, with
        variance and covariance of the population. ``ssim_gauss11`` has a Gaussian window of 11 x
        11 pixels, sigma 1.5, valid positions only; it is null with ``ssim: false``, which any
        item shape allows. All are null where no image came. With ``every: k``, ``ssim_gauss11``
        is of the first of each k images alone, counted from the start of the stream or segment,
        and ``ssim_images`` tells how many these were; all else is always of all images. Where the
        tag ``segments`` changes its value on the way, a list ``segments`` has the same for each
        stretch: ``from`` (its first image), ``items``, the value of the tag, and the figures,
        which are those of a run of these images alone.

        Where tags tell of losses, ``missing`` counts them: ``gap``, items that are not there, and
        ``filled``, items that stand in for lost ones and are not measured.

    Raises:
        StreamError: an image holds NaN or infinity; the message names the item.
        ItemTypeError: the images differ in shape, or are too small for SSIM.

    Example:
        >>> sent = np.zeros((4, 28, 28), np.uint8)
        >>> received = sent + np.uint8(51)
        >>> found = ImageQuality()(sent, received)
        >>> round(found["mse"], 3), round(found["psnr_db"], 2)
        (0.04, 13.98)

    Source:
        He, Wang & Quek, eq. (21) (mean over pixels); Wang et al., "Image quality assessment",
        IEEE Trans. Image Processing 13(4), 2004; ``ssim_global``: arXiv 2406.16878, eq. (9).
    """

    ssim: bool = parameter(
        True, doc="Whether to compute ssim_gauss11, which costs most of the time."
    )

    every: int = parameter(
        1,
        low=1,
        unit="images",
        doc="Compute ssim_gauss11 of the first of so many images only; 1: of all.",
    )

    reference = Input("uint8[...] | float32[...]", doc="The sent image.")
    received = Input("uint8[...] | float32[...]", doc="The received image, of the same shape.")

    totals_only = ("images",)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        reference, received = inputs.get("reference"), inputs.get("received")
        if reference is None or received is None:
            return {}
        if reference.shape != received.shape:
            raise ItemTypeError(
                f"the inputs of block '{self.name}' must have one shape: 'reference' is "
                f"{reference}, 'received' is {received}"
            )
        if self.ssim and (len(reference.shape) not in (2, 3) or min(reference.shape[:2]) < WINDOW):
            raise ItemTypeError(
                f"block '{self.name}': SSIM needs images of [rows, columns] or [rows, columns, "
                f"channels] with at least {WINDOW} x {WINDOW} pixels, not {reference}; 'ssim: "
                "false' measures the others only"
            )
        return {}

    def start(self) -> None:
        item = self.input_types["reference"]
        self._shape, self._values = item.shape, item.size
        self._channels = item.shape[2] if len(item.shape) == 3 else 1
        # Bytes are compared as they are, so that their squared differences are exact.
        dtypes = [self.input_types[name].dtype for name in ("reference", "received")]
        self._bytes = [dtype == "uint8" for dtype in dtypes]
        self._exact = all(self._bytes)
        self._peak = 255 if any(self._bytes) else 1
        images = max(1, min(_IMAGES, _VALUES // max(1, self._values)))
        self.make_groups(_TIMES * images)
        self._planes_at_once = images * self._channels
        pixels = self._values // self._channels
        self._whole = GlobalSimilarity(pixels, self._planes_at_once, self._peak)
        if self.ssim:
            self._summed = SummedSimilarity(pixels, self._peak)
            self._ssim = StructuralSimilarity(
                (item.shape[0], item.shape[1]), self._peak, self._planes_at_once
            )

    def work(self, reference: Array, received: Array, at: int) -> None:
        if not self._bytes[0]:
            check_finite(reference, at, "reference")
        if not self._bytes[1]:
            check_finite(received, at, "received")
        self.gather(at, reference, received)

    def blank(self) -> Errors:
        return Errors()

    def figures(self, measure: Errors) -> dict[str, Any]:
        images = measure.items
        sampled = {"ssim_images": measure.windows} if self.ssim and self.every > 1 else {}
        if not images:
            missing = ("mse", "psnr_db", "ssim_global", "ssim_gauss11")
            return {"images": 0, **dict.fromkeys(missing), **sampled}
        mse = measure.squared_error / (images * self._values * self._peak**2)
        return {
            "images": images,
            "mse": mse,
            "psnr_db": decibels(1 / mse) if mse else None,
            "ssim_global": measure.whole / images,
            "ssim_gauss11": measure.windowed / measure.windows if self.ssim else None,
            **sampled,
        }

    def add(self, measure: Errors, *group: Array) -> None:
        planes, once = [self._planes(z) for z in group], self._planes_at_once
        first, sums = -measure.summed % self.every, []
        for k in range(0, len(planes[0]), once):
            x, y = (z[k : k + once] for z in planes)
            if self.ssim and self.every == 1 and self._exact:
                windowed, found = self._ssim.compare(x, y)
                sums.append(found)
            else:
                windowed = self._add_doubles(measure, x, y, first)
                first = (first - len(x) // self._channels) % self.every
            measure.windowed += float(windowed.sum()) / self._channels
            measure.windows += len(windowed) // self._channels
        if sums:
            error, whole = self._summed(np.concatenate(sums, axis=1))
            measure.squared_error += error
            measure.whole += whole / self._channels
        measure.summed += len(group[0])

    def _add_doubles(self, measure: Errors, x: Array, y: Array, first: int) -> Doubles:
        """Add what is found in double precision; return the windowed SSIM of chosen planes."""
        a, b = self._doubles(x, 0), self._doubles(y, 1)
        error, whole = self._whole(a, b)
        measure.squared_error += float(error.sum())
        measure.whole += float(whole.sum()) / self._channels
        a, b = self._chosen(a, first), self._chosen(b, first)
        return self._ssim(a, b) if self.ssim and len(a) else np.zeros(0)

    def _chosen(self, planes: Array, first: int) -> Array:
        """Return the planes of each ``every``-th image, from the ``first`` on."""
        if self.every == 1:
            return planes
        images = planes.reshape(-1, self._channels, *planes.shape[1:])
        return images[first :: self.every].reshape(-1, *planes.shape[1:])

    def _planes(self, x: Array) -> Array:
        """Return a group with each channel as an image of its own."""
        if len(self._shape) != 3:
            return x
        return np.moveaxis(x, 3, 1).reshape(-1, *self._shape[:2])

    def _doubles(self, x: Array, k: int) -> Array:
        """Return the images of input ``k`` in float64, on the scale of the peak."""
        y = x.astype(np.float64)
        if not self._bytes[k] and self._peak != 1:
            y *= self._peak
        return y
