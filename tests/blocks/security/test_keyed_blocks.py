"""The two blocks of a keyed link: what Alice sends, and how Bob follows her."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from link_keys import KEYS

from semradio.blocks.api import Array, BlockError, ItemType, ParameterError, StreamError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.api.tag import GAP
from semradio.blocks.engine.queue import Policy, Queue
from semradio.blocks.security.haar_rotation import HaarRotation
from semradio.blocks.security.keyed_derotation import KeyedDerotation
from semradio.blocks.security.keyed_rotation import KeyedRotation
from semradio.blocks.security.keystream import fingerprint
from semradio.blocks.stream.frame_tagger import FrameTagger

FRAME = ItemType("float32", (23,))
NAMES = [fingerprint(bytes.fromhex(key), "") for key in KEYS]


STATED: dict[str, Any] = {"session": "", "reuse": True}
"""A session that is stated, as in a study: the rotations are the same each time."""


def frames(count: int, size: int = 23) -> Array:
    """Frames of length 1."""
    x = np.random.default_rng(count).standard_normal((count, size)).astype(np.float32)
    unit: Array = x / np.linalg.norm(x, axis=1, keepdims=True)
    return unit


def sent(
    x: Array, keys: Any, changes: dict[int, dict[str, Any]] | None = None, **values: Any
) -> Any:
    """What Alice sends, with its tags, when parameters change before some items."""
    with Harness(
        KeyedRotation(keys=keys, **{**STATED, **values}), {"x": ItemType.of(x)}
    ) as harness:
        for at in range(len(x)):
            if changes and at in changes:
                for name, value in changes[at].items():
                    harness.change({name: value})
            harness.push(x[at : at + 1])
        harness.end()
        return harness.outputs()[0], harness.tags()[0], harness.block.results()


def received(y: Array, tags: list[Tag], keys: Any, **values: Any) -> Any:
    """What Bob makes of it."""
    block = KeyedDerotation(keys=keys, **{"session": "", **values})
    return block(y, tags=tags), block.results()


def wrong(x: Array, y: Array) -> Array:
    """Which frames differ by more than rounding."""
    differs: Array = abs(x - y).max(axis=1, initial=0) > 1e-5
    return differs


# Alice -----------------------------------------------------------------------------------------


def test_alice_rotates_by_frame_number(keys: list[str]) -> None:
    x = frames(300)
    y, _, results = sent(x, keys, session="monday", key=1, first_frame=77)
    wanted = HaarRotation(bytes.fromhex(KEYS[1]), "monday", size=23).rotate(x, 77)
    np.testing.assert_allclose(y, wanted, atol=2e-6)
    assert results == {
        "frames": 300,
        "zero_frames": 0,
        "next_frame": 377,
        "key": fingerprint(bytes.fromhex(KEYS[1]), "monday"),
    }


def test_alices_tags(keys: list[str]) -> None:
    _, tags, _ = sent(frames(25), keys, {7: {"key": 1}, 20: {"key": 1}}, announce=10, first_frame=5)
    stated = [(tag.index, tag.value) for tag in tags if tag.key in ("keyed_key", "keyed_frame")]
    a, b = NAMES
    assert stated == [
        (0, a), (0, 5), (7, b), (7, 12), (10, b), (10, 15), (20, b), (20, 25)
    ]  # fmt: skip


@pytest.mark.parametrize("energy", [1.0, 23.0])
def test_every_frame_has_the_same_energy(keys: list[str], energy: float) -> None:
    x = frames(200) * np.geomspace(1e-18, 1e18, 200, dtype=np.float32)[:, None]
    y = KeyedRotation(keys=keys, **STATED, energy=energy)(x)
    np.testing.assert_allclose((y.astype(float) ** 2).sum(axis=1), energy, rtol=4e-6)
    back, _ = received(y, [], keys)
    assert not wrong(back, frames(200) * np.float32(np.sqrt(energy))).any()
    z = KeyedRotation(keys=keys, **STATED, normalise=False)(x)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), np.linalg.norm(x, axis=1), rtol=4e-6)


def test_a_frame_of_zeros_does_not_show(keys: list[str]) -> None:
    x = frames(2000)
    x[::2] = 0
    alice = KeyedRotation(keys=keys, **STATED)
    y = alice(x)
    assert alice.results()["zero_frames"] == 1000
    np.testing.assert_allclose(np.linalg.norm(y, axis=1), 1, rtol=3e-6)
    # Alike in every entry, and no two of them the same.
    for part in (y[::2], y[1::2]):
        np.testing.assert_allclose(part.mean(axis=0), 0, atol=0.03)
        np.testing.assert_allclose((part**2).mean(axis=0), 1 / 23, rtol=0.25)
    assert abs(y[::2] @ y[::2].T - np.eye(1000)).max() < 0.9
    plain = KeyedRotation(keys=keys, **STATED, normalise=False)
    assert not plain(np.zeros((3, 23), np.float32)).any()


def test_what_is_no_number_is_named(keys: list[str]) -> None:
    for bad in (np.nan, np.inf):
        x = frames(100)
        x[70, 3] = bad
        with pytest.raises(BlockError, match="NaN or infinity, first at item 70"):
            KeyedRotation(keys=keys, **STATED)(x, chunk=32)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"key": 2}, "'key' is 2, but 'keys' names only 2"),
        ({"first_frame": -1}, "'first_frame' must be 0 to"),
        ({"announce": 0}, "'announce' must be at least 1"),
        ({"energy": 0.0}, "'energy' must be above 0"),
        ({"session": 5}, "'session' must be str"),
        ({"session": "ab\ud800"}, r"'session' must be text .* character 3 is '\\ud800'"),
    ],
)
def test_parameters(keys: list[str], values: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message) as refused:
        KeyedRotation(keys=keys, **values)
    assert refused.value.parameter == next(iter(values))
    if values.keys() <= KeyedDerotation.parameters.keys():
        with pytest.raises(ParameterError, match=message):
            KeyedDerotation(keys=keys, **values)


def test_keys_are_read_where_the_block_runs() -> None:
    """A host that only passes frames on needs no key."""
    block = KeyedRotation(keys="file:none.key")
    block.resolve({"x": FRAME})
    with pytest.raises(ParameterError, match="no key file"):
        block(frames(1))


def test_a_frame_of_one_value_cannot_be_hidden(keys: list[str]) -> None:
    with pytest.raises(ParameterError, match="1 value"):
        KeyedRotation(keys=keys, **STATED)(np.ones((3, 1), np.float32))


# Bob -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2, 23, 40])
def test_bob_restores(keys: list[str], size: int) -> None:
    x = frames(400, size)
    y, tags, _ = sent(x, keys, session="s", first_frame=1 << 50)
    assert wrong(x, y).all()
    back, results = received(y, tags, keys, session="s")
    assert not wrong(x, back).any()
    assert (results["frames"], results["lost"], results["resynchronised"]) == (400, 0, 0)


def test_an_item_of_several_axes_is_one_frame(keys: str) -> None:
    x = frames(60, 48).view(np.complex64)
    planes = x.reshape(60, 6, 2, 2)
    hidden = KeyedRotation(keys=keys, **STATED)(planes)
    np.testing.assert_array_equal(
        hidden.reshape(60, 24), KeyedRotation(keys=keys, **STATED)(x), strict=True
    )
    restored = KeyedDerotation(keys=keys, session=STATED["session"])(hidden)
    np.testing.assert_allclose(restored, planes, atol=1e-5)


def test_complex_frames(keys: list[str]) -> None:
    x = frames(100, 10).view(np.complex64)
    y, tags, _ = sent(x, keys)
    assert (y.dtype, y.shape) == (x.dtype, x.shape)
    back, _ = received(y, tags, keys)
    assert (back.dtype, wrong(x, back).any()) == (x.dtype, False)
    # The rotation mixes real and imaginary parts: it is not one of complex vectors.
    one, other = (KeyedRotation(keys=keys, **STATED)(v) for v in (x, x * np.complex64(1j)))
    assert abs(other - 1j * one).max() > 0.1


def test_bob_follows_changes_of_the_key(keys: list[str]) -> None:
    x = frames(300)
    changes = {50: {"key": 1}, 100: {"key": 0}, 130: {"key": 1}, 131: {"key": 0}}
    y, tags, _ = sent(x, keys, changes, announce=1000)
    back, results = received(y, tags, list(reversed(keys)))
    assert not wrong(x, back).any()
    assert results["key"] == NAMES[0]


def test_only_the_last_change_before_an_item_counts(keys: list[str]) -> None:
    """Bob has not the key that Alice was about to use."""
    x = frames(20)
    alice = KeyedRotation(keys=keys, **STATED)
    with Harness(alice, {"x": FRAME}) as harness:
        harness.push(x[:10])
        harness.change({"key": 1})
        harness.change({"key": 0})
        harness.push(x[10:])
        harness.end()
        y, tags = harness.outputs()[0], harness.tags()[0]
    back, _ = received(y, tags, keys[0])
    assert not wrong(x, back).any()


def test_bob_follows_an_alice_who_begins_again_with_another_key(keys: list[str]) -> None:
    """Over a channel that is not of this run: what she sends the second time begins anywhere."""
    x = frames(40)
    first, first_tags, _ = sent(x, keys, first_frame=1000)
    second, second_tags, _ = sent(x, keys, key=1, first_frame=3)
    tags = [*first_tags, *(tag.moved(tag.index + 40) for tag in second_tags)]
    back, results = received(np.concatenate([first, second]), tags, keys)
    assert not wrong(np.concatenate([x, x]), back).any()
    assert (results["lost"], results["doubtful"]) == (0, 0)


def test_bob_follows_when_alice_stops_hiding(keys: list[str]) -> None:
    x = frames(60)
    y, tags, results = sent(x, keys, {20: {"enabled": False}, 40: {"enabled": True}})
    assert y[20:40].tobytes() == x[20:40].tobytes()
    assert wrong(x, y)[:20].all()
    assert results["next_frame"] == 60
    back, found = received(y, tags, keys)
    assert not wrong(x, back).any()
    assert found["frames"] == 40
    y, tags, results = sent(x, keys, enabled=False, first_frame=9)
    assert (y.tobytes(), results["next_frame"]) == (x.tobytes(), 9)
    assert received(y, tags, keys)[0].tobytes() == x.tobytes()


def test_without_tags_bob_uses_his_own_key_and_count(keys: list[str]) -> None:
    x = frames(100)
    y, _, _ = sent(x, keys, key=1, first_frame=30)
    back, results = received(y, [], keys, key=1, first_frame=30)
    assert not wrong(x, back).any()
    assert results["key"] == NAMES[1]


def test_a_wrong_key_without_tags_gives_garbage(keys: list[str]) -> None:
    x = frames(500)
    y, _, _ = sent(x, keys)
    for values in ({"key": 1}, {"session": "tuesday"}, {"first_frame": 1}):
        back, _ = received(y, [], keys, **values)
        # As far off as any two random directions: E||x - x^||^2 = 2.
        assert ((x - back) ** 2).sum(axis=1).mean() == pytest.approx(2, abs=0.1)
        assert wrong(x, back).all()


def test_a_key_that_bob_has_not(keys: list[str]) -> None:
    y, tags, _ = sent(frames(60), keys, {40: {"key": 1}})
    with pytest.raises(BlockError) as caught:
        received(y, tags, keys[0])
    for part in ("item 40", NAMES[1], f"{NAMES[0]} ({keys[0]})", "same session"):
        assert part in str(caught.value)
    with pytest.raises(BlockError, match="item 0 was hidden with key"):
        received(y, tags, keys, session="tuesday")
    # A block that does nothing needs no key.
    assert received(y, tags, keys[0], enabled=False)[0].tobytes() == y.tobytes()


@pytest.mark.parametrize("value", ["7", -1, 1.0, True, None])
def test_a_frame_tag_that_is_none(keys: list[str], value: Any) -> None:
    with pytest.raises((BlockError, StreamError), match="tag 'keyed_frame' on item 3 must be"):
        received(frames(5), [Tag(3, "keyed_frame", value)], keys)


def test_tags_of_others_do_no_harm(keys: list[str]) -> None:
    """Numbers of 'frame_tagger', which begin elsewhere, and whatever else a link carries."""
    x = frames(100)
    tagger = FrameTagger(first=1000)
    with Harness(tagger, {"x": FRAME}) as harness:
        harness.push(x)
        harness.end()
        foreign = [*harness.tags()[0], Tag(50, "key", "mine")]
    assert Tag(99, "frame", 1099) in foreign
    with Harness(KeyedRotation(keys=keys, **STATED), {"x": FRAME}) as harness:
        harness.push(x, tags=foreign)
        harness.end()
        y, tags = harness.outputs()[0], harness.tags()[0]
    assert set(foreign) <= set(tags)
    back, results = received(y, tags, keys)
    assert not wrong(x, back).any()
    assert (results["lost"], results["resynchronised"], results["key"]) == (0, 0, NAMES[0])


def test_a_gap_tag_of_the_users_does_no_harm(keys: list[str]) -> None:
    x = frames(50)
    y, tags, _ = sent(x, keys)
    tags += [Tag(10, GAP, "mine"), Tag(20, GAP, -3), Tag(30, GAP, None)]
    back, results = received(y, tags, keys)
    assert not wrong(x, back).any()
    assert results["lost"] == 0


# Losses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("announce", [1, 16])
def test_losses_without_notice(keys: list[str], announce: int) -> None:
    """A channel that drops items and their tags, and tells nobody."""
    x = frames(200)
    y, tags, _ = sent(x, keys, announce=announce)
    kept = np.ones(200, bool)
    kept[[20, 21, 22, 64, 120, 199]] = False
    place = np.cumsum(kept) - 1
    left = [tag.moved(int(place[tag.index])) for tag in tags if kept[tag.index]]
    back, results = received(y[kept], left, keys)
    bad = np.flatnonzero(kept)[wrong(x[kept], back)]
    if announce == 1:
        assert bad.size == 0
        assert (results["lost"], results["resynchronised"], results["doubtful"]) == (5, 3, 3)
    else:
        # Frame 64 held a number: the next stands on 80.
        assert bad.tolist() == [*range(23, 32), *range(65, 80), *range(121, 128)]
        assert (results["lost"], results["resynchronised"]) == (5, 3)
        assert results["doubtful"] == (29 - 16) + (76 - 45) + (123 - 108)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    policies=st.lists(st.sampled_from(["drop_newest", "drop_oldest"]), min_size=1, max_size=2),
    limits=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    steps=st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), max_size=30),
    announce=st.integers(1, 20),
    changes=st.lists(st.integers(0, 100), max_size=4),
    first=st.integers(0, 1000),
)
def test_all_that_gets_through_lossy_edges_is_restored(
    keys: list[str],
    policies: list[Policy],
    limits: tuple[int, int],
    steps: list[list[int]],
    announce: int,
    changes: list[int],
    first: int,
) -> None:
    """Also while the key changes; every frame is checked against what was sent."""
    x = frames(150)
    flips = {at: {"key": (k + 1) % 2} for k, at in enumerate(sorted(set(changes)))}
    y, tags, _ = sent(x, keys, flips, announce=announce, first_frame=first)
    edges = [Queue(FRAME, limit, policy) for policy, limit in zip(policies, limits, strict=False)]
    numbers = [Queue(ItemType("int64"), edge.limit, edge.policy) for edge in edges]
    arrived: list[int] = []
    at = 0
    with Harness(KeyedDerotation(keys=keys, session=""), {"y": FRAME}) as bob:
        for put, *takes in [*steps, [0, 99, 99], [0, 99, 99]]:
            here = slice(at, at + put)
            chunk, marks = y[here], [tag for tag in tags if at <= tag.index < at + put]
            which = np.arange(150)[here]
            at += put
            for edge, number, take in zip(edges, numbers, takes, strict=False):
                edge.put(chunk, marks)
                number.put(which)
                count = min(take, edge.items)
                chunk, which = (
                    (edge.take(count), number.take(count)) if count else (y[:0], which[:0])
                )
                marks = edge.tags_before(edge.at)
            if len(chunk):
                bob.push(chunk, tags=marks)
                arrived += which.tolist()
        bob.end()
        back, results = bob.outputs()[0], bob.block.results()
    assert not wrong(x[arrived], back).any()
    assert results["frames"] == len(arrived)
    assert results["resynchronised"] == results["doubtful"] == 0
    if arrived:
        assert results["lost"] == arrived[-1] + 1 - len(arrived)


# Numbers by a receiver's tag -------------------------------------------------------------------


def test_frame_numbers_by_another_tag(keys: list[str]) -> None:
    """Over the air Alice's tags are not there; the receiver numbers what arrives."""
    x = frames(300)
    y, _, _ = sent(x, keys, first_frame=50)
    kept = np.r_[0:100, 150:300]
    tags = [Tag(0, "frame", 0), Tag(100, "frame", 150)]
    back, results = received(y[kept], tags, keys, first_frame=50, frame_tag="frame")
    assert not wrong(x[kept], back).any()
    assert (results["resynchronised"], results["lost"]) == (1, 50)
    back, results = received(y[kept], [*tags, Tag(100, GAP, 50)], keys, first_frame=50)
    assert not wrong(x[kept], back).any(), "without 'frame_tag' the gap alone counts"


@pytest.mark.parametrize("value", [-1, True, 1.0, "a", None])
def test_a_tag_that_is_no_number(keys: list[str], value: Any) -> None:
    with pytest.raises(BlockError, match=r"tag 'frame' on item 3 must .*burst_demod"):
        received(frames(9), [Tag(3, "frame", value)], keys, frame_tag="frame")


@pytest.mark.parametrize("key", ["gap", "keyed_key", "keyed_frame"])
def test_a_tag_that_means_something_else(keys: list[str], key: str) -> None:
    with pytest.raises(ParameterError, match=f"'frame_tag' must be another tag than '{key}'"):
        KeyedDerotation(keys=keys, frame_tag=key)
