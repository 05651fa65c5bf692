"""What the tests of live control share: a place for sockets, and runs beside the test."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.control import Control, client, find_runs, server
from semradio.flowgraphs.runtime.run import children

BLOCKS = Path(__file__).with_name("blocks_for_tests.py")


@pytest.fixture(autouse=True)
def sockets(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A folder of this test's own for control sockets, with a path that is short enough."""
    # pytest's own folder for temporary files is to stay where it is.
    tmp_path_factory.getbasetemp()
    folder = Path(tempfile.mkdtemp(prefix="ctl", dir="/tmp"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder / "semradio"
    shutil.rmtree(folder, ignore_errors=True)


PATIENT_S = 60.0
"""Seconds that a run may take to answer: on a busy machine it is not the answer that is wrong."""


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give runs of this process, and those that ask them, more time than people have."""
    monkeypatch.setattr(children, "_CHECK_S", PATIENT_S)
    monkeypatch.setattr(server, "TAKEN_S", PATIENT_S)
    monkeypatch.setattr(client, "ANSWER_S", 2 * PATIENT_S)
    monkeypatch.setattr(client, "CHANGE_S", 3 * PATIENT_S)


class Beside:
    """A flowgraph that runs in a thread beside the test."""

    def __init__(self, text: str, *overrides: str, **options: Any) -> None:
        self.flowgraph = Flowgraph.load(text, overrides, allow_code=True)
        self.options = {"control": True, **options}
        self.result: Any = None
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.result = self.flowgraph.run(**self.options)
        except BaseException as error:
            self.error = error

    def end(self) -> Any:
        """Wait for the end and return the result."""
        self.thread.join(120)
        assert not self.thread.is_alive()
        if self.error is not None:
            raise self.error
        return self.result


@pytest.fixture
def beside() -> Iterator[Callable[..., tuple[Beside, Control]]]:
    """A function that starts a flowgraph beside the test; returns it and its control."""
    started: list[Beside] = []

    def start(text: str, *overrides: str, **options: Any) -> tuple[Beside, Control]:
        known = {found.endpoint for found in find_runs()}
        run = Beside(text, *overrides, **options)
        started.append(run)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and run.thread.is_alive():
            fresh = [f for f in find_runs() if f.what and f.endpoint not in known]
            if fresh:
                return run, Control(fresh[0].endpoint)
            time.sleep(0.05)
        run.end()
        raise AssertionError("the run did not come up")

    yield start
    for run in started:
        if run.thread.is_alive():
            for found in find_runs():
                Control(found.endpoint).stop()
            run.thread.join(120)


ENDLESS = f"""
flowgraph: endless
code: [{BLOCKS}]
variables: {{rate: 100000.0, twice: 2}}
blocks:
  source: {{block: vector_source, data: [0.0, 1.0, 2.0, 3.0], repeat: true}}
  pace:   {{block: throttle, rate: "${{rate}}"}}
  gain:   {{block: multiply_const, constant: "${{twice}}"}}
  band:   {{block: band}}
  tags:   {{block: tag_debug, limit: 10000}}
  power:  {{block: signal_power, segments: gain.constant}}
connections: [source -> pace -> gain -> band -> tags, gain -> power]
processes: {{one: [source, pace], two: [gain, power], three: [band, tags]}}
"""


@pytest.fixture(scope="session")
def endless() -> str:
    """A flowgraph of three processes that runs until it is stopped."""
    return ENDLESS
