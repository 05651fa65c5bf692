"""What a control socket and its clients say to each other: one JSON object each way.

Request: ``{"ask": "running"}``, ``{"ask": "change", "changes": {BLOCK: {PARAMETER: value}}}`` or
``{"ask": "stop"}``. Answer: an object whose ``answer`` is ``running``, ``changed``, ``stopping``
or ``refused``. A reason repeats what was asked for, and shows no key that stands there by mistake.
"""

from __future__ import annotations

from typing import Any

import msgspec

from semradio.flowgraphs.plan import veiled
from semradio.flowgraphs.runtime.live import LiveParameter

MAX_REQUEST = 16 * 1024
"""Bytes of a request at most; it has to fit into the pipe to a worker process."""

MAX_FRAME = 1 << 20
"""Bytes at which a connection is cut; what lies between is read and refused."""


class AskRunning(msgspec.Struct, tag="running", tag_field="ask"):
    """What runs there, and with which values?"""


class AskChange(msgspec.Struct, tag="change", tag_field="ask"):
    """Change live parameters: values by block and parameter, all or none."""

    changes: dict[str, dict[str, Any]]


class AskStop(msgspec.Struct, tag="stop", tag_field="ask"):
    """End the sources, drain and report."""


class IsRunning(msgspec.Struct, tag="running", tag_field="answer"):
    """What runs there."""

    pid: int
    flowgraph: str
    file: str | None
    process: str | None
    elapsed_s: float
    endpoints: list[str]
    parameters: list[LiveParameter]


class Changed(msgspec.Struct, tag="changed", tag_field="answer"):
    """The change was sent on."""

    taken: dict[str, int]
    """By block, the first item for which its new values count."""
    refused: dict[str, str]
    """By block, why it did not take its part over, or not yet."""

    def __post_init__(self) -> None:
        self.refused = {block: veiled(reason) for block, reason in self.refused.items()}


class Stopping(msgspec.Struct, tag="stopping", tag_field="answer"):
    """The sources end now; the rest is drained."""


class Refused(msgspec.Struct, tag="refused", tag_field="answer"):
    """Nothing was changed."""

    reason: str
    mistaken: bool = True
    """Whether the request is wrong, and not the moment."""

    def __post_init__(self) -> None:
        self.reason = veiled(self.reason)


Request = AskRunning | AskChange | AskStop
Answer = IsRunning | Changed | Stopping | Refused

requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
answers: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)


def encode(message: Request | Answer) -> bytes:
    """Return a message as JSON; TypeError where a value is not plain data."""
    return msgspec.json.encode(message, enc_hook=_plain)


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not plain data")
