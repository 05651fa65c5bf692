"""What classifiers say: classes of scores, and how often one was taken for another."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api.item_type import Array


def classes_of(items: Array) -> Array:
    """Return the class of each item, int64: the item itself, or the place of its highest score.

    Args:
        items: whole numbers, shape (n,), or scores, shape (n, classes).
    """
    x = np.asarray(items)
    return (x if x.ndim == 1 else np.argmax(x.reshape(len(x), -1), axis=1)).astype(np.int64)


def confusion(truth: Array, predicted: Array, classes: int) -> Array:
    """Return how often each class was taken for each, int64 of shape (classes, classes).

    Rows are the truth, columns what was predicted; pairs with a class outside are left out.
    """
    inside = (truth >= 0) & (truth < classes) & (predicted >= 0) & (predicted < classes)
    places = truth[inside] * classes + predicted[inside]
    return np.bincount(places, minlength=classes**2).reshape(classes, classes)
