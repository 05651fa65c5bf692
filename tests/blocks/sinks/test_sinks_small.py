"""vector_sink, null_sink, tag_debug and probe_rate."""

from __future__ import annotations

import json

import numpy as np
import pytest

from semradio.blocks.api import ItemType, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.sinks.null_sink import NullSink
from semradio.blocks.sinks.probe_rate import ProbeRate
from semradio.blocks.sinks.tag_debug import TagDebug
from semradio.blocks.sinks.vector_sink import VectorSink


def test_vector_sink_has_no_data_before_a_run() -> None:
    block = VectorSink()
    assert block.data.shape == (0,)
    assert block.results() == {"items": 0, "data": []}
    block.resolve({"x": ItemType("int16", (3,))})
    assert (block.data.shape, block.data.dtype) == ((0, 3), np.int16)


def test_vector_sink_has_the_data_as_an_array() -> None:
    block = VectorSink()
    x = np.arange(300, dtype=np.int16).reshape(100, 3)
    block(x, chunk=7)
    assert block.data.dtype == np.int16
    np.testing.assert_array_equal(block.data, x)
    assert not block.data.flags.writeable


def test_data_at_hand_stays_as_it_is_while_more_comes() -> None:
    block = VectorSink()
    with Harness(block, {"x": ItemType("int8")}) as harness:
        harness.push(np.ones(3, np.int8))
        before = block.data
        harness.push(np.zeros(500, np.int8))
        assert before.tolist() == [1, 1, 1]
        assert len(block.data) == 503


def test_vector_sink_without_items() -> None:
    block = VectorSink()
    assert block(np.zeros((0, 2), np.float32)) == {"items": 0, "data": []}
    assert block.data.shape == (0, 2)


def test_complex_values_are_listed_as_pairs() -> None:
    results = VectorSink()(np.array([1 + 2j, 3], np.complex64))
    assert results["data"] == [[1, 2], [3, 0]]
    json.dumps(results)


def test_vector_sink_stays_within_its_memory() -> None:
    block = VectorSink(memory=0.001)
    results = block(np.zeros(5000), chunk=100)
    assert results["items"] == 5000
    assert block.buffer is not None
    assert len(block.data) == int(0.001 * 2**20) // 8
    assert block.buffer.nbytes <= 0.001 * 2**20
    assert block.notes == ["only the first 131 items were kept, which fill 0.001 MiB"]


def test_null_sink_counts_and_keeps_nothing() -> None:
    block = NullSink()
    assert block(np.zeros(5)) == {"items": 5}
    assert block.state() == {"items": 5}


def test_tag_debug_lists_and_tells() -> None:
    block = TagDebug(limit=2)
    tags = [Tag(0, "frame", 1), Tag(4, "snr", {"db": 3.5}), Tag(4, "bytes", b"\x00\x01")]
    assert block(np.zeros(5), tags=tags) == {
        "items": 5,
        "count": 3,
        "tags": [[0, "frame", 1], [4, "snr", {"db": 3.5}]],
    }
    assert block.notes == [
        "item 0: frame = 1",
        "item 4: snr = {'db': 3.5}",
        "only the first 2 tags are listed",
    ]


def test_tag_debug_of_one_key() -> None:
    block = TagDebug(key="b")
    results = block(np.zeros(5), tags=[Tag(0, "a", 1), Tag(1, "b", b"\x00\x01")])
    assert results["tags"] == [[1, "b", "AAE="]]
    json.dumps(results)


def test_disabled_tag_debug_is_silent() -> None:
    block = TagDebug(enabled=False)
    assert block(np.zeros(5), tags=[Tag(0, "a", 1)])["count"] == 0


def test_probe_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 50.0
    monkeypatch.setattr(ProbeRate, "clock", staticmethod(lambda: now))
    block = ProbeRate(interval=2.0)
    with Harness(block, {"x": ItemType("int8")}) as harness:
        assert block.results() == {"items": 0, "rate": 0.0, "recent_rate": 0.0}
        found = []
        # 100 items at once say nothing about a rate; then 10 items/s, then 30 items/s.
        for wait, items in ((0, 100), (1, 10), (1, 10), (2, 60)):
            now += wait
            harness.push(np.zeros(items, np.int8))
            found.append(block.results())
    assert found == [
        {"items": 100, "rate": 0.0, "recent_rate": 0.0},
        {"items": 110, "rate": 10.0, "recent_rate": 10.0},
        {"items": 120, "rate": 10.0, "recent_rate": 10.0},
        {"items": 180, "rate": 20.0, "recent_rate": 30.0},
    ]
