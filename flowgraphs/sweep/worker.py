"""Runs cells inside a worker process, one after the other."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from semradio.blocks.api import registry
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.runtime.run import protocol
from semradio.flowgraphs.runtime.run.here import run_here
from semradio.flowgraphs.sweep import files
from semradio.flowgraphs.sweep.failure import SweepError
from semradio.flowgraphs.sweep.job import Job, decode, version

_turn = threading.Lock()
"""Held by the cell that runs: a cluster's worker may have several threads."""

_loaded: dict[str, str] = {}
"""The Python files that were run here, and their SHA-256."""


def run_cell(job: str) -> str:
    """Run the cell of a job; returns a message of the runtime's protocol as JSON text.

    ``done`` holds the results of the blocks and the seconds that the streams ran; ``error`` tells
    what went wrong. Nothing is raised, so that nothing but text travels.
    """
    with _turn:
        try:
            return protocol.encode(protocol.Done(_run(decode(job)))).decode()
        except (Exception, SystemExit) as error:
            trace = getattr(error, "trace", "") or traceback.format_exc()
            return protocol.encode(protocol.Failed(str(error), traceback=trace)).decode()


def _run(job: Job) -> dict[str, Any]:
    if job.version != version():
        raise SweepError(f"the worker has semradio {version()}, the sweep {job.version}")
    plan = job.plan
    _agree(job.code, files.code(plan))
    sys.path[:0] = [folder for folder in plan.import_folders if folder not in sys.path]
    for file, digest in job.code.items():
        if _loaded.get(file) != digest:
            registry.load_file(Path(file))
            _loaded[file] = digest
    _agree(job.files, files.read(plan))
    result = run_here(Graph(plan), chunk=job.chunk)
    return {"results": result.results, "elapsed_s": result.elapsed_s}


def _agree(wanted: Mapping[str, str], found: Mapping[str, str]) -> None:
    for label, digest in wanted.items():
        if found.get(label) != digest:
            raise SweepError(
                f"{label}: the file is not the one that the sweep began with: it has changed, or "
                "this worker has another"
            )
