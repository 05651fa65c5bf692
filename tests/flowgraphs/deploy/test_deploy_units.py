"""Deployments over ssh, under a real systemd of the user, and without one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sshd
import user_systemd
from deployed import LINK, PROGRAM, SLOW, done, let_go, results_of, semradio
from ports import free_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sshd.SSHD, reason="needs sshd (Debian: openssh-server)"),
]

Environment = dict[str, str]


@pytest.fixture(scope="module")
def systemd() -> Iterator[Environment]:
    """What a user with a systemd has in the environment."""
    reason = user_systemd.why_not()
    if reason is not None:
        pytest.skip(reason)
    with user_systemd.user_systemd() as environment:
        yield environment


def deploy(place: Path, ssh: str, *arguments: str) -> Any:
    """Deploy the link to one host."""
    on = [word for name in ("alice", "air", "bob") for word in ("--on", f"{name}=lab")]
    return semradio(
        place, "deploy", "ssh", "link.yml", *on, "--address", "lab=127.0.0.1", "--ssh", ssh,
        "--program", PROGRAM, "--port", str(free_port(following=2)), *arguments,
    )  # fmt: skip


def systemctl(environment: Environment, *words: str) -> str:
    """Ask the user's systemd."""
    return subprocess.run(
        ["systemctl", "--user", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def states(place: Path) -> dict[str, str]:
    told: dict[str, str] = json.loads(done(place, "status", "--json"))["processes"]
    return told


def running(place: Path, last: int = 0) -> int:
    """Wait until all processes run, ``air`` as another one than it was; returns its id."""
    deadline = time.monotonic() + 120
    while True:
        assert time.monotonic() < deadline
        if (place / "state/semradio/link-1/deployment.json").exists():
            told = states(place)
            air = told["air"].split()[-1]
            if all(t.startswith("running") for t in told.values()) and int(air) != last:
                return int(air)
        time.sleep(0.1)


def kept(place: Path) -> None:
    """Wait until the process ``air`` has written a checkpoint."""
    deadline = time.monotonic() + 120
    while not list(place.glob("home/.semradio/link-1/state/air/*.checkpoint")):
        assert time.monotonic() < deadline
        time.sleep(0.02)


AGAIN = "process 'air' was killed by signal 9 (SIGKILL); it is started again"


def test_units_give_the_same_result(place: Path, here: Any, systemd: Environment) -> None:
    with sshd.sshd(place, systemd) as ssh:
        out, error = deploy(place, ssh, "--json", "-").communicate(timeout=120)
    assert out, error
    assert "on lab: systemd" in error
    assert results_of(out) == here
    # What they leave is their user's alone.
    assert (place / "home/.semradio/link-1/bob.json").stat().st_mode & 0o077 == 0


def test_systemd_starts_a_killed_process_again_so_often(place: Path, systemd: Environment) -> None:
    (place / "link.yml").write_text(LINK + "checkpoint: 0.2\nrestart: 1\nrestart_within: 1000\n")
    with sshd.sshd(place, systemd) as ssh:
        child = deploy(place, ssh, *SLOW, "items=100000000")
        first = running(place)
        unit = "semradio-link-1-air.service"
        assert Path(f"/proc/{first}/cgroup").read_text().rstrip().endswith(f"/{unit}")
        shown = systemctl(systemd, "show", unit, "-p", "StartLimitBurst,StartLimitIntervalUSec")
        assert shown.split() == ["StartLimitIntervalUSec=16min", "40s", "StartLimitBurst=2"]
        kept(place)
        os.kill(first, signal.SIGKILL)
        second = running(place, first)
        assert systemctl(systemd, "show", unit, "-p", "NRestarts").strip() == "NRestarts=1"
        os.kill(second, signal.SIGKILL)
        _, error = child.communicate(timeout=120)
    assert child.returncode == 1
    assert error.count(AGAIN) == 1
    assert "process 'air' ended: killed by signal 9 (SIGKILL)" in error
    # The others were ended, for good.
    deadline = time.monotonic() + 120
    while "semradio" in systemctl(systemd, "list-units", "--all", "--plain", "semradio-*"):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_process_that_goes_on_in_its_unit(place: Path, here: Any, systemd: Environment) -> None:
    (place / "link.yml").write_text(LINK + "checkpoint: 0.2\n")
    with sshd.sshd(place, systemd) as ssh:
        child = deploy(place, ssh, *SLOW, "--json", "-")
        first = running(place)
        kept(place)
        os.kill(first, signal.SIGKILL)
        alice = int(states(place)["alice"].split()[-1])
        let_go(alice, Path(systemd["XDG_RUNTIME_DIR"]))
        out, error = child.communicate(timeout=120)
    assert child.returncode == 0, error
    assert error.count(AGAIN) == 1
    results, variables, items = results_of(out)
    assert (results, {**variables, "rate": 1e9}, items) == here


def test_stop_ends_units_in_good_order(place: Path, systemd: Environment) -> None:
    with sshd.sshd(place, systemd) as ssh:
        deploy(place, ssh, "rate=5000", "items=100000000", "--detach").communicate(timeout=120)
        running(place)
        done(place, "stop")
        deadline = time.monotonic() + 120
        while not all(state.startswith("ended") for state in states(place).values()):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert set(states(place).values()) <= {"ended 143", "ended 0"}
    assert not systemctl(systemd, "list-units", "--all", "--plain", "-q", "semradio-link-1-*")


def test_without_systemd(place: Path, here: Any) -> None:
    with sshd.sshd(place, {"XDG_RUNTIME_DIR": str(place / "none")}) as ssh:
        out, error = deploy(place, ssh, "--json", "-").communicate(timeout=120)
        assert out, error
        assert "on lab: nohup: 'systemd-run --user' does not answer" in error
        assert results_of(out) == here
        assert not list(place.glob("home/.semradio/link-1/*.unit"))


def test_a_systemd_that_ends_with_the_session_is_not_taken(
    place: Path, here: Any, systemd: Environment
) -> None:
    # Who keeps sessions is the one thing that is not real here.
    (place / "bin").mkdir()
    (place / "bin/loginctl").write_text(
        f'#!/bin/sh\n[ "$*" = "show-user {os.getuid()} --property=Linger --value" ] && echo no\n'
    )
    (place / "bin/loginctl").chmod(0o700)
    path = f"{place}/bin:{os.environ['PATH']}"
    with sshd.sshd(place, {**systemd, "PATH": path}) as ssh:
        out, error = deploy(place, ssh, "--json", "-").communicate(timeout=120)
    assert out, error
    assert "on lab: nohup: units would end with the session; 'loginctl enable-linger'" in error
    assert results_of(out) == here
