"""Results per segment: the same figures as separate runs of exactly these items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import Array, ParameterError, Tag
from semradio.blocks.metrics import segments
from semradio.blocks.metrics.classification_metrics import ClassificationMetrics
from semradio.blocks.metrics.image_quality import ImageQuality
from semradio.blocks.metrics.power_ratio import PowerRatio
from semradio.blocks.metrics.signal_power import SignalPower
from semradio.blocks.testing import check_block

rng = np.random.default_rng(17)

N = 130
IMAGES = rng.integers(0, 256, (N, 14, 14), dtype=np.uint8)
NOISY = np.clip(IMAGES + rng.integers(-40, 40, IMAGES.shape), 0, 255).astype(np.uint8)
FRAMES = rng.standard_normal((N, 23)).astype(np.float32)
OTHERS = rng.standard_normal((N, 23)).astype(np.float32)
LOGITS = rng.standard_normal((N, 10)).astype(np.float32)
LABELS = rng.integers(0, 10, N)

METRICS: dict[str, tuple[type[Any], list[Any]]] = {
    "image_quality": (ImageQuality, [IMAGES, NOISY]),
    "classification_metrics": (ClassificationMetrics, [LOGITS, LABELS]),
    "power_ratio": (PowerRatio, [FRAMES, OTHERS]),
    "signal_power": (SignalPower, [FRAMES]),
}

SWITCHES = [Tag(0, "arn", True), Tag(33, "arn", False), Tag(34, "arn", True), Tag(91, "arn", False)]
BOUNDS = [0, 33, 34, 91, N]

each_metric = pytest.mark.parametrize("name", METRICS)


def agree(found: Any, wanted: Any) -> bool:
    """Whether figures are the same, but for the order in which numbers were added up."""
    if isinstance(wanted, dict):
        return all(agree(found[key], wanted[key]) for key in wanted)
    return bool(found == (pytest.approx(wanted, rel=1e-12) if type(wanted) is float else wanted))


@each_metric
@pytest.mark.parametrize("chunk", [None, 1, 7, 64])
def test_a_segment_is_a_run_of_its_items(name: str, chunk: int | None) -> None:
    kind, inputs = METRICS[name]
    found = kind()(*inputs, tags=SWITCHES, chunk=chunk)
    assert [s["from"] for s in found["segments"]] == BOUNDS[:-1]
    assert [s["arn"] for s in found["segments"]] == [True, False, True, False]
    for segment, first, end in zip(found["segments"], BOUNDS, BOUNDS[1:], strict=False):
        alone = kind()(*(x[first:end] for x in inputs), chunk=chunk)
        figures = {k: v for k, v in alone.items() if k not in ("items", "images", "confusion")}
        assert {k: segment[k] for k in figures} == figures
        assert segment.keys() == figures.keys() | {"from", "items", "arn"}
        assert segment["items"] == end - first
    assert agree(found, kind()(*inputs))


@each_metric
def test_any_cut_gives_the_same_segments(name: str) -> None:
    kind, inputs = METRICS[name]
    check_block(kind, inputs, tags=SWITCHES)


@each_metric
def test_nothing_is_added_where_nothing_is_switched(name: str) -> None:
    kind, inputs = METRICS[name]
    whole = kind()(*inputs)
    assert "segments" not in whole
    assert kind()(*inputs, tags=[Tag(0, "arn", True), Tag(50, "arn", True)], chunk=N) == whole
    assert kind(segments=None)(*inputs, tags=SWITCHES, chunk=N) == whole
    assert kind()(*inputs, tags=[Tag(50, "air.snr_db", 3.0)], chunk=N) == whole


def test_any_tag_can_start_a_segment() -> None:
    tags = [Tag(20, "air.snr_db", 3.0), Tag(20, "arn", True), Tag(60, "air.snr_db", {"k": [b"a"]})]
    found = SignalPower(segments="air.snr_db")(FRAMES, tags=tags)["segments"]
    told = [(s["from"], s["items"], s["air.snr_db"]) for s in found]
    assert told == [(0, 20, None), (20, 40, 3.0), (60, 70, {"k": ["YQ=="]})]
    with pytest.raises(ParameterError, match="one tag, not '\\*'"):
        SignalPower(segments="*")


def test_of_several_switches_before_one_item_the_last_counts() -> None:
    tags = [Tag(0, "arn", True), Tag(0, "arn", False), Tag(0, "arn", True)]
    tags += [Tag(40, "arn", False), Tag(40, "arn", True)]
    tags += [Tag(50, "arn", True), Tag(50, "arn", False)]
    found = SignalPower()(FRAMES, tags=tags)["segments"]
    assert [(s["from"], s["arn"]) for s in found] == [(0, True), (50, False)]


def test_true_and_one_are_different_values() -> None:
    found = SignalPower()(FRAMES, tags=[Tag(0, "arn", True), Tag(9, "arn", 1)])["segments"]
    assert [s["arn"] for s in found] == [True, 1]


@each_metric
@pytest.mark.parametrize("switches", [4, 5, 9])
def test_beyond_the_limit_segments_are_merged_and_counted(
    name: str, switches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "MOST_SEGMENTS", 3)
    kind, inputs = METRICS[name]
    tags = [Tag(10 * k, "arn", k % 2 == 0) for k in range(switches)]
    block = kind()
    found = block(*inputs, tags=tags, chunk=16)
    told = found["segments"]
    assert [s["from"] for s in told] == [0, 10, 20, 30]
    assert [s["items"] for s in told] == [10, 10, 10, N - 30]
    assert "arn" not in told[3]
    assert told[3]["merged"] == switches - 3
    assert len(block.parts.segments) <= 4
    alone = kind()(*(x[30:] for x in inputs))
    assert agree(alone, {k: v for k, v in told[3].items() if k not in ("from", "merged", "items")})
    assert agree(found, kind()(*inputs))


def test_a_sink_that_was_off_for_a_while_counts_what_it_saw() -> None:
    from semradio.blocks.api import ItemType
    from semradio.blocks.api.harness import Harness

    sink = SignalPower()
    with Harness(sink, {"x": ItemType.of(FRAMES)}) as harness:
        harness.push(FRAMES[:40], tags=[Tag(0, "arn", True)])
        harness.change({"enabled": False})
        harness.push(FRAMES[40:60], tags=[Tag(50, "arn", False)])
        harness.change({"enabled": True})
        harness.push(FRAMES[60:])
        harness.end()
        found = sink.results()["segments"]
    assert [(s["from"], s["items"], s["arn"]) for s in found] == [
        (0, 40, True),
        (60, N - 60, False),
    ]


LOSSES = [Tag(10, "filled", 5), Tag(40, "gap", 256), Tag(60, "filled", 40), Tag(127, "filled", 3)]
KEPT = np.r_[0:10, 15:60, 100:127]


def beside_lossy(inputs: Sequence[Array]) -> list[Array]:
    """The inputs, the others than the first with the 256 items that the gap on it tells of."""
    first, *others = inputs
    return [first, *(np.insert(x, np.full(256, 40), x[:1], axis=0) for x in others)]


@each_metric
@pytest.mark.parametrize("chunk", [None, 1, 7, 64])
def test_what_stands_in_for_lost_items_is_not_measured(name: str, chunk: int | None) -> None:
    kind, inputs = METRICS[name]
    found = kind()(*beside_lossy(inputs), tags=LOSSES, chunk=chunk)
    assert found.pop("missing") == 5 + 256 + 40 + 3
    wanted = kind()(*(x[KEPT] for x in inputs), chunk=chunk)
    assert found.keys() == wanted.keys()
    assert agree(found, wanted)
    assert "missing" not in wanted


@each_metric
def test_losses_do_not_depend_on_cuts(name: str) -> None:
    kind, inputs = METRICS[name]
    check_block(kind, beside_lossy(inputs), tags=LOSSES, exact=False, atol=1e-12)


def test_a_tag_of_the_users_is_no_loss() -> None:
    tags = [Tag(3, "gap", None), Tag(5, "filled", True), Tag(6, "gap", "wide"), Tag(7, "gap", -1)]
    assert PowerRatio()(FRAMES, OTHERS, tags=tags) == PowerRatio()(FRAMES, OTHERS)
