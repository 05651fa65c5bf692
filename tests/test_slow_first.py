"""Several workers begin with the slow tests, and no test is lost for that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from slow_first import slow_first


class Item:
    """A test as far as its order is concerned."""

    def __init__(self, module: str, number: int, slow: bool) -> None:
        self.path, self.number, self.slow = Path(module), number, slow

    def get_closest_marker(self, name: str) -> object | None:
        return name if name == "slow" and self.slow else None


def items(**modules: str) -> list[Any]:
    """Return modules of tests, by name a letter for each test: ``s`` for a slow one."""
    return [
        Item(module, k, letter == "s")
        for module, letters in modules.items()
        for k, letter in enumerate(letters)
    ]


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_modules_stay_whole_and_nothing_is_lost(workers: int) -> None:
    given = items(a="q" * 40, b="qsq", c="s", d="q" * 7, e="ssq", f="qqs")
    found = slow_first(given, workers)
    assert sorted(map(id, found)) == sorted(map(id, given))
    for module in "bcef":
        at = [k for k, item in enumerate(found) if item.path == Path(module)]
        assert at == list(range(at[0], at[0] + len(at)))
        assert [found[k].number for k in at] == list(range(len(at)))


def test_each_part_begins_with_slow_ones() -> None:
    given = items(a="q" * 40, b="ss", c="s", d="s", e="q" * 8)
    found = slow_first(given, 3)
    starts = [found[k * len(given) // 3].path.name for k in range(3)]
    assert sorted(starts) == ["b", "c", "d"]


def test_what_is_not_slow_stays_as_it_was() -> None:
    given = items(a="qqq", b="q", c="qq")
    assert slow_first(given, 3) == given
