"""Asks Kubernetes of a deployment, by the command ``kubectl`` and the rights of who calls it."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from semradio.flowgraphs.deploy.deployment import DeployError, Deployment
from semradio.flowgraphs.deploy.engine import ANSWER_S, LOST
from semradio.flowgraphs.deploy.kubernetes import CONTAINER, INSTANCE, job_name

_AT_ONCE = 16

_BEGINNING = ("ContainerCreating", "PodInitializing", "")

Found = Mapping[str, Any]
"""A Job or Pod, as Kubernetes tells of it."""


class Kubectl:
    """Tells of a deployment whose manifests were applied, and stops it."""

    def states(self, deployment: Deployment) -> dict[str, str]:
        """Return what each process is at.

        Raises:
            DeployError: kubectl is not there, or Kubernetes does not answer.
        """
        jobs, pods = self._found(deployment)
        names = {process: job_name(deployment, process) for process in deployment.processes}
        return {
            process: _state(pods.get(name))
            if name in jobs
            else f"no Job '{name}': not applied, or deleted"
            for process, name in names.items()
        }

    def log(self, deployment: Deployment, process: str) -> str:
        """Return what a process has said, without its report; DeployError as for states."""
        _, pods = self._found(deployment)
        pod = pods.get(job_name(deployment, process))
        if pod is None or _state(pod).startswith("waiting"):
            return ""
        name = pod["metadata"]["name"]
        text = _asked(deployment, "logs", name, f"--container={CONTAINER}")
        lines = text.splitlines()
        if lines and lines[-1].startswith('{"reports": '):
            del lines[-1]
        return "\n".join(lines)

    def drain(self, deployment: Deployment) -> None:
        """Ask every process to end in good order; one that has not begun is taken away.

        Raises:
            DeployError: as for states.
        """
        jobs, pods = self._found(deployment)

        def end(process: str) -> None:
            job = job_name(deployment, process)
            state = _state(pods.get(job))
            if state.startswith("running"):
                pod = pods[job]["metadata"]["name"]
                # The process is the first of its container; to end is up to it.
                words = (f"--container={CONTAINER}", "--", "sh", "-c", "kill -TERM 1")
                _asked(deployment, "exec", pod, *words)
            elif state.startswith("waiting") and job in jobs:
                _asked(deployment, "delete", "job", job, "--ignore-not-found", "--wait=false")

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(end, deployment.processes))

    def _found(self, deployment: Deployment) -> tuple[set[str], dict[str, Found]]:
        """Return the names of the Jobs that are there, and the newest Pod of each."""
        chosen = f"--selector={INSTANCE}={deployment.name}"
        text = _asked(deployment, "get", "jobs,pods", chosen, "--output=json")
        jobs: set[str] = set()
        pods: dict[str, Found] = {}
        items = json.loads(text)["items"]
        for item in sorted(items, key=lambda found: found["metadata"]["creationTimestamp"]):
            if item["kind"] == "Job":
                jobs.add(item["metadata"]["name"])
            else:
                pods[item["metadata"]["labels"]["job-name"]] = item
        return jobs, pods


def _state(pod: Found | None) -> str:
    """Return what the process of a Job is at, by its Pod."""
    if pod is None:
        return "waiting"
    status = pod["status"]
    containers = status.get("containerStatuses", [])
    state = containers[0]["state"] if containers else {}
    if "terminated" in state:
        reason = state["terminated"].get("reason", "")
        why = f": {reason}" if reason not in ("Completed", "Error", "") else ""
        return f"ended {state['terminated']['exitCode']}{why}"
    if "running" in state:
        return f"running {pod['metadata']['name']}"
    if status["phase"] != "Pending":
        return f"{LOST}: {status.get('reason', status['phase'])}"
    waits = state.get("waiting", {}).get("reason", "")
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            waits = condition.get("message", condition.get("reason", ""))
    return "waiting" if waits in _BEGINNING else f"waiting: {waits}"


def _asked(deployment: Deployment, *words: str) -> str:
    """Run kubectl; DeployError if it fails."""
    command = shlex.split(deployment.options.get("kubectl", "kubectl"))
    try:
        done = subprocess.run(
            [*command, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=ANSWER_S,
            check=False,
        )
    except FileNotFoundError:
        raise DeployError(f"no command '{command[0]}' here: --kubectl names one") from None
    except subprocess.TimeoutExpired:
        raise DeployError(f"{command[0]} does not answer") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise DeployError(f"{command[0]}: {said[-1] if said else 'no reason given'}")
    return done.stdout
