"""One cell as it goes to a worker: plain data, as JSON."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json

import msgspec

from semradio.flowgraphs.keys import keys_of
from semradio.flowgraphs.plan import EdgePlan, Plan


class Job(msgspec.Struct):
    """Everything that a worker needs to run a cell.

    plan : blocks and edges. chunk : items that a source emits per step
    files : SHA-256 of each file that the blocks read, by ``BLOCK.PARAM``
    code : SHA-256 of each Python file that the plan names, by its path
    version : of the semradio that made the job
    """

    plan: Plan
    chunk: int | None
    files: dict[str, str]
    code: dict[str, str]
    version: str

    @property
    def key(self) -> str:
        """What identifies the result: SHA-256 of all that it follows from.

        That is the flowgraph with everything worked out (but not where it stands, nor its
        comments and processes), the content of the files that it reads, the chunk, and
        semradio's version.
        """
        plan, keys = self.plan, keys_of(EdgePlan)
        content = {
            "version": self.version,
            "chunk": self.chunk or plan.chunk,
            "flowgraph": plan.name,
            "variables": list(plan.variables.items()),
            "blocks": [[b.name, b.type, b.parameters] for b in plan.blocks.values()],
            "edges": [[edge.label, *(getattr(edge, key) for key in keys)] for edge in plan.edges],
            "files": self.files,
            "code": list(self.code.values()),
        }
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


_decoder = msgspec.json.Decoder(Job)


def encode(job: Job) -> str:
    """Return a job as JSON text."""
    return msgspec.json.encode(job).decode()


def decode(text: str) -> Job:
    """Return the job of a JSON text."""
    return _decoder.decode(text)


def version() -> str:
    """Return the version of the semradio that is installed here."""
    return importlib.metadata.version("semradio")
