"""The changes of a run in a file, each with the item at which it took effect; and back.

One JSON object a line. The first tells which flowgraph it was, with its variables; each further one
a change: when (``t``, seconds from the start), ``block``, ``index`` and ``taken`` (items), and
``values``, null where a source was told to end.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec

from semradio.blocks.errors import ParameterError
from semradio.flowgraphs.plain import for_json, for_message
from semradio.flowgraphs.plan import Plan, veiled
from semradio.flowgraphs.runtime.change import Taken
from semradio.flowgraphs.runtime.failure import RunError


class Head(msgspec.Struct):
    """The first line of a log."""

    flowgraph: str
    variables: dict[str, Any]


class Line(msgspec.Struct):
    """A change in a log."""

    t: float
    block: str
    index: int
    taken: int
    values: dict[str, Any] | None


class ChangeLog:
    """Writes changes as they come; a context manager.

    Raises:
        ParameterError: the file cannot be written.
    """

    def __init__(self, file: str | Path, plan: Plan) -> None:
        self._path = Path(file)
        self._began = time.monotonic()
        try:
            self._file = self._path.open("wb")
        except OSError as error:
            raise ParameterError(f"cannot write {file}: {error.strerror}") from error
        self._write(Head(plan.name, _variables(plan)))

    def __enter__(self) -> ChangeLog:
        return self

    def __exit__(self, *reason: object) -> None:
        self._file.close()

    def take(self, change: Taken) -> None:
        """Write a change; RunError if the disk is full."""
        t = round(time.monotonic() - self._began, 3)
        self._write(Line(t, change.block, change.index, change.taken, change.values))

    def _write(self, line: Head | Line) -> None:
        try:
            self._file.write(msgspec.json.encode(line, enc_hook=for_message) + b"\n")
            self._file.flush()
        except OSError as error:
            raise RunError(f"cannot write {self._path}: {error.strerror}") from error


def read_changes(file: str | Path, plan: Plan) -> list[Taken]:
    """Return the changes of a log, which must be of the same flowgraph with the same variables.

    Raises:
        ParameterError: it cannot be read, or is another flowgraph's; file and line are named.
    """
    path = Path(file)
    try:
        head, *lines = path.read_bytes().splitlines()
        _check(file, msgspec.json.decode(head, type=Head), plan)
    except OSError as error:
        raise ParameterError(f"cannot read {file}: {error.strerror}") from error
    except (ValueError, msgspec.DecodeError):
        raise ParameterError(
            f"{file}: is no log of changes (run --log-changes writes one)"
        ) from None
    changes = []
    for number, text in enumerate(lines, start=2):
        try:
            line = msgspec.json.decode(text, type=Line)
        except msgspec.DecodeError as error:
            raise ParameterError(f"{file}:{number}: cannot be read: {error}") from None
        if line.block not in plan.blocks:
            raise ParameterError(f"{file}:{number}: the flowgraph has no block '{line.block}'")
        changes.append(Taken(line.block, line.index, line.taken, line.values))
    return changes


def _check(file: str | Path, head: Head, plan: Plan) -> None:
    if head.flowgraph != plan.name:
        raise ParameterError(
            f"{file}: changes of flowgraph '{head.flowgraph}' cannot be repeated in '{plan.name}'"
        )
    mine = _variables(plan)
    names = sorted(mine.keys() | head.variables.keys())
    other = [name for name in names if mine.get(name) != head.variables.get(name)]
    if other:
        told = ", ".join(f"{name}={head.variables.get(name)!r}" for name in other)
        raise ParameterError(
            veiled(f"{file}: was recorded with other variables; to repeat it, say {told}")
        )


def _variables(plan: Plan) -> dict[str, Any]:
    """Return the variables as they come back from a file."""
    return {
        name: veiled(value) if isinstance(value, str) else for_json(value)
        for name, value in plan.variables.items()
    }
