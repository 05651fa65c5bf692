"""GNU Radio itself, run as programs of its own under the system's Python."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from semradio.blocks.api import Array

PYTHON = "/usr/bin/python3"
"""The Python that distributions install GNU Radio for."""

HERE = Path(__file__).parent

PATIENCE_S = 300

SUBSCRIBING_S = 2.0
"""Time for a subscription to reach GNU Radio once the connection stands: nobody tells."""


def clean_environment() -> dict[str, str]:
    """The environment without what belongs to the Python that runs the tests."""
    return {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}


@pytest.fixture(scope="session")
def gnuradio() -> str:
    """The Python that has GNU Radio; without one, the test is skipped."""
    try:
        found = subprocess.run(
            [PYTHON, "-c", "from gnuradio import gr, zeromq"],
            capture_output=True,
            env=clean_environment(),
            timeout=PATIENCE_S,
            check=False,
        )
    except OSError:
        found = None
    if found is None or found.returncode:
        pytest.skip(f"GNU Radio is not installed for {PYTHON}: apt-get install gnuradio")
    return PYTHON


class Peer:
    """A running GNU Radio flowgraph, see gr_peer.py."""

    def __init__(self, python: str, what: str, jobs: list[dict[str, Any]], folder: Path) -> None:
        file = folder / f"jobs_{what}_{len(list(folder.iterdir()))}.json"
        file.write_text(json.dumps(jobs))
        self.process = subprocess.Popen(
            [python, str(HERE / "gr_peer.py"), what, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=clean_environment(),
        )

    def line(self) -> str:
        """Return the next line that it prints; AssertionError if it has died instead."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            # GNU Radio's own words go the same way.
            if line.startswith(("ready", "done", "[")) and not line.startswith("[INFO"):
                return line.strip()
        raise AssertionError("GNU Radio has died")

    def begin(self) -> None:
        """Let its flowgraph begin."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def begin_when_heard(self, *addresses: str) -> Callable[[Any], None]:
        """Return what lets its flowgraph begin when somebody listens at all addresses.

        To be called now and then, such as by a run that tells of its progress.
        """
        begin_at: float | None = None

        def look(_: Any) -> None:
            nonlocal begin_at
            if begin_at is None and self._heard(addresses):
                begin_at = time.monotonic() + SUBSCRIBING_S
            elif begin_at is not None and time.monotonic() >= begin_at:
                begin_at = float("inf")
                self.begin()

        return look

    def _heard(self, addresses: Sequence[str]) -> bool:
        """Whether each of its addresses has a connection."""
        process = psutil.Process(self.process.pid)
        ports = {
            f"tcp://127.0.0.1:{c.laddr.port}"
            for c in process.net_connections("tcp")
            if c.status == psutil.CONN_ESTABLISHED
        }
        # The socket that listens has the same name as those that are connected.
        paths = [f"ipc://{c.laddr}" for c in process.net_connections("unix")]
        return all(paths.count(a) > 1 or a in ports for a in addresses)

    def kill(self) -> None:
        """Take it away without a word."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()


@pytest.fixture(scope="module")
def peer(gnuradio: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Peer]]:
    """A function that starts GNU Radio on jobs; it is gone when the tests of a module end."""
    folder = tmp_path_factory.mktemp("jobs")
    started: list[Peer] = []

    def start(what: str, jobs: list[dict[str, Any]]) -> Peer:
        found = Peer(gnuradio, what, jobs, folder)
        started.append(found)
        return found

    yield start
    for found in started:
        if found.process.returncode is None:
            found.kill()


class Channels:
    """Takes samples through channels of GNU Radio; see channel_peer.py."""

    def __init__(self, python: str, folder: Path) -> None:
        self._python, self._folder = python, folder

    def __call__(self, jobs: Sequence[tuple[str, list[Any], Array]]) -> list[Array]:
        """Return what comes out, complex64, for each (block, arguments, samples)."""
        wanted = []
        for k, (name, arguments, samples) in enumerate(jobs):
            given, found = self._folder / f"in_{k}", self._folder / f"out_{k}"
            samples.astype(np.complex64).tofile(given)
            wanted.append(
                {"block": name, "arguments": arguments, "input": str(given), "output": str(found)}
            )
        file = self._folder / "jobs.json"
        file.write_text(json.dumps(wanted))
        subprocess.run(
            [self._python, str(HERE / "channel_peer.py"), str(file)],
            check=True,
            capture_output=True,
            env=clean_environment(),
            timeout=PATIENCE_S,
        )
        return [np.fromfile(job["output"], np.complex64) for job in wanted]

    def starts(self, job: int) -> Array:
        """Return where the OFDM front end of a job of the latest call saw packets, uint8."""
        return np.fromfile(self._folder / f"out_{job}.starts", np.uint8)


@pytest.fixture
def channels(gnuradio: str, tmp_path: Path) -> Channels:
    """GNU Radio's channels."""
    return Channels(gnuradio, tmp_path)
