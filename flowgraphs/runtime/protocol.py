"""What launcher and workers say to each other: one JSON object a line, over pipes.

Launcher to worker: ``job`` (the plan and what to do), ``connect`` (endpoints of the others),
``go``, ``stop`` (drain), ``set`` (live parameters). Worker to launcher: ``bound``, ``ready``,
``progress``, ``changed`` (a live parameter), ``done`` (the report), ``error``. A pipe that closes
tells that its end has died.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from semradio.blocks.api.item_type import ItemType
from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.plan import Plan


class Job(msgspec.Struct, tag="job", tag_field="type"):
    """Everything a worker needs to know."""

    plan: Plan
    process: str
    edge_types: dict[str, str]
    endpoint: str
    chunk: int | None


class Connect(msgspec.Struct, tag="connect", tag_field="type"):
    """Where the other processes listen."""

    endpoints: dict[str, str]


class Go(msgspec.Struct, tag="go", tag_field="type"):
    """All processes are ready: run."""


class Stop(msgspec.Struct, tag="stop", tag_field="type"):
    """End the sources and drain."""


class Set(msgspec.Struct, tag="set", tag_field="type"):
    """Change live parameters: values by block and parameter, checked already."""

    number: int
    changes: dict[str, dict[str, Any]]


class Bound(msgspec.Struct, tag="bound", tag_field="type"):
    """The worker has built its blocks and listens."""

    endpoint: str | None


class Ready(msgspec.Struct, tag="ready", tag_field="type"):
    """The worker's blocks are started."""


class Progress(msgspec.Struct, tag="progress", tag_field="type"):
    """Items so far, by block, and resident memory in bytes."""

    items: dict[str, int]
    rss_bytes: int


class Changed(msgspec.Struct, tag="changed", tag_field="type"):
    """A block has taken its part of a :class:`Set` over, or refused it."""

    number: int
    block: str
    index: int | None
    """The first item for which the new values count; None if they were refused."""
    reason: str = ""


class Done(msgspec.Struct, tag="done", tag_field="type"):
    """The worker has finished."""

    report: dict[str, Any]


class Failed(msgspec.Struct, tag="error", tag_field="type"):
    """The worker has failed."""

    message: str
    block: str | None = None
    index: int | None = None
    traceback: str = ""


ToWorker = Job | Connect | Go | Stop | Set
FromWorker = Bound | Ready | Progress | Changed | Done | Failed

to_worker: msgspec.json.Decoder[ToWorker] = msgspec.json.Decoder(ToWorker)
from_worker: msgspec.json.Decoder[FromWorker] = msgspec.json.Decoder(FromWorker)


def encode(message: ToWorker | FromWorker) -> bytes:
    """Return a message as one line.

    Raises:
        SemradioError: a parameter value cannot travel to another process.
    """
    try:
        return msgspec.json.encode(message, enc_hook=_plain) + b"\n"
    except (TypeError, NotImplementedError) as error:
        raise SemradioError(
            f"a value cannot travel to another process ({error}); run with --in-process"
        ) from None


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not plain data")


def encode_types(types: Mapping[str, ItemType]) -> dict[str, str]:
    """Return edge types as text."""
    return {label: str(item) for label, item in types.items()}


def decode_types(types: Mapping[str, str]) -> dict[str, ItemType]:
    """Return edge types from text."""
    return {label: ItemType.parse(text) for label, text in types.items()}
