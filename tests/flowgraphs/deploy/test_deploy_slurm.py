"""Deployments through Slurm: Debian's, as three nodes on this machine, started by the test."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster import cluster, why_not
from deployed import LINK, SLOW, done, let_go, results_of, semradio
from ports import free_port

pytestmark = pytest.mark.slow


@pytest.fixture
def slurm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cluster of three nodes."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    with cluster(nodes=3) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield


def wait_for(path: Path) -> None:
    """Wait until something is written in a file."""
    deadline = time.monotonic() + 120
    while not (path.exists() and path.stat().st_size):
        assert time.monotonic() < deadline
        time.sleep(0.02)


THREE = "--nodes=3 --ntasks-per-node=1"


def test_the_same_result_as_here(slurm: None, place: Path, here: Any) -> None:
    port = str(free_port(following=2))
    arguments = ("link.yml", "--port", port, "--sbatch", THREE)
    text = done(place, "deploy", "slurm", *arguments, "--json", "-")
    assert results_of(text) == here
    told = json.loads(done(place, "status", "--json"))["processes"]
    assert told == dict.fromkeys(("alice", "air", "bob"), "ended 0")


def test_a_task_that_is_killed_ends_all_and_is_named(slurm: None, place: Path) -> None:
    port = str(free_port(following=2))
    arguments = ("link.yml", "rate=5000", "items=100000000", "--port", port, "--sbatch", THREE)
    child = semradio(place, "deploy", "slurm", *arguments)
    files = place / "state/semradio/link-1"
    deadline = time.monotonic() + 120
    told: dict[str, str] = {}
    while not told or not all(state.startswith("running") for state in told.values()):
        assert time.monotonic() < deadline, told
        time.sleep(0.3)
        if (files / "bob.pid").exists():
            told = json.loads(done(place, "status", "--json"))["processes"]
    os.kill(int((files / "air.pid").read_text()), signal.SIGKILL)
    _, error = child.communicate(timeout=120)
    assert child.returncode == 1
    assert "process 'air' ended: killed by signal 9 (SIGKILL)" in error


def test_a_task_with_checkpoints_goes_on(slurm: None, place: Path, here: Any) -> None:
    (place / "link.yml").write_text(LINK + "checkpoint: 0.2\n")
    port = str(free_port(following=2))
    arguments = ("link.yml", *SLOW, "--port", port, "--sbatch", THREE, "--json", "-")
    child = semradio(place, "deploy", "slurm", *arguments)
    files = place / "state/semradio/link-1"
    deadline = time.monotonic() + 120
    while not list(files.glob("state/air/*.checkpoint")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(int((files / "air.pid").read_text()), signal.SIGKILL)
    let_go(int((files / "alice.pid").read_text()))
    out, error = child.communicate(timeout=120)
    assert child.returncode == 0, error
    assert "process 'air' was killed by signal 9 (SIGKILL); it is started again" in error
    results, variables, items = results_of(out)
    assert (results, {**variables, "rate": 1e9}, items) == here


def test_a_task_that_its_engine_ends_is_missed(slurm: None, place: Path) -> None:
    port = str(free_port(following=2))
    arguments = ("link.yml", "rate=5000", "items=100000000", "--port", port, "--sbatch", THREE)
    child = semradio(place, "deploy", "slurm", *arguments)
    shell = place / "state/semradio/link-1/air.shell"
    wait_for(shell)
    wait_for(shell.with_suffix(".pid"))
    # Nobody is left to write down how the process ended. Without control groups Slurm does not see
    # it any more, so it goes first.
    os.kill(int(shell.read_text()), signal.SIGSTOP)
    os.kill(int(shell.with_suffix(".pid").read_text()), signal.SIGKILL)
    os.kill(int(shell.read_text()), signal.SIGKILL)
    _, error = child.communicate(timeout=120)
    assert child.returncode == 1
    assert "air" in error
    assert "was ended by the engine" in error
    assert json.loads(done(place, "status", "--json"))["processes"]["air"] == "lost"


def test_stop_drains_and_all_report(slurm: None, place: Path) -> None:
    kept = LINK.replace("  sink:", "  kept:   {block: file_sink, file: kept}\n  sink:")
    kept = kept.replace("-> sink]", "-> sink, air -> kept]").replace("[sink]", "[sink, kept]")
    (place / "link.yml").write_text(kept)
    port = str(free_port(following=2))
    arguments = ("link.yml", "rate=5000", "items=100000000", "--port", port, "--sbatch", THREE)
    child = semradio(place, "deploy", "slurm", *arguments, "--json", "-")
    wait_for(place / "state/semradio/link-1/kept.part")
    done(place, "stop")
    out, error = child.communicate(timeout=120)
    # The first task that has drained must not be a reason to end the others.
    assert child.returncode == 130, error
    found = json.loads(out)
    assert found["interrupted"]
    assert found["results"]["sink"]["items"] > 0
