"""How well labels were guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
from semradio.blocks.metrics.item_power import added, check_finite
from semradio.blocks.metrics.segments import SegmentedSink

_MOST_CLASSES = 1000


@dataclass
class Guesses:
    """How some items were guessed."""

    items: int = 0
    correct: int = 0
    """Items whose class was predicted."""
    probability: float = 0.0
    """Sum of the true classes' probabilities."""

    def plus(self, other: Guesses) -> Guesses:
        """Return the measure of these items and those that follow."""
        return Guesses(
            self.items + other.items,
            self.correct + other.correct,
            self.probability + other.probability,
        )


@block("classification_metrics", category="metrics")
class ClassificationMetrics(SegmentedSink[Guesses]):
    """Compare predicted classes with true ones.

    ``predicted`` carries either logits, one per class (floating[K]; the largest wins, the first
    of equal ones), or class labels (an integer); ``truth`` carries labels from 0 to K - 1. For
    labels, K is ``classes``, or one more than the largest label seen.

    Results: ``items``; ``accuracy``; ``confidence``, the mean softmax probability of the *true*
    class, eq. (22) (null for labels); ``confusion``, K lists of K counts, ``confusion[t][p]`` for
    truth t and prediction p. Accuracy and confidence are null where no item came. NaN or infinity,
    or a label out of range, is an error that names the item. Where the tag ``segments`` changes
    its value on the way, a list ``segments`` has, for each stretch: ``from`` (its first item),
    ``items``, the value of the tag, accuracy and confidence.

    Source: He, Wang & Quek, eqs. (22), (23).
    """

    classes: int | None = parameter(
        None, low=2, high=_MOST_CLASSES, doc="Number of classes, where labels are predicted."
    )

    predicted = Input("floating[*] | integer", doc="Logits, or a label.")
    truth = Input("integer", doc="The true label.")

    counts: npt.NDArray[np.int64] = state(
        factory=lambda: np.zeros((0, 0), np.int64), doc="Confusion counts."
    )

    # A matrix for each segment would take K^2 times as much room as all else.
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
        self.counts = np.zeros((known or 0, known or 0), np.int64)

    def blank(self) -> Guesses:
        return Guesses()

    def work(self, predicted: Array, truth: Array, at: int) -> None:
        truth = self._labels(truth, at, "truth")
        measure = self.segment(at)
        if self._logits:
            check_finite(predicted, at, "predicted")
            probabilities = _true_class_probabilities(predicted, truth)
            measure.probability = added(measure.probability, probabilities)
            predicted = predicted.argmax(axis=1)
        else:
            predicted = self._labels(predicted, at, "predicted")
        measure.items += len(truth)
        measure.correct += int((predicted == truth).sum())
        np.add.at(self.counts, (truth, predicted), 1)

    def figures(self, measure: Guesses) -> dict[str, Any]:
        items = measure.items
        return {
            "items": items,
            "accuracy": measure.correct / items if items else None,
            "confidence": measure.probability / items if items and self._logits else None,
            "confusion": self.counts.tolist(),
        }

    def _labels(self, labels: Array, at: int, name: str) -> npt.NDArray[np.int64]:
        """Check labels, and make room for them in the counts."""
        wrong = (labels < 0) | (labels >= self._limit)
        if wrong.any():
            k = int(wrong.argmax())
            raise StreamError(
                f"input '{name}' carries the label {labels[k]} at item {at + k}; labels here run "
                f"from 0 to {self._limit - 1}"
            )
        grown = int(labels.max()) + 1 - len(self.counts)
        if grown > 0:
            self.counts = np.pad(self.counts, (0, grown))
        return labels.astype(np.int64)


def _true_class_probabilities(
    logits: Array, truth: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return softmax(logits)[truth] of each item, eq. (22), computed in float64."""
    shares = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64)
    found: npt.NDArray[np.float64] = shares[np.arange(len(truth)), truth] / shares.sum(axis=1)
    return found
