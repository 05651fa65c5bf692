"""Deployments on this host: the same result, and what is told of them; and manifests."""

from __future__ import annotations

import io
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from deployed import LINK, SLOW, done, let_go, results_of, semradio
from ports import free_port
from ruamel.yaml import YAML


@pytest.fixture
def port() -> str:
    return str(free_port(following=2))


def test_the_same_result_as_here(place: Path, here: Any, port: str) -> None:
    text = done(place, "deploy", "local", "link.yml", "--port", port, "--json", "-")
    assert results_of(text) == here
    told = json.loads(done(place, "status", "--json"))
    assert told["name"] == "link-1"
    assert told["processes"] == dict.fromkeys(("alice", "air", "bob"), "ended 0")
    assert done(place, "logs", "link-1", "--process", "bob") == ""


def running(place: Path) -> dict[str, int]:
    """Wait until all processes of the latest deployment run; returns their ids."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        told = json.loads(done(place, "status", "--json"))["processes"]
        if all(state.startswith("running") for state in told.values()):
            return {name: int(state.split()[1]) for name, state in told.items()}
        time.sleep(0.2)
    raise AssertionError(told)


def test_stop_drains_and_reports(place: Path, port: str) -> None:
    kept = LINK.replace("  sink:", "  kept:   {block: file_sink, file: kept}\n  sink:")
    kept = kept.replace("-> sink]", "-> sink, air -> kept]").replace("[sink]", "[sink, kept]")
    (place / "link.yml").write_text(kept)
    arguments = ("link.yml", "rate=5000", "items=100000000", "--port", port)
    done(place, "deploy", "local", *arguments, "--detach")
    running(place)
    # Who is asked to end before it has begun just ends: items have to have come to the last one.
    written = place / "state/semradio/link-1/kept.part"
    deadline = time.monotonic() + 120
    while not (written.exists() and written.stat().st_size):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    done(place, "stop")
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        told = json.loads(done(place, "status", "--json"))["processes"]
        if all(state.startswith("ended") for state in told.values()):
            break
        time.sleep(0.2)
    assert set(told.values()) <= {"ended 143", "ended 0"}
    report = json.loads((place / "state/semradio/link-1/bob.json").read_text())
    assert report["reports"]["bob"]["results"]["sink"]["items"] > 0


def gone(pid: int) -> None:
    """Wait until a process is no more; its parent, which has to reap it, is another one."""
    deadline = time.monotonic() + 120
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def started(place: Path, *arguments: str) -> tuple[Any, dict[str, int]]:
    """Deploy here and wait; returns the command, and the processes once all of them run."""
    child = semradio(place, "deploy", "local", "link.yml", *arguments)
    deadline = time.monotonic() + 120
    while not list((place / "state").glob("semradio/link-1/bob.pid")):
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return child, running(place)


def test_a_process_that_is_killed_ends_all_and_is_named(place: Path, port: str) -> None:
    child, ids = started(place, "rate=5000", "items=100000000", "--port", port)
    # What it had said before does not stand for how it ended.
    with (place / "state/semradio/link-1/air.log").open("a") as log:
        log.write("process 'air': waiting for process 'alice'\n")
    os.kill(ids["air"], signal.SIGKILL)
    _, error = child.communicate(timeout=120)
    assert child.returncode == 1
    assert (
        "process 'air' ended: killed by signal 9 (SIGKILL); it said last: process 'air': waiting"
    ) in error
    assert "Traceback" not in error
    for pid in ids.values():
        gone(pid)


def test_a_process_whose_watching_shell_is_killed_too_is_missed(place: Path, port: str) -> None:
    child, ids = started(place, "rate=5000", "items=100000000", "--port", port)
    os.kill(int((place / "state/semradio/link-1/air.shell").read_text()), signal.SIGKILL)
    os.kill(ids["air"], signal.SIGKILL)
    _, error = child.communicate(timeout=120)
    assert child.returncode == 1
    assert "process 'air' ended: gone, with all that watched it there" in error
    assert json.loads(done(place, "status", "--json"))["processes"]["air"] == "lost"
    for pid in ids.values():
        gone(pid)


def kept(place: Path, process: str, child: Any) -> None:
    """Wait until a process that a command watches over has written a checkpoint."""
    files = place / "state/semradio/link-1"
    deadline = time.monotonic() + 120
    while not list((files / "state" / process).glob("*.checkpoint")):
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline, [each.read_text() for each in files.glob("*.log")]
        time.sleep(0.02)


AGAIN = "process 'air' was killed by signal 9 (SIGKILL); it is started again"


def test_a_process_with_checkpoints_goes_on(place: Path, port: str, here: Any) -> None:
    (place / "link.yml").write_text(LINK + "checkpoint: 0.2\n")
    child, ids = started(place, *SLOW, "--port", port, "--json", "-")
    kept(place, "air", child)
    os.kill(ids["air"], signal.SIGKILL)
    let_go(ids["alice"])
    out, error = child.communicate(timeout=120)
    assert child.returncode == 0, error
    assert error.count(AGAIN) == 1
    results, variables, items = results_of(out)
    assert (results, {**variables, "rate": 1e9}, items) == here


def test_a_process_is_started_again_so_often_and_no_more(place: Path, port: str) -> None:
    (place / "link.yml").write_text(LINK + "checkpoint: 0.2\nrestart: 1\nrestart_within: 1000\n")
    child, ids = started(place, *SLOW, "items=100000000", "--port", port)
    kept(place, "air", child)
    os.kill(ids["air"], signal.SIGKILL)
    deadline = time.monotonic() + 120
    while (second := running(place)["air"]) == ids["air"]:
        assert time.monotonic() < deadline
    os.kill(second, signal.SIGKILL)
    _, error = child.communicate(timeout=120)
    assert child.returncode == 1
    assert error.count(AGAIN) == 1
    assert "process 'air' ended: killed by signal 9 (SIGKILL)" in error


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("ssh", "link.yml", "--on", "alise=x"), "no process 'alise' (did you mean 'alice'?)"),
        (("ssh", "link.yml", "--on", "alice=x"), "no host for process air, bob"),
        (("local", "nothing.yml"), "nothing.yml"),
    ],
)
def test_what_is_wrong_is_told_first(place: Path, arguments: Any, reason: str) -> None:
    error = done(place, "deploy", *arguments, status=2)
    assert reason in error


# Kubernetes ---------------------------------------------------------------------------------------


def manifests(place: Path, *arguments: str) -> list[dict[str, Any]]:
    text = done(place, "deploy", "kubernetes", "link.yml", "--image", "lab/semradio:1", *arguments)
    return list(YAML(typ="safe").load_all(io.StringIO(text)))


def test_manifests_are_those_of_kubernetes(place: Path) -> None:
    validate = pytest.importorskip(
        "kubernetes_validate", reason="needs kubernetes-validate, of the extra 'test'"
    )
    done(place, "keys", "new", "keys", "link.yml")
    for security in ("none", "{curve: keys}"):
        text = (place / "link.yml").read_text().replace("security: none", f"security: {security}")
        (place / "link.yml").write_text(text)
        found = manifests(place)
        kinds = [manifest["kind"] for manifest in found]
        secrets = ["Secret"] * 3 if security != "none" else []
        assert kinds == ["ConfigMap", "Service", *secrets, "Job", "Job", "Job"]
        for manifest in found:
            validate.validate(manifest, "1.30", strict=True)
    job = found[-1]
    assert job["spec"]["template"]["spec"]["hostname"] == "bob"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    container["comand"] = container.pop("command")
    with pytest.raises(validate.ValidationError, match="comand"):
        validate.validate(job, "1.30", strict=True)


def test_names_are_such_as_kubernetes_takes(place: Path) -> None:
    (place / "link.yml").write_text(LINK.replace("  air: [air]", "  Mid_Air[0]: [air]"))
    names = [m["metadata"]["name"] for m in manifests(place) if m["kind"] == "Job"]
    assert names == ["link-1-alice", "link-1-mid-air-0", "link-1-bob"]


def test_the_flowgraph_of_the_manifests_runs(place: Path, here: Any) -> None:
    (text,) = [m["data"]["flowgraph.yml"] for m in manifests(place) if m["kind"] == "ConfigMap"]
    (place / "there.yml").write_text(text)
    assert results_of(done(place, "run", "there.yml", "--in-process", "--json", "-")) == here
