"""Collects what is wrong with a flowgraph, so that all of it is reported at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from semradio.flowgraphs.plan import FlowgraphError, Location, Problem

_NUMBER = re.compile(r"(?<![\w.])-?\d+(\.\d+)?(?![\w.])")


class Problems:
    """The problems found so far; :meth:`within` gives a view that says where a file was used."""

    def __init__(self) -> None:
        self._found: dict[tuple[Location | None, str], Problem] = {}
        self._use = ""

    def within(self, use: str) -> Problems:
        """Return a collector into the same collection that ends each message with ``use``."""
        inner = Problems()
        inner._found = self._found
        inner._use = f"{self._use}; {use}"
        return inner

    def add(self, message: str, location: Location | None) -> None:
        """Add one problem; of those that repetition makes of one place, only the first."""
        problem = Problem(message, location, location.text if location else "")
        self._keep(problem, _NUMBER.sub("#", message))

    def take(self, problems: Iterable[Problem]) -> None:
        """Add problems that are ready-made."""
        for problem in problems:
            self._keep(problem, problem.message)

    def _keep(self, problem: Problem, key: str) -> None:
        if (problem.location, key) not in self._found:
            self._found[problem.location, key] = replace(
                problem, message=problem.message + self._use
            )

    def __len__(self) -> int:
        return len(self._found)

    def raise_if_any(self) -> None:
        """Raise a FlowgraphError with all problems, in the order of their places."""
        if self._found:
            raise FlowgraphError(self._sorted())

    def _sorted(self) -> list[Problem]:
        files: dict[str, int] = {}
        for problem in self._found.values():
            if problem.location is not None:
                files.setdefault(problem.location.file, len(files))

        def place(problem: Problem) -> tuple[int, int, int]:
            where = problem.location
            return (files[where.file], where.line, where.column) if where else (len(files), 0, 0)

        return sorted(self._found.values(), key=place)
