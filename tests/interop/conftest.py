"""GNU Radio itself, run as programs of its own under the system's Python."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PYTHON = "/usr/bin/python3"
"""The Python that distributions install GNU Radio for."""

HERE = Path(__file__).parent

PATIENCE_S = 120


def _environment() -> dict[str, str]:
    """The environment without what belongs to the Python that runs the tests."""
    return {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}


@pytest.fixture(scope="session")
def gnuradio() -> str:
    """The Python that has GNU Radio; without one, the test is skipped."""
    try:
        found = subprocess.run(
            [PYTHON, "-c", "from gnuradio import gr, zeromq"],
            capture_output=True,
            env=_environment(),
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
            env=_environment(),
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
