"""Stands in for the API server of Kubernetes: as much of it as kubectl needs to be a real one."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

GROUPS = {
    "v1": {"configmaps": "ConfigMap", "pods": "Pod", "secrets": "Secret", "services": "Service"},
    "batch/v1": {"jobs": "Job"},
}


class Cluster:
    """What there is: Jobs and the like as they were posted, and a Pod of each Job."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {kind: {} for v in GROUPS.values() for kind in v}
        self.logs: dict[str, str] = {}
        self.executed: list[tuple[str, list[str]]] = []
        """Pod, and the command that was run there."""

    def pod(self, job: str, **status: Any) -> str:
        """Give a Job its Pod, in a state; returns the Pod's name."""
        template = self.objects["jobs"][job]["spec"]["template"]
        name = f"{job}-x7k2p"
        self.objects["pods"][name] = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": "default",
                "creationTimestamp": "2026-01-01T00:00:00Z",
                # The controller of Jobs adds this one.
                "labels": {**template["metadata"]["labels"], "job-name": job},
            },
            "spec": template["spec"],
            "status": status,
        }
        return name


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cluster: Cluster

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        words = url.path.strip("/").split("/")
        query = parse_qs(url.query)
        if words == ["api"]:
            self._answer({"kind": "APIVersions", "versions": ["v1"]})
        elif words == ["apis"]:
            version = {"groupVersion": "batch/v1", "version": "v1"}
            group = {"name": "batch", "versions": [version], "preferredVersion": version}
            self._answer({"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]})
        elif "/".join(words[1:]) in GROUPS:
            self._answer(_resources("/".join(words[1:])))
        elif words[-1] == "exec":
            self._execute(words[-2], query["command"])
        elif words[-1] == "log":
            self._text(self.cluster.logs.get(words[-2], ""))
        elif words[-1] in self.cluster.objects:
            self._answer(self._chosen(words[-1], query))
        elif len(words) > 1 and words[-1] in self.cluster.objects.get(words[-2], {}):
            self._answer(self.cluster.objects[words[-2]][words[-1]])
        else:
            self._missing()

    def do_POST(self) -> None:
        kind = urlsplit(self.path).path.rstrip("/").split("/")[-1]
        found = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
        self.cluster.objects[kind][found["metadata"]["name"]] = found
        self._answer(found, 201)

    def do_DELETE(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind, name = urlsplit(self.path).path.split("/")[-2:]
        if self.cluster.objects[kind].pop(name, None) is None:
            self._missing()
        else:
            self._answer({"kind": "Status", "apiVersion": "v1", "status": "Success"})

    def _chosen(self, kind: str, query: dict[str, list[str]]) -> dict[str, Any]:
        """Return the objects of a kind that have all labels of the selector."""
        ((version, single),) = [(v, k[kind]) for v, k in GROUPS.items() if kind in k]
        wanted = dict(
            pair.split("=") for pair in query.get("labelSelector", [""])[0].split(",") if pair
        )
        items = [
            item
            for item in self.cluster.objects[kind].values()
            if wanted.items() <= item["metadata"]["labels"].items()
        ]
        return {"kind": f"{single}List", "apiVersion": version, "metadata": {}, "items": items}

    def _execute(self, pod: str, command: list[str]) -> None:
        """Do as if a command had been run: over a WebSocket, as kubectl asks for it."""
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        accepted = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.send_header("Sec-WebSocket-Accept", accepted)
        self.send_header("Sec-WebSocket-Protocol", "v5.channel.k8s.io")
        self.end_headers()
        self.cluster.executed.append((pod, command))
        # Channel 3 tells how the command has ended.
        told = b"\x03" + json.dumps({"metadata": {}, "status": "Success"}).encode()
        self.wfile.write(struct.pack(">BB", 0x82, len(told)) + told)
        self.wfile.write(struct.pack(">BBH", 0x88, 2, 1000))
        self.close_connection = True

    def _missing(self) -> None:
        message = f"{self.path} not found"
        told = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404}
        self._answer({**told, "reason": "NotFound", "message": message}, 404)

    def _answer(self, found: dict[str, Any], status: int = 200) -> None:
        self._send(json.dumps(found).encode(), "application/json", status)

    def _text(self, found: str) -> None:
        self._send(found.encode(), "text/plain", 200)

    def _send(self, body: bytes, kind: str, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _resources(version: str) -> dict[str, Any]:
    verbs = ["create", "delete", "get", "list"]
    found = [
        {"name": name, "singularName": kind.lower(), "namespaced": True, "kind": kind,
         "verbs": verbs}
        for name, kind in GROUPS[version].items()
    ]  # fmt: skip
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": version,
        "resources": found,
    }


@contextmanager
def api_server() -> Iterator[tuple[str, Cluster]]:
    """Serve; yields the address, and what there is."""
    cluster = Cluster()
    handler = type("Handler", (_Handler,), {"cluster": cluster})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", cluster
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
