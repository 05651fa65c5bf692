"""Writes what Kubernetes needs: a Job for each process, a headless Service, and a ConfigMap."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from semradio.flowgraphs.deploy.deployment import Deployment
from semradio.flowgraphs.deploy.starting import FLOWGRAPH

Manifest = dict[str, Any]

INSTANCE = "app.kubernetes.io/instance"
"""Label of all that belongs to a deployment; its value is the deployment's name."""

CONTAINER = "semradio"


def manifests(
    deployment: Deployment, image: str, flowgraph: str, keys: Mapping[str, Mapping[str, bytes]]
) -> list[Manifest]:
    """Return the manifests.

    Args:
        deployment: with the endpoints by the names that the Service gives.
        image: container image with semradio. flowgraph: the file.
        keys: by process, the files of its keys; empty for none.
    """
    name = deployment.name
    found: list[Manifest] = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": _meta(name, name),
            "data": {FLOWGRAPH: flowgraph},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": _meta(name, name),
            # Without an address of its own: each pod is found under its process's name.
            "spec": {
                "clusterIP": "None",
                "publishNotReadyAddresses": True,
                "selector": {INSTANCE: name},
            },
        },
    ]
    for process, files in keys.items():
        data = {file: base64.b64encode(content).decode() for file, content in files.items()}
        found.append(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": _meta(job_name(deployment, process), name),
                "type": "Opaque",
                "data": data,
            }
        )
    return [*found, *(_job(deployment, image, process, keys) for process in deployment.processes)]


def label(process: str) -> str:
    """Return a process's name as Kubernetes takes names."""
    return re.sub(r"[^a-z0-9]+", "-", process.lower()).strip("-")


def job_name(deployment: Deployment, process: str) -> str:
    """Return the name of a process's Job, and of the Secret with its keys."""
    return f"{deployment.name}-{label(process)}"


def _job(
    deployment: Deployment, image: str, process: str, keys: Mapping[str, Mapping[str, bytes]]
) -> Manifest:
    name = deployment.name
    arguments = ["run", f"/flowgraph/{FLOWGRAPH}", "--only", process, "--quiet", "--report", "-"]
    if deployment.patience is not None:
        arguments += ["--patience", str(deployment.patience)]
    for sender, endpoint in deployment.endpoints.items():
        arguments += ["--at", f"{sender}={endpoint}"]
    mounts = [{"name": "flowgraph", "mountPath": "/flowgraph", "readOnly": True}]
    volumes: list[Manifest] = [{"name": "flowgraph", "configMap": {"name": name}}]
    if process in keys:
        mounts.append({"name": "keys", "mountPath": "/keys", "readOnly": True})
        secret = {"secretName": job_name(deployment, process), "defaultMode": 0o400}
        volumes.append({"name": "keys", "secret": secret})
    container = {
        "name": CONTAINER,
        "image": image,
        "command": deployment.program,
        "args": arguments,
        "workingDir": "/tmp",
        "volumeMounts": mounts,
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": _meta(job_name(deployment, process), name),
        "spec": {
            # What runs is one stream: a process that starts again cannot take it up.
            "backoffLimit": 0,
            "template": {
                "metadata": {"labels": _labels(name)},
                "spec": {
                    "hostname": label(process),
                    "subdomain": name,
                    "restartPolicy": "Never",
                    "containers": [container],
                    "volumes": volumes,
                },
            },
        },
    }


def _meta(name: str, instance: str) -> Manifest:
    return {"name": name, "labels": _labels(instance)}


def _labels(instance: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": "semradio", INSTANCE: instance}
