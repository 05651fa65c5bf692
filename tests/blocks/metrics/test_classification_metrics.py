"""Accuracy, confidence and confusion against a loop over items."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from semradio.blocks.api import BlockError, ItemType, ItemTypeError
from semradio.blocks.metrics.classification_metrics import ClassificationMetrics

CUTS = (None, 1, 7, 64)


def _logits(count: int, classes: int = 10) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(2)
    truth = random.integers(0, classes, count).astype(np.uint8)
    logits = random.standard_normal((count, classes))
    logits[np.arange(count), truth] += 1
    return (5 * logits).astype(np.float32), truth


@pytest.mark.parametrize("chunk", CUTS)
def test_logits_against_a_loop(chunk):
    logits, truth = _logits(300)
    found = ClassificationMetrics()(logits, truth, chunk=chunk)
    hits, confidence, confusion = 0, 0.0, [[0] * 10 for _ in range(10)]
    for row, label in zip(logits, truth, strict=True):
        guess = max(range(10), key=lambda k: row[k])
        hits += guess == label
        confidence += softmax(row.astype(np.float64))[label]
        confusion[label][guess] += 1
    assert found["items"] == 300
    assert found["accuracy"] == hits / 300
    assert found["confidence"] == pytest.approx(confidence / 300, rel=1e-6)
    assert found["confusion"] == confusion


def test_every_cut_agrees_to_nine_digits():
    logits, truth = _logits(1000)
    whole = ClassificationMetrics()(logits, truth)
    for chunk in (1, 33, 500):
        cut = ClassificationMetrics()(logits, truth, chunk=chunk)
        assert cut["confidence"] == pytest.approx(whole["confidence"], rel=1e-12)


def test_large_logits_do_not_overflow():
    logits = np.array([[1e4, -1e4], [-1e4, 1e4]], np.float32)
    found = ClassificationMetrics()(logits, np.array([0, 0]))
    assert (found["accuracy"], found["confidence"]) == (0.5, 0.5)


@pytest.mark.parametrize("chunk", CUTS)
@pytest.mark.parametrize("dtype", ["uint8", "int64"])
def test_labels(chunk, dtype):
    logits, truth = _logits(100, 4)
    guess = logits.argmax(axis=1).astype(dtype)
    found = ClassificationMetrics()(guess, truth, chunk=chunk)
    expected = ClassificationMetrics()(logits, truth)
    assert found == {**expected, "confidence": None}


def test_classes_gives_the_matrix_its_size():
    found = ClassificationMetrics(classes=4)(np.array([1, 1]), np.array([0, 1]))
    assert found["confusion"] == [[0, 1, 0, 0], [0, 1, 0, 0], [0] * 4, [0] * 4]


def test_nothing_came():
    found = ClassificationMetrics()(np.empty((0, 3), np.float32), np.empty(0, np.uint8))
    assert found == {
        "items": 0,
        "accuracy": None,
        "confidence": None,
        "confusion": [[0] * 3 for _ in range(3)],
    }


@pytest.mark.parametrize(
    ("predicted", "truth", "message"),
    [
        (np.zeros((9, 3), np.float32), [0] * 8 + [3], r"'truth' .* 3 at item 8; .* 0 to 2"),
        (np.zeros((9, 3), np.float32), [0, -1] + [0] * 7, r"'truth' .* -1 at item 1"),
        (np.array([0] * 5 + [1000] + [0] * 3), [0] * 9, r"'predicted' .* 1000 at item 5; .* 999"),
    ],
)
@pytest.mark.parametrize("chunk", [None, 1, 4])
def test_labels_out_of_range(predicted, truth, message, chunk):
    with pytest.raises(BlockError, match=message):
        ClassificationMetrics()(predicted, np.array(truth), chunk=chunk)


def test_labels_beyond_the_given_classes():
    with pytest.raises(BlockError, match=r"'predicted' carries the label 2 at item 1; .* 0 to 1"):
        ClassificationMetrics(classes=2)(np.array([1, 2]), np.array([1, 1]))


def test_logits_for_another_number_of_classes():
    with pytest.raises(ItemTypeError, match="brings 10 logits for 4 classes"):
        ClassificationMetrics(classes=4).resolve(
            {"predicted": ItemType("float32", (10,)), "truth": ItemType("uint8")}
        )


def test_nan_names_the_item():
    logits, truth = _logits(20)
    logits[17, 4] = np.nan
    with pytest.raises(BlockError, match=r"input 'predicted' carries NaN .* first at item 17$"):
        ClassificationMetrics()(logits, truth, chunk=8)
