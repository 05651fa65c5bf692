"""real_to_complex and complex_to_interleaved."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semradio.blocks.api import Array, ItemType, ItemTypeError, ParameterError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.stream.complex_to_interleaved import ComplexToInterleaved
from semradio.blocks.stream.real_to_complex import RealToComplex


def test_odd_frames_are_packed_back_to_back() -> None:
    frames = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert RealToComplex()(frames).tolist() == [0 + 1j, 2 + 3j, 4 + 5j]


def test_last_value_alone_gets_a_zero() -> None:
    assert RealToComplex()(np.ones((1, 3), np.float32)).tolist() == [1 + 1j, 1]


def test_double_precision_stays_double() -> None:
    z = RealToComplex()(np.array([0.1, 0.2]))
    assert z.dtype == np.complex128
    assert ComplexToInterleaved()(z).tolist() == [0.1, 0.2]


@given(
    frames=st.integers(0, 9),
    shape=st.lists(st.integers(1, 5), max_size=3),
    chunk=st.integers(1, 5),
)
def test_round_trip_gives_items_and_tags_back(frames: int, shape: list[int], chunk: int) -> None:
    x = np.random.default_rng(1).standard_normal((frames, *shape)).astype(np.float32)
    single = x[:1].size == 1
    if single:
        # A pair of single values is one sample, where their two tags meet.
        x = x[: len(x) - len(x) % 2]
    tags = [Tag(i, "frame", i) for i in range(0, len(x), 2 if single else 1)]
    z, on_air = run(RealToComplex(), x, tags, chunk)
    y, after = run(ComplexToInterleaved(shape=shape), z, on_air, chunk)
    assert z.shape == (-(-x.size // 2),)
    np.testing.assert_array_equal(x, y)
    assert after == tags


def test_tag_sits_where_its_frame_begins() -> None:
    x = np.zeros((3, 23), np.float32)
    _, tags = run(RealToComplex(), x, [Tag(i, "frame", i) for i in range(3)], 1)
    assert tags == [Tag(0, "frame", 0), Tag(11, "frame", 1), Tag(23, "frame", 2)]


def test_only_more_than_the_added_zero_is_noted() -> None:
    block = ComplexToInterleaved(shape=[3])
    assert block(np.ones(2, np.complex64)).shape == (1, 3)
    assert block.notes == []
    assert block(np.ones(1, np.complex64)).shape == (0, 3)
    assert block.notes == ["the last 2 values do not fill an item of 3 and were left out"]


@pytest.mark.parametrize("shape", [[0], [3, -1]])
def test_shape_must_be_positive(shape: list[int]) -> None:
    with pytest.raises(ParameterError, match="'shape' must be a list of positive lengths"):
        ComplexToInterleaved(shape=shape)


def test_wrong_types_are_refused() -> None:
    with pytest.raises(ItemTypeError, match="takes float32"):
        RealToComplex()(np.zeros(4, np.int16))
    with pytest.raises(ItemTypeError, match="takes complex64"):
        ComplexToInterleaved()(np.zeros(4, np.float32))


def run(
    block: RealToComplex | ComplexToInterleaved, x: Array, tags: list[Tag], chunk: int
) -> tuple[Array, list[Tag]]:
    with Harness(block, {"x": ItemType.of(x)}) as harness:
        for start in range(0, len(x), chunk):
            now = [tag for tag in tags if start <= tag.index < start + chunk]
            harness.push(x[start : start + chunk], tags=now)
        harness.end()
        return harness.outputs()[0], harness.tags()[0]
