"""Checkpoints as bytes and files: what may be saved, and what is refused when it is read."""

from __future__ import annotations

import enum
import errno
import os
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semradio.blocks.api import Tag
from semradio.blocks.engine.encoding import (
    UndecodableError,
    UnencodableError,
    decode,
    encode,
)
from semradio.flowgraphs.runtime.failure import RunError
from semradio.flowgraphs.runtime.recovery.store import MAGIC, Store

PACKAGES = {"semradio", __name__.partition(".")[0]}


class Colour(enum.Enum):
    RED = 1


class Pair(NamedTuple):
    a: Any
    b: Any


@dataclass
class Plain:
    x: int
    rest: list[Any] = field(default_factory=list)


@dataclass(slots=True, frozen=True)
class Slotted:
    x: Any


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.complex_numbers(allow_nan=False),
)
keys = st.one_of(st.integers(), st.text(), st.tuples(st.integers(), st.text()))
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(keys, inner),
        st.sets(st.integers()),
        st.frozensets(st.text()),
        st.builds(Plain, st.integers(), st.lists(inner)),
        st.builds(Slotted, inner),
        st.builds(Pair, inner, inner),
        st.builds(Tag, st.integers(0), st.text(), inner),
        st.lists(inner).map(lambda parts: deque(parts, maxlen=99)),
    ),
    max_leaves=12,
)


@given(values)
def test_values_come_back_as_they_were(value: Any) -> None:
    found = decode(encode(value), PACKAGES)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12, dtype=np.float32).reshape(3, 4)[:, ::2],
        np.zeros((0, 3), np.complex64),
        np.array(7, np.uint16),
        np.array(["a", "bc"]),
    ],
)
def test_arrays_come_back_with_type_and_shape(array: np.ndarray) -> None:
    found = decode(encode([array, array.dtype.type(0)]))
    np.testing.assert_array_equal(found[0], array)
    assert found[0].dtype == array.dtype
    assert found[0].flags.writeable
    assert type(found[1]) is array.dtype.type


def test_an_array_that_may_not_be_written_to_stays_so() -> None:
    array = np.arange(3)
    array.flags.writeable = False
    assert not decode(encode(array)).flags.writeable


def test_enumerations_come_back() -> None:
    assert decode(encode(Colour.RED), PACKAGES) is Colour.RED


@pytest.mark.parametrize(
    "value", [len, lambda: 0, Colour, np.random.default_rng(), np.array([None]), object()]
)
def test_what_is_more_than_data_is_not_saved(value: Any) -> None:
    with pytest.raises(UnencodableError, match=r"more than data|an array of"):
        encode({"deep": [Slotted(value)]})


def test_what_holds_itself_is_not_saved() -> None:
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(UnencodableError, match="holds itself"):
        encode(ring)


def test_classes_of_other_packages_are_not_made() -> None:
    with pytest.raises(UndecodableError, match="of no package of the flowgraph"):
        decode(encode(Plain(1)), {"semradio"})


def test_nothing_of_a_class_runs_when_it_is_read() -> None:
    found = decode(encode(Slotted(3)), PACKAGES)
    assert found.x == 3
    assert type(found) is Slotted


@given(st.binary(max_size=60))
def test_any_other_bytes_are_refused_in_words(data: bytes) -> None:
    try:
        decode(data)
    except UndecodableError:
        return


# Files -------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Any:
    made = Store(tmp_path / "alice")
    yield made
    made.close()


def path_of(store: Store, number: int) -> Path:
    return store.folder / f"{number:08d}.checkpoint"


def test_what_is_written_is_read_again(store: Store) -> None:
    store.write(3, b"one")
    store.write(4, b"two")
    assert store.numbers() == [3, 4]
    found = store.read(4)
    assert found is not None
    assert (found.number, found.body) == (4, b"two")
    store.remove(3)
    assert store.numbers() == [4]
    assert not store.refused


def damaged(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (damaged, "is damaged"),
        (lambda data: data[:-2], "is damaged"),
        (lambda data: data[:20], "is no checkpoint"),
        (lambda data: b"", "is no checkpoint"),
        (lambda data: b"x" * 200, "is no checkpoint"),
        (lambda data: MAGIC + b"\x09" + data[9:], "is of version 9, not 1"),
    ],
)
def test_damaged_and_foreign_files_are_refused_by_name(store: Store, change: Any, why: str) -> None:
    store.write(7, b"body")
    path = path_of(store, 7)
    path.write_bytes(change(path.read_bytes()))
    assert store.read(7) is None
    assert store.refused == [f"{path} {why}"]


def test_a_checkpoint_of_another_run_is_refused(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "bob")
    other.write(1, b"body")
    path_of(store, 1).write_bytes(path_of(other, 1).read_bytes())
    other.close()
    assert store.read(1) is None
    assert "is of another run" in store.refused[0]


def test_one_under_another_number_is_refused(store: Store) -> None:
    store.write(1, b"body")
    path_of(store, 1).rename(path_of(store, 2))
    assert store.read(2) is None


def test_killed_between_writing_and_renaming(store: Store, monkeypatch: Any) -> None:
    store.write(1, b"first")

    def die(self: Path, target: Path) -> None:
        raise KeyboardInterrupt  # stands for the kill: nothing after it is done

    monkeypatch.setattr(Path, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        store.write(2, b"second")
    monkeypatch.undo()
    store.close()
    again = Store(store.folder)
    try:
        assert again.numbers() == [1]
        assert again.read(1) is not None
        assert not list(again.folder.glob("*.part"))
    finally:
        again.close()


def test_a_full_disk_leaves_nothing_behind(store: Store, monkeypatch: Any) -> None:
    store.write(1, b"first")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        store.write(2, b"second")
    monkeypatch.undo()
    assert store.numbers() == [1]
    assert not list(store.folder.glob("*.part"))


def test_a_folder_serves_one_process(store: Store, monkeypatch: Any) -> None:
    monkeypatch.setattr("semradio.flowgraphs.runtime.recovery.store._LOCKED_S", 0.05)
    with pytest.raises(RunError, match="another process keeps its checkpoints"):
        Store(store.folder)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot keep checkpoints in"):
        Store(tmp_path / "file" / "alice")
