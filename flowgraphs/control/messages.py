"""What a control socket and its clients say to each other: one JSON object each way.

Request: ``{"ask": "running"}``, ``{"ask": "change", "changes": {BLOCK: {PARAMETER: value}}}``,
``{"ask": "tap", "port": ..., "to": ..., "number": ...}``, ``{"ask": "untap", ...}``,
``{"ask": "status"}``, ``{"ask": "graph"}`` or ``{"ask": "stop"}``. Answer: an object whose
``answer`` is ``running``, ``changed``, ``tapped``, ``untapped``, ``status``, ``graph``,
``stopping`` or ``refused``. A reason repeats what was asked for, and shows no key that stands there
by mistake.
"""

from __future__ import annotations

from typing import Any

import msgspec

from semradio.flowgraphs.plain import for_message
from semradio.flowgraphs.plan import veiled
from semradio.flowgraphs.runtime.change import LiveParameter
from semradio.flowgraphs.runtime.watch import Drawn, Status

MAX_REQUEST = 16 * 1024
"""Bytes of a request at most; it has to fit into the pipe to a worker process."""

MAX_FRAME = 1 << 20
"""Bytes at which a connection is cut; what lies between is read and refused."""


class AskRunning(msgspec.Struct, tag="running", tag_field="ask"):
    """What runs there, and with which values?"""


class AskChange(msgspec.Struct, tag="change", tag_field="ask"):
    """Change live parameters: values by block and parameter, all or none."""

    changes: dict[str, dict[str, Any]]


class AskTap(msgspec.Struct, tag="tap", tag_field="ask"):
    """Show what passes at a port: send messages of some items to a socket that the asker has bound.

    The same number again renews the tap, perhaps at another rate.
    """

    port: str
    to: str
    """Endpoint of a PULL socket; beyond this user's folder only if the run was told to listen."""
    number: int
    per_s: float = 30.0
    items: int = 1024
    """Of one message at most."""


class AskUntap(msgspec.Struct, tag="untap", tag_field="ask"):
    """Show nothing more for a tap."""

    to: str
    number: int


class AskStatus(msgspec.Struct, tag="status", tag_field="ask"):
    """How does it stand?"""


class AskGraph(msgspec.Struct, tag="graph", tag_field="ask"):
    """What is wired how?"""


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


class Tapped(msgspec.Struct, tag="tapped", tag_field="answer"):
    """Messages come from now on; see :class:`semradio.flowgraphs.runtime.watch.Glimpse`."""

    number: int
    item: str
    process: str


class Untapped(msgspec.Struct, tag="untapped", tag_field="answer"):
    """No more messages come, but for those on the way."""

    number: int


class IsStatus(msgspec.Struct, tag="status", tag_field="answer"):
    """How the flowgraph stands."""

    status: Status


class IsGraph(msgspec.Struct, tag="graph", tag_field="answer"):
    """What is wired how."""

    graph: Drawn


class Stopping(msgspec.Struct, tag="stopping", tag_field="answer"):
    """The sources end now; the rest is drained."""


class Refused(msgspec.Struct, tag="refused", tag_field="answer"):
    """Nothing was changed."""

    reason: str
    mistaken: bool = True
    """Whether the request is wrong, and not the moment."""

    def __post_init__(self) -> None:
        self.reason = veiled(self.reason)


CHANGING = (AskChange, AskStop)
"""Requests that do more than look."""

Request = AskRunning | AskChange | AskTap | AskUntap | AskStatus | AskGraph | AskStop
Answer = IsRunning | Changed | Tapped | Untapped | IsStatus | IsGraph | Stopping | Refused

requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
answers: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)


def encode(message: Request | Answer) -> bytes:
    """Return a message as JSON; TypeError where a value is not plain data."""
    return msgspec.json.encode(message, enc_hook=for_message)
