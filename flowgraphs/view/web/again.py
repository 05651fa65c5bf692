"""Starts a run anew that has ended, by the command with which it was started first."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from semradio.blocks.errors import SemradioError

STOPPED = (0, 130, 143)
"""Exit statuses of runs that came to their end, or were asked to."""

ORDERLY = "it ran to its end"

_LAST_WORDS_S = 1.0
"""Seconds that the last words of a run which has ended may take."""

_PATIENCE_S = 10.0


class Again:
    """Starts runs, one at a time; they end with :meth:`close` at the latest.

    Args:
        command: what starts the run, without a viewer of its own.
        folder: where it is started.
    """

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self.command = list(command)
        self.folder = folder
        self.process: subprocess.Popen[str] | None = None
        self._asked = False
        """Whether it was asked to end: to ask twice would break it off."""

    def start(self, tell: Callable[[str], None]) -> int:
        """Start a run; returns its process id.

        Args:
            tell: told in the end why it ended, in another thread.

        Raises:
            SemradioError: one is running still, or it cannot be started.
        """
        if self.process is not None and self.process.poll() is None:
            raise SemradioError("the run before has not ended yet")
        try:
            # Ctrl-C in a terminal is none of its business.
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        except OSError as error:
            raise SemradioError(f"the run cannot be started: {error.strerror}") from error
        self._asked = False
        threading.Thread(target=_wait, args=(self.process, tell), daemon=True).start()
        return self.process.pid

    def stop(self) -> None:
        """Ask the run to end, as Ctrl-C does; nothing happens if there is none."""
        if self.process is not None and self.process.poll() is None and not self._asked:
            self._asked = True
            self.process.send_signal(signal.SIGINT)

    def close(self) -> None:
        """Let the run end."""
        self.stop()
        if self.process is not None:
            try:
                self.process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()


def _wait(process: subprocess.Popen[str], tell: Callable[[str], None]) -> None:
    """Wait for a run, and tell in its own words why it ended."""
    words = ""

    def listen() -> None:
        nonlocal words
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("error: ") or not words:
                words = line.strip().removeprefix("error: ") or words

    listening = threading.Thread(target=listen, daemon=True)
    listening.start()
    status = process.wait()
    # What it has left behind may hold the line open for longer.
    listening.join(_LAST_WORDS_S)
    tell(ORDERLY if status in STOPPED else words or f"exit status {status}")
