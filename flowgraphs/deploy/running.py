"""Waits for a deployment, stops it, and makes one result of what its processes report."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from typing import Any

from semradio.flowgraphs.deploy.by_shell import ByShell
from semradio.flowgraphs.deploy.deployment import DeployError, Deployment
from semradio.flowgraphs.deploy.engine import LOST, Engine, Telling
from semradio.flowgraphs.deploy.kubectl import Kubectl
from semradio.flowgraphs.deploy.slurm import Slurm
from semradio.flowgraphs.deploy.starting import ASKED
from semradio.flowgraphs.plan import Plan
from semradio.flowgraphs.runtime.result import RunResult, merge
from semradio.flowgraphs.runtime.run.draining import DRAIN_S, REPORT_S

ENDS_WITHIN_S = DRAIN_S + REPORT_S
"""Seconds that processes which were asked to end may take."""

_LOOK_EVERY_S = 0.05
_ASK_EVERY_S = 2.0
_ASK_SOON_S = 0.25
"""The same, once a process has ended: an engine that ends all leaves no word of it."""
_GRACE_S = 0.5
"""Seconds that the others have to tell what they saw, after one process has failed."""
_END_S = 5.0
"""Seconds that they have to be gone, before a new way to their hosts is taken to end them."""


def engine_of(deployment: Deployment) -> Engine:
    """Return the engine that started a deployment."""
    return Slurm() if deployment.engine == "slurm" else ByShell()


def _telling(deployment: Deployment) -> Telling:
    """Return who can be asked of a deployment."""
    return Kubectl() if deployment.engine == "kubernetes" else engine_of(deployment)


def states(deployment: Deployment) -> dict[str, str]:
    """Return what each process is at, in words; DeployError if nobody answers."""
    return _telling(deployment).states(deployment)


def log(deployment: Deployment, process: str) -> str:
    """Return what a process has said; DeployError if its host does not answer."""
    return _telling(deployment).log(deployment, process)


def stop(deployment: Deployment) -> None:
    """Ask every process to end in good order: sources stop, what is under way is drained."""
    _telling(deployment).drain(deployment)


class Watch:
    """Waits for the end of all processes of a deployment.

    Args:
        tell: what to do with a line about a process that was started again.
    """

    def __init__(self, deployment: Deployment, tell: Callable[[str], None]) -> None:
        self.deployment = deployment
        self.tell = tell
        self.engine = engine_of(deployment)
        self.ended: dict[str, int | None] = {}
        """How each process ended that has; None: nothing is there to tell."""
        self.said: dict[str, str] = {}
        """The last line of each of their logs."""
        self.watchers = {
            process: self.engine.watch(deployment, process) for process in deployment.processes
        }
        self.asked = time.monotonic()

    def until_the_end(self, within: float | None = None) -> None:
        """Return when all processes have ended.

        Raises:
            DeployError: one has failed; the others were stopped. Or they took too long.
        """
        deadline = None if within is None else time.monotonic() + within
        while self.watchers:
            self._look()
            if any(status not in (0, *ASKED) for status in self.ended.values()):
                raise self._failure()
            if self.watchers:
                self._ask()
            if deadline is not None and time.monotonic() > deadline:
                late = ", ".join(self.watchers)
                self.engine.end(self.deployment)
                raise DeployError(f"process {late} did not end within {within:.0f} s")
            time.sleep(_LOOK_EVERY_S)

    def _look(self) -> None:
        for process, watcher in list(self.watchers.items()):
            for line in watcher.lines():
                what, _, status = line.partition(" ")
                if what == "again":
                    self.tell(f"process '{process}' was {_how(int(status))}; it is started again")
                elif what == "said":
                    self.said[process] = status.strip()
                elif what in ("ended", LOST):
                    self.ended[process] = int(status) if status.isdecimal() else None
                    self.watchers.pop(process).close()

    def _ask(self) -> None:
        if time.monotonic() - self.asked < (_ASK_SOON_S if self.ended else _ASK_EVERY_S):
            return
        self.asked = time.monotonic()
        if self.engine.gone(self.deployment):
            self._look()
            if self.watchers:
                raise self._failure(f"process {', '.join(self.watchers)} was ended by the engine")

    def _failure(self, what: str = "") -> DeployError:
        """Return the error to tell, after every process has been stopped."""
        died = {name: status for name, status in self.ended.items() if _died(status)}
        # Of one that was killed the others know nothing more.
        self._wait(0.0 if died else _GRACE_S)
        lines = [what] if what else []
        failed = [name for name, status in self.ended.items() if status not in (0, *ASKED)]
        # All of them are told, also where one cannot be.
        told = [watcher.end() for watcher in self.watchers.values()]
        if all(told):
            self._wait(_END_S)
        if self.watchers:
            self.engine.end(self.deployment)
        # Who was killed says nothing of it; the others say what they missed.
        for process in sorted(failed, key=lambda name: name not in died):
            last = self.said.get(process, "")
            if process in died:
                last = f"{_how(died[process])}{f'; it said last: {last}' if last else ''}"
            lines.append(f"process '{process}' ended: {last or f'status {self.ended[process]}'}")
        return DeployError("\n".join(lines))

    def _wait(self, seconds: float) -> None:
        """Look at what becomes of the processes, for so long at most."""
        deadline = time.monotonic() + seconds
        while self.watchers and time.monotonic() < deadline:
            self._look()
            time.sleep(_LOOK_EVERY_S)

    def close(self) -> None:
        """Wait for nothing any more."""
        for watcher in self.watchers.values():
            watcher.close()


def _died(status: int | None) -> bool:
    """Whether a process did not end by itself."""
    return status is None or (status > 128 and status not in ASKED)


def _how(status: int | None) -> str:
    """Return in words how a process died."""
    if status is None:
        return "gone, with all that watched it there"
    try:
        name = f" ({signal.Signals(status - 128).name})"
    except ValueError:
        name = ""
    return f"killed by signal {status - 128}{name}"


def result(deployment: Deployment, plan: Plan) -> RunResult:
    """Make one result of the reports of all processes, as a run on one host gives.

    Raises:
        DeployError: a process has not left a report.
    """
    engine = engine_of(deployment)
    reports: dict[str, Any] = {}
    elapsed, interrupted = 0.0, False
    for process in deployment.processes:
        text = engine.report(deployment, process)
        try:
            found = json.loads(text)
        except ValueError:
            raise DeployError(
                f"process '{process}' has left no report: it was ended before it had begun"
            ) from None
        reports.update(found["reports"])
        elapsed = max(elapsed, found["elapsed_s"])
        interrupted = interrupted or found["interrupted"]
    merged = merge(plan, reports)
    merged.elapsed_s = elapsed
    merged.interrupted = interrupted
    return merged
