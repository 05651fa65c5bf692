"""Groups of items: results at any moment, whatever was gathered, and room that stays bounded."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from semradio.blocks.api import BlockError, ItemType, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.metrics.classification_metrics import ClassificationMetrics
from semradio.blocks.metrics.image_quality import ImageQuality
from semradio.blocks.metrics.power_ratio import PowerRatio
from semradio.blocks.metrics.signal_power import SignalPower

rng = np.random.default_rng(23)

N = 700
IMAGES = rng.integers(0, 256, (N, 12, 11), dtype=np.uint8)
FRAMES = rng.standard_normal((N, 6)).astype(np.float32)
LABELS = rng.integers(0, 7, N)
METRICS = {
    "quality": (ImageQuality, [IMAGES, IMAGES[::-1].copy()]),
    "logits": (ClassificationMetrics, [FRAMES, LABELS % 6]),
    "labels": (ClassificationMetrics, [LABELS, LABELS[::-1].astype(np.uint8)]),
    "ratio": (PowerRatio, [FRAMES, FRAMES * np.float32(1.5)]),
    "power": (SignalPower, [FRAMES]),
}

each_metric = pytest.mark.parametrize("name", METRICS)


@each_metric
@pytest.mark.parametrize("chunk", [1, 50, 333])
def test_results_while_running_are_those_of_the_items_so_far(name, chunk):
    kind, inputs = METRICS[name]
    sink = kind()
    items = dict(zip(sink.inputs, map(ItemType.of, inputs), strict=True))
    with Harness(sink, items) as harness:
        for first in range(0, N, chunk):
            harness.push(*(x[first : first + chunk] for x in inputs))
            seen = min(N, first + chunk)
            if chunk > 1 or seen % 97 == 0:
                assert sink.results() == kind()(*(x[:seen] for x in inputs))
                assert sink.results() == sink.results()
        harness.end()
        assert sink.results() == kind()(*inputs)


@each_metric
def test_the_declared_state_is_all_that_a_chunk_leaves_behind(name):
    kind, inputs = METRICS[name]
    items = dict(zip(kind().inputs, map(ItemType.of, inputs), strict=True))
    tags = [Tag(0, "arn", True), Tag(300, "arn", False)]
    whole = kind()(*inputs, tags=tags)
    first, second = kind(), kind()
    with Harness(first, items) as harness:
        harness.push(*(x[:391] for x in inputs), tags=tags)
        kept = copy.deepcopy(first.state())
        harness.push(*(x[391:] for x in inputs))
        harness.end()
        assert first.results() == whole
    with Harness(second, items):
        for key, value in kept.items():
            setattr(second, key, value)
        for at in range(391, N, 30):
            second.work(*(x[at : at + 30] for x in inputs), at)
        assert second.results() == whole


def test_large_items_are_measured_one_by_one():
    x = rng.standard_normal((3, 300_000)).astype(np.float32)
    sink = SignalPower()
    with Harness(sink, {"x": ItemType.of(x)}) as harness:
        harness.push(x[:2])
        harness.push(x[2:])
        harness.end()
        assert sum(room.nbytes for room in sink.gathered) <= 2 << 20
        power = (x.astype(float) ** 2).sum(axis=1)
        assert sink.results()["power"] == pytest.approx(power.mean(), rel=1e-12)
        assert sink.results()["peak"] == pytest.approx(power.max(), rel=1e-12)


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_a_wrong_item_is_told_at_once_not_when_its_group_is_full(chunk):
    frames, labels = FRAMES[:100].copy(), LABELS[:100].copy()
    frames[5, 1] = np.inf
    labels[5] = 1234
    for block, inputs, text in (
        (PowerRatio(), [FRAMES[:100], frames], "'modified' carries NaN or infinity, first at"),
        (SignalPower(), [frames], "'x' carries NaN or infinity, first at"),
        (ClassificationMetrics(), [frames, labels % 6], "'predicted' carries NaN"),
        (ClassificationMetrics(), [LABELS[:100], labels], "'truth' carries the label 1234 at"),
    ):
        with pytest.raises(BlockError, match=f"{text}.* item 5") as caught:
            block(*inputs, chunk=chunk)
        assert caught.value.index == 5 - 5 % chunk


def test_counts_of_labels_grow_with_what_was_seen():
    sink = ClassificationMetrics()
    items = {"predicted": ItemType("int64"), "truth": ItemType("int64")}
    with Harness(sink, items) as harness:
        harness.push(np.array([0, 1]), np.array([0, 0]))
        assert sink.results()["confusion"] == [[1, 1], [0, 0]]
        harness.push(np.array([2]), np.array([1]), tags=[Tag(2, "arn", False)])
        assert sink.results()["confusion"] == [[1, 1, 0], [0, 0, 1], [0, 0, 0]]
        harness.end()
