"""Settings for all tests."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import settings
from slow_first import slow_first

# ``python -m pytest`` puts the checkout first. What is installed comes before it, so that the tests
# run what the processes that they start run.
CHECKOUT = str(Path(__file__).parents[1])
if CHECKOUT in sys.path:
    sys.path.remove(CHECKOUT)
    sys.path.append(CHECKOUT)

# How long an example takes says nothing about whether it is right, and varies on a busy machine.
settings.register_profile("semradio", deadline=None)
settings.load_profile("semradio")

# A shell makes what it starts in the background deaf to Ctrl-C, and children inherit that: tests
# that interrupt one would then depend on how the suite was started.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

QUICK = (
    "blocks/api",
    "blocks/conversion",
    "blocks/engine",
    "blocks/stream",
    "blocks/test_docstrings.py",
    "blocks/test_stream_law.py",
    "docs/test_docs_links.py",
    "flowgraphs/cli/test_tables.py",
    "flowgraphs/language/test_language_reading.py",
    "flowgraphs/language/test_language_keys.py",
    "flowgraphs/test_graph.py",
    "test_contributing.py",
    "test_imports.py",
)
"""What holds the rules of the house, and takes under a minute together: ``pytest -m quick``."""


HEAVY = (
    "::test_aliases_of_aliases",
    "::test_editors_know_a_declared_key",
    *(
        f"::test_stream_law[{kind}_sink-"
        for kind in ("constellation", "spectrum", "time", "waterfall")
    ),
)
"""Tests of these files that take a second or more each: not slow, but not quick either."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave unread what ``-m quick`` would leave out: reading all files takes half a minute."""
    if config.option.markexpr != "quick" or not collection_path.name.startswith("test_"):
        return None
    return None if _is_quick(collection_path) else True


def _is_quick(path: Path) -> bool:
    """Whether a file is one of the quick ones, or in one of their folders."""
    here = Path(__file__).parent
    return any(path.is_relative_to(here / name) for name in QUICK)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the quick tests, and let several workers begin with the slow ones."""
    chosen = {path: _is_quick(path) for path in {item.path for item in items}}
    for item in items:
        heavy = item.get_closest_marker("slow") is not None or any(n in item.nodeid for n in HEAVY)
        if chosen[item.path] and not heavy:
            item.add_marker(pytest.mark.quick)
    items[:] = slow_first(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
