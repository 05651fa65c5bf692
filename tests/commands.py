"""The command ``semradio`` in processes of its own, which need not load everything anew.

:func:`run` and :class:`Command` are what ``subprocess.run`` and ``subprocess.Popen`` are for
``python -m semradio``; see ``command_server.py``.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any, Literal

PATH = os.environ.get("PYTHONPATH")
"""Where those that share what is loaded find their packages."""


class Command:
    """``semradio WORDS`` beside the test; it can do what a ``subprocess.Popen`` of text can.

    Args:
        words: the command line.
        folder: where it runs; here.
        environment: all of its environment; this process's. It cannot name other packages.
        training: whether it needs torch.
        error: where its messages go: an open file, or "out" for with the rest; a pipe.
    """

    def __init__(
        self,
        *words: str,
        folder: Path | str | None = None,
        environment: Mapping[str, str] | None = None,
        training: bool = False,
        error: IO[str] | Literal["out"] | None = None,
    ) -> None:
        self.args = ["semradio", *words]
        self.returncode: int | None = None
        out, to_out = os.pipe()
        said, to_said = os.pipe()
        self._ended, to_ended = os.pipe()
        asked: dict[str, Any] = {
            "words": words,
            "folder": str(folder or Path.cwd()),
            "environment": dict(os.environ if environment is None else environment),
        }
        assert asked["environment"].get("PYTHONPATH") == PATH, "other packages need another start"
        files = [to_out, to_said, to_ended]
        given = files[:]
        if error is not None:
            given[1] = to_out if error == "out" else error.fileno()
        line = _server(training)
        socket.send_fds(line, [json.dumps(asked).encode()], given)
        (self.pid,) = struct.unpack("i", line.recv(4))
        for file in files:
            os.close(file)
        self.stdout = os.fdopen(out, encoding="utf-8")
        self.stderr = os.fdopen(said, encoding="utf-8")

    def poll(self) -> int | None:
        """Return the exit status, a signal's number negated; None while it runs."""
        return self._status(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status once there is one; subprocess.TimeoutExpired if that is late."""
        status = self._status(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return status

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Return what it printed once it has ended; subprocess.TimeoutExpired if that is late."""
        deadline = None if timeout is None else time.monotonic() + timeout
        if not hasattr(self, "_readers"):
            self._said = ["", ""]
            self._readers = [
                threading.Thread(target=self._read, args=(k,), daemon=True) for k in range(2)
            ]
            for reader in self._readers:
                reader.start()
        for reader in self._readers:
            reader.join(None if deadline is None else max(deadline - time.monotonic(), 0.0))
            if reader.is_alive():
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        self.wait(None if deadline is None else max(deadline - time.monotonic(), 0.0))
        return self._said[0], self._said[1]

    def _read(self, which: int) -> None:
        file = (self.stdout, self.stderr)[which]
        with file:
            self._said[which] = file.read()

    def _status(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            ready, _, _ = select.select([self._ended], [], [], timeout)
            if ready:
                (self.returncode,) = struct.unpack("i", os.read(self._ended, 4))
                os.close(self._ended)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            # It may have ended, and been reaped, an instant ago: its status is under way then.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it, if it still runs."""
        self.send_signal(signal.SIGKILL)


def run(
    *words: str,
    folder: Path | str | None = None,
    environment: Mapping[str, str] | None = None,
    training: bool = False,
    timeout: float = 240,
) -> subprocess.CompletedProcess[str]:
    """Run ``semradio WORDS`` to its end; killed if that takes longer than ``timeout`` seconds."""
    child = Command(*words, folder=folder, environment=environment, training=training)
    try:
        out, error = child.communicate(timeout)
    except BaseException:
        child.kill()
        raise
    assert child.returncode is not None
    return subprocess.CompletedProcess(child.args, child.returncode, out, error)


@cache
def _server(training: bool) -> socket.socket:
    """Start the process that forks; returns the line to it. It ends when that is closed."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = str(Path(__file__).with_name("command_server.py"))
    words = [sys.executable, program, str(there.fileno()), *(["training"] if training else [])]
    process = subprocess.Popen(
        words, pass_fds=[there.fileno()], stdin=subprocess.DEVNULL, start_new_session=True
    )
    there.close()

    def end() -> None:
        here.close()
        process.wait()

    atexit.register(end)
    return here
