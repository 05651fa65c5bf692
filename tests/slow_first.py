"""The order of the tests for several workers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest


def slow_first(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """Return tests in an order in which no worker is left with a slow one in the end.

    ``--dist worksteal`` cuts them into parts of one length, a worker each, and whoever has done his
    part takes from the end of another's. So each part begins with modules that have slow tests,
    whole ones because of what their tests share, and ends with quick ones.
    """
    modules: dict[Path, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.path, []).append(item)
    slow = {
        path: sum(item.get_closest_marker("slow") is not None for item in found)
        for path, found in modules.items()
    }
    parts: list[list[pytest.Item]] = [[] for _ in range(workers)]
    loads = [0] * workers
    for path in sorted(filter(slow.__getitem__, slow), key=slow.__getitem__, reverse=True):
        least = loads.index(min(loads))
        parts[least] += modules[path]
        loads[least] += slow[path]
    rest = [item for path, found in modules.items() if not slow[path] for item in found]
    ordered: list[pytest.Item] = []
    for k, part in enumerate(parts):
        room = max(0, (len(items) - len(ordered)) // (workers - k) - len(part))
        ordered += [*part, *rest[:room]]
        del rest[:room]
    return [*ordered, *rest]
