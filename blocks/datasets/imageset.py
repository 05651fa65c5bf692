"""What every reader of this package returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semradio.blocks.errors import DatasetError


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images of one size, with their labels where there are any.

    images : [n, rows, cols], uint8 (colour: [n, rows, cols, 3]); 0 is black, 255 is white
    labels : [n], uint8, an index into ``class_names``; None where there are no labels
    class_names : what the labels mean; empty where there are no labels
    origin : where the images came from, in words, for logs and results

    The arrays are read-only: a source hands out views of them, so a block that wrote into one
    would change what the next reader sees.

    Raises DatasetError where dtypes, shapes, labels and class names do not fit together.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8] | None
    class_names: tuple[str, ...]
    origin: str

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.dtype != np.uint8 or not (
            images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)
        ):
            raise DatasetError(
                f"{self.origin}: images must be uint8[n, rows, cols] or uint8[n, rows, cols, 3],"
                f" not {images.dtype}{list(images.shape)}"
            )
        images.flags.writeable = False
        if labels is None:
            return
        if labels.dtype != np.uint8 or labels.shape != images.shape[:1]:
            raise DatasetError(
                f"{self.origin}: labels must be uint8[{len(images)}], one per image,"
                f" not {labels.dtype}{list(labels.shape)}"
            )
        if labels.size and int(labels.max()) >= len(self.class_names):
            raise DatasetError(
                f"{self.origin}: label {int(labels.max())} has no class name;"
                f" there are {len(self.class_names)} classes"
            )
        labels.flags.writeable = False

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.images)
