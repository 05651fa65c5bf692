"""Sessions: a fresh salt for each run, none that serves twice, and frames that Bob refuses."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import ItemType, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.errors import BlockError, ParameterError, StreamError
from semradio.blocks.security.keyed_derotation import KeyedDerotation
from semradio.blocks.security.keyed_rotation import KeyedRotation
from semradio.blocks.security.secret_key import make_key_file

FRAMES = np.random.default_rng(5).standard_normal((40, 23)).astype(np.float32)
FRAMES /= np.linalg.norm(FRAMES, axis=1, keepdims=True)


@pytest.fixture
def key(tmp_path: Path) -> str:
    make_key_file(tmp_path / "link.key")
    return f"file:{tmp_path / 'link.key'}"


def sent(key: str, **values: Any) -> tuple[Any, list[Tag], KeyedRotation]:
    alice = KeyedRotation(keys=key, announce=10, **values)
    with Harness(alice, {"x": ItemType.of(FRAMES)}) as harness:
        harness.push(FRAMES)
        harness.end()
    return harness.outputs()[0], harness.tags()[0], alice


def received(key: str, y: Any, tags: list[Tag], **values: Any) -> tuple[Any, list[Tag], Any]:
    bob = KeyedDerotation(keys=key, **values)
    with Harness(bob, {"y": ItemType.of(y)}) as harness:
        harness.push(y, tags=tags)
        harness.end()
    return harness.outputs()[0], harness.tags()[0], bob.results()


def restored(x: Any, of: Any) -> Any:
    """Which frames came back."""
    return abs(x - of).max(axis=1) < 1e-5


def test_each_run_draws_a_salt_and_bob_hears_it(key: str) -> None:
    runs = [sent(key) for _ in range(2)]
    salts = set()
    for y, tags, alice in runs:
        found = [tag for tag in tags if tag.key == "keyed_salt"]
        assert [tag.index for tag in found] == [0, 10, 20, 30]
        (salt,) = {tag.value for tag in found}
        assert len(salt) == 32
        assert salt == alice.salt
        salts.add(salt)
        x, _, results = received(key, y, tags)
        assert restored(x, FRAMES).all()
        assert (results["repeated"], results["foreign"]) == (0, 0)
    assert len(salts) == 2
    assert not restored(runs[0][0], runs[1][0]).any()
    # Nothing is noted for salts, which are never drawn twice.
    assert not Path(key.removeprefix("file:") + ".used").exists()


def test_a_session_serves_once(key: str) -> None:
    first, _, alice = sent(key, session="study")
    ledger = Path(key.removeprefix("file:") + ".used")
    assert stat.S_IMODE(ledger.stat().st_mode) == 0o600
    assert alice.results()["next_frame"] == 40
    with pytest.raises((BlockError, ParameterError), match="'study' has served with this key") as e:
        sent(key, session="study")
    assert "first_frame=40" in str(e.value)
    assert Path(key.removeprefix("file:")).read_text().strip() not in str(e.value)
    again, _, _ = sent(key, session="study", reuse=True)
    assert (again == first).all()
    with pytest.raises((BlockError, ParameterError), match="has served"):
        sent(key, session="study", first_frame=39)
    more, _, _ = sent(key, session="study", first_frame=40)
    assert not restored(more, first).any()
    sent(key, session="another")
    assert len(ledger.read_text().splitlines()) == 3


def test_a_run_that_was_killed_has_used_all_numbers(key: str) -> None:
    alice = KeyedRotation(keys=key, session="study")
    alice.resolve({"x": ItemType.of(FRAMES)})
    alice.start()
    with pytest.raises((BlockError, ParameterError), match="has served") as error:
        sent(key, session="study", first_frame=10**6)
    assert "first_frame=" not in str(error.value)


def test_a_ledger_that_cannot_be_written_is_told(key: str) -> None:
    Path(key.removeprefix("file:") + ".used").mkdir()
    with pytest.raises((BlockError, ParameterError), match="keep the key in a folder of yours"):
        sent(key, session="study")


def test_frames_that_come_again_are_refused(key: str) -> None:
    y, tags, _ = sent(key)
    # Items 10 to 19 once more after item 19, with all that was said of them.
    twice = np.concatenate([y[:20], y[10:20], y[20:]])
    moved = [t for t in tags if t.index < 20]
    moved += [Tag(t.index + 10, t.key, t.value) for t in tags if t.index >= 10]
    x, said, results = received(key, twice, moved)
    assert restored(np.delete(x, range(20, 30), axis=0), FRAMES).all()
    assert not x[20:30].any()
    assert results["repeated"] == 10
    assert results["frames"] == 40
    refused = [(t.index, t.value) for t in said if t.key == "keyed_refused"]
    assert refused == [(20, "a number that has been here")]


def test_frames_of_another_salt_are_refused(key: str) -> None:
    (y, tags, _), (old, old_tags, _) = sent(key), sent(key)
    # A recording of a run before, played between items 19 and 20.
    mixed = np.concatenate([y[:20], old, y[20:]])
    moved = [t for t in tags if t.index < 20]
    moved += [Tag(t.index + 20, t.key, t.value) for t in old_tags]
    moved += [Tag(t.index + 40, t.key, t.value) for t in tags if t.index >= 20]
    x, said, results = received(key, mixed, moved)
    assert restored(np.delete(x, range(20, 60), axis=0), FRAMES).all()
    assert not x[20:60].any()
    assert results["foreign"] == 40
    assert [(t.index, t.value) for t in said if t.key == "keyed_refused"] == [(20, "another salt")]


def test_without_a_salt_and_a_session_nothing_is_guessed(key: str) -> None:
    y, tags, _ = sent(key)
    silent = [tag for tag in tags if tag.key != "keyed_salt"]
    with pytest.raises((BlockError, StreamError), match="no salt was announced"):
        received(key, y, silent)
