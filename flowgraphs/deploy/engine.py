"""What an engine can do: start the processes of a deployment, and tell of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from semradio.flowgraphs.deploy.deployment import Deployment

Files = Callable[[Sequence[str]], dict[str, bytes]]
"""What goes along to a host, by name, for the processes that run there."""

ANSWER_S = 30.0
"""Seconds that a host, or what speaks for many, may take to do what it is told."""

LOST = "lost"
"""The state of a process that is gone and left nothing to tell how it ended."""


class Telling(Protocol):
    """What can be asked of a deployment, whoever started it."""

    def states(self, deployment: Deployment) -> dict[str, str]:
        """Return what each process is at.

        That is ``waiting``, ``running WHICH``, ``ended STATUS`` or ``lost``, with a reason behind a
        colon where one is known, or why nobody can tell.

        Raises:
            DeployError: nobody answers for any of them.
        """

    def log(self, deployment: Deployment, process: str) -> str:
        """Return what a process has said; DeployError if nobody answers."""

    def drain(self, deployment: Deployment) -> None:
        """Ask every process to end in good order; DeployError if nobody answers."""


class Watcher(Protocol):
    """Sees what becomes of one process."""

    def lines(self) -> list[str]:
        """Return what is new: ``again STATUS``; at last ``said WHAT``, and ``ended STATUS``.

        Or ``lost`` in place of the latter.
        """

    def end(self) -> bool:
        """End the process at once; whether that can be done from here."""

    def close(self) -> None:
        """Watch no longer."""


class Engine(Telling, Protocol):
    """Where processes run."""

    def start(self, deployment: Deployment, files: Files) -> None:
        """Bring the files there, and start every process."""

    def gone(self, deployment: Deployment) -> bool:
        """Whether the processes can no longer end by themselves."""

    def watch(self, deployment: Deployment, process: str) -> Watcher:
        """Look at what becomes of a process."""

    def report(self, deployment: Deployment, process: str) -> str:
        """Return the report that a process has left; '' if none."""

    def end(self, deployment: Deployment) -> None:
        """Stop everything at once."""
