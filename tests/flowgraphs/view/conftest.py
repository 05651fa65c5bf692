"""What the tests of looking share: a folder for sockets, and runs in processes of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from looked_at import LOOKED_AT
from runs_beside import Run, own_sockets


@pytest.fixture(autouse=True)
def sockets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of this test's own for control sockets."""
    with own_sockets(tmp_path_factory) as folder:
        yield folder / "semradio"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """A function that starts a flowgraph beside the test."""
    runs: list[Run] = []

    def started(text: str, *options: str) -> Run:
        runs.append(Run(tmp_path, text, *options))
        return runs[-1]

    yield started
    for run in runs:
        if run.process.poll() is None:
            run.process.terminate()
        run.process.communicate(timeout=120)


@pytest.fixture(scope="session")
def looked_at() -> str:
    """A flowgraph of four processes that runs until it is stopped."""
    return LOOKED_AT
