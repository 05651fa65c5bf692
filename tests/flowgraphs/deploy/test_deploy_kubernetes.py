"""What is asked of Kubernetes: the real kubectl, before a server that stands in for a cluster."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_server import Cluster, api_server
from deployed import done

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")

JOBS = ("link-1-alice", "link-1-air", "link-1-bob")


@pytest.fixture
def cluster(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster in which the manifests of the link have been created by kubectl."""
    # What kubectl remembers of a server stays in the folder of the test.
    monkeypatch.setenv("HOME", str(place))
    with api_server() as (address, cluster):
        kubectl = f"kubectl --server {address}"
        arguments = ("link.yml", "--image", "lab/semradio:1", "--kubectl", kubectl)
        text = done(place, "deploy", "kubernetes", *arguments)
        made = subprocess.run(
            [*kubectl.split(), "create", "--validate=false", "-f", "-"],
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        yield cluster


def running() -> dict[str, Any]:
    state = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    return {"phase": "Running", "containerStatuses": [{"name": "semradio", "state": state}]}


def ended(status: int, reason: str) -> dict[str, Any]:
    state = {"terminated": {"exitCode": status, "reason": reason}}
    phase = "Failed" if status else "Succeeded"
    return {"phase": phase, "containerStatuses": [{"name": "semradio", "state": state}]}


def waiting(reason: str) -> dict[str, Any]:
    state = {"waiting": {"reason": reason}}
    return {"phase": "Pending", "containerStatuses": [{"name": "semradio", "state": state}]}


def states(place: Path) -> dict[str, str]:
    told = json.loads(done(place, "status", "--json"))
    assert (told["name"], told["engine"]) == ("link-1", "kubernetes")
    found: dict[str, str] = told["processes"]
    return found


def test_states_are_those_of_the_others(place: Path, cluster: Cluster) -> None:
    assert set(cluster.objects["jobs"]) == set(JOBS)
    assert states(place) == dict.fromkeys(("alice", "air", "bob"), "waiting")
    for job in JOBS:
        cluster.pod(job, **running())
    assert states(place)["air"] == "running link-1-air-x7k2p"
    cluster.pod("link-1-alice", **ended(0, "Completed"))
    cluster.pod("link-1-air", **ended(137, "OOMKilled"))
    cluster.pod("link-1-bob", **ended(1, "Error"))
    assert states(place) == {"alice": "ended 0", "air": "ended 137: OOMKilled", "bob": "ended 1"}
    cluster.pod("link-1-alice", **waiting("ContainerCreating"))
    cluster.pod("link-1-air", **waiting("ImagePullBackOff"))
    cluster.pod("link-1-bob", phase="Failed", reason="Evicted")
    assert states(place) == {
        "alice": "waiting", "air": "waiting: ImagePullBackOff", "bob": "lost: Evicted"
    }  # fmt: skip
    why = "0/3 nodes are available: 3 Insufficient cpu."
    condition = {"type": "PodScheduled", "status": "False", "message": why}
    cluster.pod("link-1-alice", phase="Pending", conditions=[condition])
    del cluster.objects["jobs"]["link-1-bob"]
    found = states(place)
    assert found["alice"] == f"waiting: {why}"
    assert found["bob"] == "no Job 'link-1-bob': not applied, or deleted"


def test_logs_are_what_processes_have_said(place: Path, cluster: Cluster) -> None:
    cluster.pod("link-1-alice", **waiting("ContainerCreating"))
    cluster.logs[cluster.pod("link-1-air", **running())] = "process 'air': waiting for 'alice'\n"
    # The report at the end is for whoever joins it with the others'.
    report = json.dumps({"reports": {"bob": {}}, "elapsed_s": 1.0, "interrupted": False})
    cluster.logs[cluster.pod("link-1-bob", **ended(0, "Completed"))] = f"a word\n{report}\n"
    assert done(place, "logs") == "air: process 'air': waiting for 'alice'\nbob: a word\n"
    assert done(place, "logs", "link-1", "--process", "bob") == "a word\n"


def minor() -> int:
    """The version of kubectl behind the 1."""
    asked = ["kubectl", "version", "--client", "--output=json"]
    told = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)
    return int(told["clientVersion"]["minor"].rstrip("+"))


def test_stop_drains_what_runs(place: Path, cluster: Cluster) -> None:
    if minor() < 31:
        pytest.skip("kubectl before 1.31 runs commands over a protocol that stands in nowhere here")
    air = cluster.pod("link-1-air", **running())
    cluster.pod("link-1-bob", **ended(0, "Completed"))
    done(place, "stop")
    assert cluster.executed == [(air, ["sh", "-c", "kill -TERM 1"])]
    # What has not begun would wait for the others for ever; what has ended keeps its words.
    assert set(cluster.objects["jobs"]) == {"link-1-air", "link-1-bob"}


def test_a_cluster_that_does_not_answer_is_told(place: Path, tmp_path: Path) -> None:
    arguments = ("link.yml", "--image", "lab/semradio:1", "--kubectl")
    done(place, "deploy", "kubernetes", *arguments, "kubectl --server http://127.0.0.1:9")
    assert "127.0.0.1:9 was refused" in done(place, "status", status=1)
    done(place, "deploy", "kubernetes", *arguments, "no-kubectl --context lab")
    error = done(place, "stop", status=1)
    assert "no command 'no-kubectl' here: --kubectl names one" in error
