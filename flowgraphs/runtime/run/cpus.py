"""Holds a process to some of its host's CPUs, as its key ``cpus`` says."""

from __future__ import annotations

import os
from collections.abc import Iterable

from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.plan import ProcessPlan


class Pin:
    """The CPUs of a process: those of its plan while it runs, after that those of before.

    Args:
        process: the process of the plan; None, or one that names no CPUs, is let alone.
    """

    def __init__(self, process: ProcessPlan | None) -> None:
        self.process = process
        self.before: set[int] | None = None

    def set(self) -> None:
        """Run on the CPUs of the plan from now on, with all threads that are started later.

        Raises:
            SemradioError: the system does not let it, or knows of no such thing.
        """
        if self.process is None or self.process.cpus is None:
            return
        if not hasattr(os, "sched_setaffinity"):
            raise self._refusal("this system holds no process to CPUs: leave 'cpus' out")
        before, wanted = os.sched_getaffinity(0), set(self.process.cpus)
        try:
            os.sched_setaffinity(0, wanted)
        except (OSError, OverflowError):
            missing = wanted  # None of them is there, or none may be used.
        else:
            self.before = before
            # The system leaves out in silence what a container or a batch system does not allow.
            missing = wanted - os.sched_getaffinity(0)
        if missing:
            self.release()
            raise self._refusal(
                f"'cpus' asks for {_listed(missing)}, which may not be used here; without it the "
                f"process would run on {_listed(before)}"
            )

    def release(self) -> None:
        """Run where it ran before."""
        if self.before is not None:
            os.sched_setaffinity(0, self.before)
            self.before = None

    def _refusal(self, reason: str) -> SemradioError:
        # Which process it is says whoever runs it.
        location = self.process.location if self.process is not None else None
        return SemradioError(f"{location}: {reason}" if location is not None else reason)


def _listed(cpus: Iterable[int]) -> str:
    return "CPU " + ", ".join(map(str, sorted(cpus)))
