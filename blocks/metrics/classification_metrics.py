"""How well labels were guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    ItemTypeError,
    StreamError,
    block,
    parameter,
    state,
)
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.metrics.groups import GroupedSink

_MOST_CLASSES = 1000
_GROUP = 256

Counts = npt.NDArray[np.int64]


@dataclass
class Guesses:
    """How some items were guessed."""

    items: int = 0
    correct: int = 0
    """Items whose class was predicted."""
    probability: float = 0.0
    """Sum of the true classes' probabilities."""
    confusion: Counts = field(default_factory=lambda: _no_counts(0))
    """Counts ``[truth, prediction]`` while the segment is open. A matrix for each closed one
    would take K^2 times as much room as all else."""

    def plus(self, other: Guesses) -> Guesses:
        """Return the measure of these items and those that follow."""
        return Guesses(
            self.items + other.items,
            self.correct + other.correct,
            self.probability + other.probability,
            _sum(self.confusion, other.confusion),
        )


@block("classification_metrics", category="metrics")
class ClassificationMetrics(GroupedSink[Guesses]):
    """Compare predicted classes with true ones.

    ``predicted`` carries either logits, one per class (floating[K]; the largest wins, the first
    of equal ones), or class labels (an integer); ``truth`` carries labels from 0 to K - 1. For
    labels, K is ``classes``, or one more than the largest label seen.

    Results:
        ``items``; ``accuracy``; ``confidence``, the mean softmax probability of the *true* class,
        eq. (22) (null for labels); ``confusion``, K lists of K counts, ``confusion[t][p]`` for
        truth t and prediction p. Accuracy and confidence are null where no item came. Where the
        tag ``segments`` changes its value on the way, a list ``segments`` has, for each stretch:
        ``from`` (its first item), ``items``, the value of the tag, accuracy and confidence.

        Where tags tell of losses, ``missing`` counts them: ``gap``, items that are not there, and
        ``filled``, items that stand in for lost ones and are not measured.

    Raises:
        StreamError: NaN, infinity, or a label out of range; the message names the item.

    Example:
        >>> logits = np.float32([[2, 0], [0, 1], [3, 1]])
        >>> found = ClassificationMetrics()(logits, np.array([0, 1, 1]))
        >>> found["items"], round(found["accuracy"], 3), found["confusion"]
        (3, 0.667, [[1, 0], [1, 1]])

    Source:
        He, Wang & Quek, eqs. (22), (23).
    """

    classes: int | None = parameter(
        None, low=2, high=_MOST_CLASSES, doc="Number of classes, where labels are predicted."
    )

    predicted = Input("floating[*] | integer", doc="Logits, or a label.")
    truth = Input("integer", doc="The true label.")

    counts: Counts = state(
        factory=lambda: _no_counts(0), doc="Confusion counts of the closed segments."
    )

    totals_only = ("items", "confusion")

    _logits = False

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        predicted = inputs.get("predicted")
        if predicted is not None and predicted.shape:
            logits = predicted.shape[0]
            if self.classes not in (None, logits) or logits > _MOST_CLASSES:
                limit = self.classes or f"at most {_MOST_CLASSES}"
                raise ItemTypeError(
                    f"input 'predicted' of block '{self.name}' brings {logits} logits for "
                    f"{limit} classes"
                )
        return {}

    def start(self) -> None:
        predicted = self.input_types["predicted"]
        self._logits = bool(predicted.shape)
        known = predicted.shape[0] if self._logits else self.classes
        self._limit = known or _MOST_CLASSES
        self._known = known or 0
        self.make_groups(_GROUP)

    def blank(self) -> Guesses:
        return Guesses(confusion=_no_counts(self._known))

    def work(self, predicted: Array, truth: Array, at: int) -> None:
        self._check_labels(truth, at, "truth")
        if self._logits:
            check_finite(predicted, at, "predicted")
        else:
            self._check_labels(predicted, at, "predicted")
        self.gather(at, predicted, truth)

    def add(self, measure: Guesses, *group: Array) -> None:
        predicted, truth = group[0], group[1].astype(np.int64)
        if self._logits:
            measure.probability += float(_true_class_probabilities(predicted, truth).sum())
            predicted = predicted.argmax(axis=1)
        measure.correct += int((predicted == truth).sum())
        grown = max(int(predicted.max()), int(truth.max())) + 1 - len(measure.confusion)
        if grown > 0:
            measure.confusion = np.pad(measure.confusion, (0, grown))
        np.add.at(measure.confusion, (truth, predicted), 1)

    def closed(self, measure: Guesses) -> None:
        self.counts = _sum(self.counts, measure.confusion)
        measure.confusion = _no_counts(0)

    def figures(self, measure: Guesses) -> dict[str, Any]:
        items = measure.items
        return {
            "items": items,
            "accuracy": measure.correct / items if items else None,
            "confidence": measure.probability / items if items and self._logits else None,
            "confusion": _sum(self.counts, measure.confusion).tolist(),
        }

    def _check_labels(self, labels: Array, at: int, name: str) -> None:
        if len(labels) == 1:
            # Half the time of looking for the smallest and the largest.
            right = 0 <= labels[0] < self._limit
        else:
            right = labels.min() >= 0 and labels.max() < self._limit
        if not right:
            k = int(((labels < 0) | (labels >= self._limit)).argmax())
            raise StreamError(
                f"input '{name}' carries the label {labels[k]} at item {at + k}; labels here run "
                f"from 0 to {self._limit - 1}"
            )


def _no_counts(classes: int) -> Counts:
    return np.zeros((classes, classes), np.int64)


def _sum(a: Counts, b: Counts) -> Counts:
    """Return the sum of two matrices of counts, of the size of the larger."""
    small, large = sorted((a, b), key=len)
    total = large.copy()
    total[: len(small), : len(small)] += small
    return total


def _true_class_probabilities(
    logits: Array, truth: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return softmax(logits)[truth] of each item, eq. (22), computed in float64."""
    shares = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64)
    found: npt.NDArray[np.float64] = shares[np.arange(len(truth)), truth] / shares.sum(axis=1)
    return found
