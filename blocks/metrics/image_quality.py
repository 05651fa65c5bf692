"""How well images arrived."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from semradio.blocks.metrics.item_power import check_finite
from semradio.blocks.metrics.segments import SegmentedSink
from semradio.blocks.metrics.signal_power import decibels
from semradio.blocks.metrics.structural_similarity import (
    WINDOW,
    Doubles,
    GlobalSimilarity,
    StructuralSimilarity,
)

_GROUP_VALUES = 1 << 13
"""Pixels that are worked on at once: their products still fit into a core's cache."""


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

    def plus(self, other: Errors) -> Errors:
        """Return the measure of these images and those that follow."""
        return Errors(
            self.items + other.items,
            self.squared_error + other.squared_error,
            self.whole + other.whole,
            self.windowed + other.windowed,
        )


@block("image_quality", category="metrics")
class ImageQuality(SegmentedSink[Errors]):
    """Compare received images with the sent ones: mean squared error, PSNR and SSIM.

    Images are uint8, 0 to 255, or float32, 0 to 1, [rows, columns] or [rows, columns, channels];
    both inputs have one shape, but may differ in dtype.

    Results: ``images``; ``mse``, over all pixels of all images, on the scale 0 to 1; ``psnr_db``,
    10 log10(1 / mse), of that mean and not a mean of PSNRs (null where the images are identical,
    because JSON has no infinity); and two means over images (and channels) of the structural
    similarity with L = 1 on that scale, K1 = 0.01, K2 = 0.03, which differ by 0.2 and more, so
    state which one you quote. ``ssim_global`` has one window, the whole image, with variance and
    covariance of the population. ``ssim_gauss11`` has a Gaussian window of 11 x 11 pixels, sigma
    1.5, valid positions only; it is null with ``ssim: false``, which any item shape allows. All
    are null where no image came. NaN or infinity is an error that names the item. Where the tag
    ``segments`` changes its value on the way, a list ``segments`` has the same for each stretch:
    ``from`` (its first image), ``items``, the value of the tag, and the figures, which are those
    of a run of these images alone.

    Source: He, Wang & Quek, eq. (21) (mean over pixels); Wang et al., "Image quality assessment",
    IEEE Trans. Image Processing 13(4), 2004; ``ssim_global``: arXiv 2406.16878, eq. (9).
    """

    ssim: bool = parameter(
        True, doc="Whether to compute ssim_gauss11, which costs most of the time."
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
        self._peak = 255 if "uint8" in dtypes else 1
        self._scales = [1 if dtype == "uint8" else self._peak for dtype in dtypes]
        # Images are gathered in groups that begin at multiples of the group's size in their
        # segment. Sums then meet the same numbers in the same order however the stream was cut,
        # and NumPy gets enough to do at once even if images come one at a time.
        size = max(1, min(32, _GROUP_VALUES // max(1, self._values)))
        self._group = np.empty((2, size, *self._shape))
        self._whole = GlobalSimilarity(self._values // self._channels, size, self._peak)
        if self.ssim:
            self._ssim = StructuralSimilarity((self._shape[0], self._shape[1]), self._peak)

    def work(self, reference: Array, received: Array, at: int) -> None:
        for name, x in (("reference", reference), ("received", received)):
            if x.dtype == np.float32:
                check_finite(x, at, name)
        measure, size, done = self.segment(at), self._group.shape[1], 0
        while done < len(reference):
            first = measure.items % size
            count = min(size - first, len(reference) - done)
            for k, x in enumerate((reference, received)):
                room = self._group[k, first : first + count]
                room[...] = x[done : done + count]
                if self._scales[k] != 1:
                    room *= self._scales[k]
            done += count
            measure.items += count
            if first + count == size:
                found = self._measure(*self._group)
                measure.squared_error += found.squared_error
                measure.whole += found.whole
                measure.windowed += found.windowed

    def blank(self) -> Errors:
        return Errors()

    def completed(self, measure: Errors) -> Errors:
        rest = measure.items % self._group.shape[1]
        return measure.plus(self._measure(*self._group[:, :rest])) if rest else measure

    def figures(self, measure: Errors) -> dict[str, Any]:
        images = measure.items
        if not images:
            missing = ("mse", "psnr_db", "ssim_global", "ssim_gauss11")
            return {"images": 0, **dict.fromkeys(missing)}
        mse = measure.squared_error / (images * self._values * self._peak**2)
        return {
            "images": images,
            "mse": mse,
            "psnr_db": decibels(1 / mse) if mse else None,
            "ssim_global": measure.whole / images,
            "ssim_gauss11": measure.windowed / images if self.ssim else None,
        }

    def _measure(self, x: Doubles, y: Doubles) -> Errors:
        """Return the sums over a group; it counts no items, which are counted as they come."""
        found = Errors()
        for a, b in self._planes(x, y):
            error, similarity = self._whole(a, b)
            found.squared_error += float(error.sum())
            found.whole += float(similarity.sum()) / self._channels
            if self.ssim:
                windowed = self._ssim(a.astype(np.float32), b.astype(np.float32))
                found.windowed += float(windowed.sum()) / self._channels
        return found

    def _planes(self, x: Doubles, y: Doubles) -> Iterator[tuple[Doubles, Doubles]]:
        """Yield the channels of a group of images; the whole of it where there are none."""
        if len(self._shape) != 3:
            yield x, y
        else:
            for c in range(self._channels):
                yield x[..., c], y[..., c]
