"""Signals that ask a run to end, drains that fail, and systems that give too little."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from ports import free_port

from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.control import Control

BLOCKS = Path(__file__).with_name("blocks_for_tests.py")

ENDLESS = f"""
flowgraph: endless
code: [{BLOCKS}]
variables: {{port: 0, stubborn: 0, deaf: false}}
blocks:
  source: {{block: null_source, type: "float32[4]"}}
  pace:   {{block: throttle, rate: 20000}}
  copy:   {{block: stubborn, seconds: "${{stubborn}}"}}
  gate:   {{block: deaf, enabled: "${{deaf}}"}}
  sink:   {{block: digest_sink}}
connections: [source -> pace -> copy -> gate -> sink]
processes:
  one: {{blocks: [source, pace], bind: "tcp://127.0.0.1:${{port}}"}}
  two: {{blocks: [copy, gate], bind: "tcp://127.0.0.1:${{port + 1}}"}}
  three: [sink]
"""

RUN = [sys.executable, "-m", "semradio", "run", "endless.yml", "--allow-code", "--quiet"]
RUN += ["--json", "-"]

SIGNALS = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]


class Runs:
    """Starts runs of the endless flowgraph, and ends them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "endless.yml").write_text(ENDLESS)
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        """Start a run; its group is its own, and no signal is ignored whoever runs the tests."""
        run = subprocess.Popen(
            [*RUN, *words],
            cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True, **{"preexec_fn": _heed, **options},
        )  # fmt: skip
        self.started.append(run)
        return run


def _heed() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    made = Runs(tmp_path)
    yield made
    for run in made.started:
        for process in [*_workers(run), *([psutil.Process(run.pid)] if run.poll() is None else [])]:
            process.kill()
        run.communicate()


def _workers(run: subprocess.Popen[str]) -> list[psutil.Process]:
    try:
        return psutil.Process(run.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def under_way(run: subprocess.Popen[str], processes: int, items: int = 1) -> None:
    """Wait until so many items have come to the last block of a run."""
    deadline = time.monotonic() + 120
    told = None
    while time.monotonic() < deadline and run.poll() is None:
        with contextlib.suppress(SemradioError):
            told = Control.find(run.pid, wait=1).status()
            came = sum(block.items_in for block in told.blocks if block.name == "sink")
            if len(_workers(run)) == processes and came >= items:
                return
        time.sleep(0.05)
    raise AssertionError(f"the run has not begun: {told}; {run.poll()}")


def inside(run: subprocess.Popen[str], block: str) -> None:
    """Wait until a run is in the code of a block, for good."""
    deadline = time.monotonic() + 120
    told, times = None, 0
    while time.monotonic() < deadline and run.poll() is None:
        with contextlib.suppress(SemradioError):
            told = Control.find(run.pid, wait=1).status()
            there = any(process.inside == block for process in told.processes)
            # A block at work is seen there now and then, one that stays there each time.
            if (times := times + 1 if there else 0) == 5:
                return
        time.sleep(0.05)
    raise AssertionError(f"the run is not inside '{block}': {told}; {run.poll()}")


def heeded(run: subprocess.Popen[str], number: signal.Signals) -> None:
    """Wait until a process has been interrupted by a signal: another one of it is a second one."""
    deadline = time.monotonic() + 60
    while True:
        text = Path(f"/proc/{run.pid}/status").read_text()
        masks = [int(line.split()[1], 16) for line in text.splitlines() if "Pnd:" in line[:8]]
        if not any(mask >> (number - 1) & 1 for mask in masks):
            return
        assert time.monotonic() < deadline, text
        time.sleep(0.02)


def end_of(run: subprocess.Popen[str], within: float = 120.0) -> tuple[int, Any, str]:
    """Exit status, results and messages of a run."""
    out, error = run.communicate(timeout=within)
    return run.returncode, json.loads(out) if out.strip() else None, error


@pytest.mark.parametrize("number", SIGNALS, ids=lambda n: n.name)
@pytest.mark.parametrize("mode", ["--in-process", "--processes"])
def test_a_signal_drains_and_reports(runs: Runs, mode: str, number: signal.Signals) -> None:
    run = runs.start(mode, *(["--transport", "ipc"] if mode == "--processes" else []))
    under_way(run, 0 if mode == "--in-process" else 3)
    run.send_signal(number)
    status, result, error = end_of(run)
    assert status == 128 + number, error
    assert error == ""
    assert result["interrupted"] is True
    items = result["results"]["sink"]["items"]
    assert items > 0
    assert {counts["items"] for counts in result["edges"].values()} == {items}


@pytest.mark.slow
@pytest.mark.parametrize("number", SIGNALS, ids=lambda n: n.name)
def test_a_signal_ends_processes_that_were_started_one_by_one(
    runs: Runs, number: signal.Signals
) -> None:
    port = f"port={free_port(following=1)}"
    shares = [runs.start("--only", name, port) for name in ("one", "two", "three")]
    under_way(shares[-1], 0)
    shares[0].send_signal(number)
    ends = [end_of(share) for share in shares]
    assert [status for status, _, _ in ends] == [128 + number, 0, 0], ends
    assert [result["interrupted"] for _, result, _ in ends] == [True, False, False]
    assert ends[2][1]["results"]["sink"]["items"] > 0


def test_a_signal_to_the_whole_group_is_one_wish(runs: Runs) -> None:
    """What a service manager does: the workers get it too, and the launcher still drains."""
    run = runs.start("--processes", "--transport", "ipc")
    under_way(run, 3)
    # All are there still when it is sent to them: nobody ends before the launcher says so.
    run.send_signal(signal.SIGSTOP)
    for process in [*_workers(run), psutil.Process(run.pid)]:
        process.send_signal(signal.SIGTERM)
    run.send_signal(signal.SIGCONT)
    status, result, error = end_of(run)
    assert status == 143, error
    assert result["results"]["sink"]["items"] > 0


def test_a_worker_that_is_asked_to_end_ends_the_run_in_good_order(runs: Runs) -> None:
    run = runs.start("--processes", "--transport", "ipc")
    under_way(run, 3)
    _workers(run)[0].terminate()
    status, result, error = end_of(run)
    assert status == 143, error
    assert result["results"]["sink"]["items"] > 0


def test_a_hangup_that_is_ignored_stays_ignored(runs: Runs) -> None:
    """As under nohup."""
    run = runs.start(
        "--in-process", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
    )
    under_way(run, 0)
    run.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert run.poll() is None
    run.send_signal(signal.SIGTERM)
    assert end_of(run)[0] == 143


def test_a_second_signal_breaks_off(runs: Runs) -> None:
    run = runs.start("--in-process", "stubborn=600")
    inside(run, "copy")
    run.send_signal(signal.SIGTERM)
    heeded(run, signal.SIGTERM)
    time.sleep(0.5)
    assert run.poll() is None
    run.send_signal(signal.SIGTERM)
    status, result, error = end_of(run)
    assert (status, result) == (143, None)
    assert error.strip() == "interrupted"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stubborn=600", r"process 'two' (held up inside block 'copy')"),
        ("deaf=true", r"process 'two' (held up by block 'gate')"),
    ],
)
def test_a_drain_that_fails_names_who_did_not(runs: Runs, word: str, reason: str) -> None:
    run = runs.start("--processes", "--transport", "ipc", word)
    if "stubborn" in word:
        inside(run, "copy")
    else:
        under_way(run, 3, items=1000)
    run.send_signal(signal.SIGTERM)
    status, result, error = end_of(run)
    assert (status, result) == (1, None)
    assert error == f"error: {reason} did not drain within 10 s\n"
    assert _workers(run) == []


def test_a_long_folder_for_temporary_files_is_no_obstacle(runs: Runs, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    environment = {**os.environ, "TMPDIR": str(deep)}
    run = runs.start("--processes", "--transport", "ipc", "source.items=1000", env=environment)
    status, result, error = end_of(run)
    assert status == 0, error
    assert result["results"]["sink"]["items"] == 1000
    # Steering such a run is not possible, and that is said.
    assert "too long for a socket" in error
    assert list(deep.iterdir()) == []


@pytest.mark.parametrize("mode", ["--in-process", "--processes"])
def test_too_few_file_descriptors_are_told(runs: Runs, mode: str) -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))

    status, result, error = end_of(runs.start(mode, preexec_fn=limited))
    assert (status, result) == (1, None)
    assert "file descriptors, the limit is 24: raise it with 'ulimit -n 1024'" in error
    assert "Traceback" not in error


def test_a_soft_limit_of_file_descriptors_is_raised(runs: Runs) -> None:
    def limited() -> None:
        _heed()
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (24, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        )

    run = runs.start("--processes", "--transport", "ipc", "source.items=1000", preexec_fn=limited)
    status, result, error = end_of(run)
    assert status == 0, error
    assert result["results"]["sink"]["items"] == 1000
