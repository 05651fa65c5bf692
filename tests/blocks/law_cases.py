"""The cases of the stream law: those of each room stand beside its tests, in ``ROOM/ROOM_law.py``.

Such a module has ``CASES``, and a function ``prepare`` where blocks read files or speak to
somebody: it is given the folder, and ``run_peer`` if it takes that.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from law_case import Case, Cases, RunPeer

from semradio.blocks.api import Block, find


def _loaded(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module


ROOMS = {
    file.parent.name: _loaded(file) for file in sorted(Path(__file__).parent.glob("*/*_law.py"))
}

CASES: Cases = {name: cases for room in ROOMS.values() for name, cases in room.CASES.items()}

FLAT = [
    pytest.param(name, case, id=f"{name}-{k}")
    for name, cases in CASES.items()
    for k, case in enumerate(cases)
]


def prepare(folder: Path, run_peer: RunPeer) -> None:
    """Put there what the cases read, and start the programs that they speak to."""
    for room in ROOMS.values():
        work = getattr(room, "prepare", None)
        if work is not None:
            alone = len(inspect.signature(work).parameters) == 1
            work(*((folder,) if alone else (folder, run_peer)))


def factory_of(name: str, case: Case, folder: Path) -> Callable[[], Block]:
    """Return a function that makes the block of a case anew."""
    values = {
        key: value.format(tmp=folder) if isinstance(value, str) else value
        for key, value in case.parameters.items()
    }
    return lambda: find(name)(**values)
