"""Which processes a launcher starts again when they die, how often, and where their state is."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from semradio.flowgraphs.plan import Plan
from semradio.flowgraphs.runtime.failure import RunError
from semradio.flowgraphs.runtime.recovery.settings import Recovery, restarts, spares


class Restarting:
    """The restarts of one run.

    Args:
        plan: says how often within what time.
        why_not: why processes cannot be recovered, by process.
        state: folder for the checkpoints, which stay; None: one of this run's own.

    Raises:
        RunError: there can be no such folder.
    """

    def __init__(
        self, plan: Plan, why_not: Mapping[str, Sequence[str]], state: str | Path | None
    ) -> None:
        self.plan = plan
        self.why_not = why_not
        self.times = restarts(plan)
        self.lasting = state is not None
        self.restarted: deque[float] = deque()
        try:
            self.folder = Path(state or tempfile.mkdtemp(prefix="semradio-state-"))
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"no folder for checkpoints: {error.strerror} ({state})") from error

    @property
    def spares(self) -> int:
        """How many workers are to wait for their job."""
        return spares(self.plan)

    def settings(self, process: str) -> Recovery:
        """Return how a process keeps itself recoverable."""
        return Recovery(
            str(self.folder / process), self.plan.checkpoint, process not in self.why_not
        )

    def allows(self, process: str) -> bool:
        """Whether a process that has died is started again now; counted if so."""
        if process in self.why_not:
            return False
        now = time.monotonic()
        while self.restarted and now - self.restarted[0] > self.plan.restart_within:
            self.restarted.popleft()
        if len(self.restarted) >= self.times:
            return False
        self.restarted.append(now)
        return True

    def close(self) -> None:
        """Leave nothing behind that nobody asked for."""
        if not self.lasting:
            shutil.rmtree(self.folder, ignore_errors=True)
