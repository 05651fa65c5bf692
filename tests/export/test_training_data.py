"""The split into images to learn from, to validate on and to be measured on."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch: pip install 'semradio[train]'")

import torch

from semradio.blocks.errors import DatasetError, ParameterError
from semradio.export.data import LabelledImages, TrainingData


def numbered(count: int) -> LabelledImages:
    """Images that carry their number in two pixels; the classes take turns."""
    images = np.zeros((count, 28, 28), np.uint8)
    number = np.arange(count)
    images[:, 0, 0], images[:, 0, 1] = number % 256, number // 256
    return LabelledImages.from_arrays(images, number % 10)


def numbers(images: LabelledImages) -> set[int]:
    low, high = images.images[:, 0, 0].int(), images.images[:, 0, 1].int()
    return set((low + 256 * high).tolist())


def test_validation_images_are_a_tenth_of_the_part_and_are_not_trained_on() -> None:
    data = TrainingData.split_off(numbered(5000), {})
    assert len(data.validation) == 500
    assert numbers(data.train) | numbers(data.validation) == set(range(5000))
    assert not numbers(data.train) & numbers(data.validation)


def test_the_split_is_always_the_same() -> None:
    one, other = (TrainingData.split_off(numbered(100), {}) for _ in range(2))
    assert torch.equal(one.validation.images, other.validation.images)
    assert numbers(one.validation) == {0, 5, 13, 26, 34, 47, 60, 68, 81, 89}


def test_validation_has_every_class_even_where_the_classes_take_turns() -> None:
    data = TrainingData.split_off(numbered(5000), {}, train_images=2000)
    for part in (data.train, data.validation):
        share = torch.bincount(part.labels, minlength=10) / len(part)
        assert share.tolist() == pytest.approx([0.1] * 10, abs=0.03)


def test_labels_stay_with_their_images() -> None:
    mixed = numbered(1000).mixed()
    number = mixed.images[:, 0, 0].long() + 256 * mixed.images[:, 0, 1].long()
    assert torch.equal(number % 10, mixed.labels)
    assert not torch.equal(number, torch.arange(1000))


def test_fewer_images_are_a_part_of_all() -> None:
    few = TrainingData.split_off(numbered(1000), {}, train_images=300)
    assert len(few.train) + len(few.validation) == 300
    assert len(numbers(few.train) | numbers(few.validation)) == 300


def test_the_split_is_told_in_words() -> None:
    data = TrainingData.split_off(numbered(100), {"heldout": numbered(30)}, source="mine")
    assert data.split == "mine: 90 images trained, 10 validated; measured on heldout (30)"


def test_other_images_have_another_fingerprint() -> None:
    one = TrainingData.split_off(numbered(100), {})
    changed = numbered(100)
    changed.images[7, 3, 3] = 1
    assert TrainingData.split_off(changed, {}).fingerprint() != one.fingerprint()
    assert TrainingData.split_off(numbered(100), {}).fingerprint() == one.fingerprint()


def test_too_few_images_are_refused() -> None:
    with pytest.raises(ParameterError, match="19 training images are too few"):
        TrainingData.split_off(numbered(19), {})


def test_images_of_another_shape_or_type_are_refused() -> None:
    with pytest.raises(DatasetError, match=r"float64\[3, 28, 28\]"):
        LabelledImages.from_arrays(np.zeros((3, 28, 28)), np.zeros(3, int))  # type: ignore[arg-type]
    with pytest.raises(DatasetError, match=r"labels of shape \[2\]"):
        LabelledImages.from_arrays(np.zeros((3, 28, 28), np.uint8), np.zeros(2, int))
