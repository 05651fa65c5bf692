"""What launcher and workers say to each other: one JSON object a line, over pipes.

Launcher to worker: ``job`` (the plan and what to do), ``connect`` (endpoints of the others),
``go``, ``stop`` (drain), ``ended`` (another process), ``check`` and ``set`` (live parameters),
``where`` (what are you at?), ``tap`` and ``untap`` (what passes at a port), ``ask`` (how do you
stand?).
Worker to launcher: ``bound``, ``ready``, ``progress``, ``checked``, ``changed`` (a live parameter),
``took`` (the same, to be repeated), ``stands`` (what it is at), ``heard`` (of a tap), ``told`` (how
it stands), ``signal`` (it was asked to end), ``done`` (the report), ``error``. A pipe that closes
tells that its end has died.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from semradio.blocks.api.item_type import ItemType
from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.plain import for_message
from semradio.flowgraphs.plan import Plan
from semradio.flowgraphs.runtime.change import LiveParameter, Outcome, Taken
from semradio.flowgraphs.runtime.recovery.settings import Recovery
from semradio.flowgraphs.runtime.watch import Standing, Tap


class Job(msgspec.Struct, tag="job", tag_field="type"):
    """Everything a worker needs to know."""

    plan: Plan
    process: str
    edge_types: dict[str, str]
    endpoint: str
    chunk: int | None
    planned: list[Taken] = []
    """Changes to be repeated."""
    latency: bool = False
    profile: bool = False
    """Whether to take down where the time goes."""
    recovery: Recovery | None = None
    """How it keeps itself recoverable."""


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


class Ended(msgspec.Struct, tag="ended", tag_field="type"):
    """Another process has ended, with all that it wanted."""

    process: str


class Check(msgspec.Struct, tag="check", tag_field="type"):
    """Say what is wrong with a change of live parameters; change nothing."""

    number: int
    changes: dict[str, dict[str, Any]]


class Where(msgspec.Struct, tag="where", tag_field="type"):
    """Say what you are at."""


class ShowPort(msgspec.Struct, tag="tap", tag_field="type"):
    """Show somebody what passes at a port; checked already."""

    number: int
    tap: Tap


class HidePort(msgspec.Struct, tag="untap", tag_field="type"):
    """Show nothing more for a tap."""

    number: int
    to: str
    tap: int


class Ask(msgspec.Struct, tag="ask", tag_field="type"):
    """Tell how you stand."""

    number: int


class Bound(msgspec.Struct, tag="bound", tag_field="type"):
    """The worker has built its blocks and listens."""

    endpoint: str | None


class Ready(msgspec.Struct, tag="ready", tag_field="type"):
    """The worker's blocks are started; these are their live parameters."""

    parameters: list[LiveParameter]


class Progress(msgspec.Struct, tag="progress", tag_field="type"):
    """Items so far, by block, and resident memory in bytes."""

    items: dict[str, int]
    rss_bytes: int


class Checked(msgspec.Struct, tag="checked", tag_field="type"):
    """What is wrong with a :class:`Check`; nothing, if there are no problems."""

    number: int
    problems: list[str]


class Changed(msgspec.Struct, tag="changed", tag_field="type"):
    """A block has taken its part of a :class:`Set` over, or refused it."""

    number: int
    outcome: Outcome


class Took(msgspec.Struct, tag="took", tag_field="type"):
    """A block has taken a change over, whoever asked for it."""

    change: Taken


class Stands(msgspec.Struct, tag="stands", tag_field="type"):
    """What the worker is at: the block whose code it is in, and those that could go on."""

    inside: str | None
    holding: list[str]


class Heard(msgspec.Struct, tag="heard", tag_field="type"):
    """A :class:`ShowPort` or :class:`HidePort` has arrived."""

    number: int


class Told(msgspec.Struct, tag="told", tag_field="type"):
    """How the worker stands."""

    number: int
    standing: Standing


class Signalled(msgspec.Struct, tag="signal", tag_field="type"):
    """The worker was asked by a signal to end; the launcher decides."""

    number: int


class Done(msgspec.Struct, tag="done", tag_field="type"):
    """The worker has finished."""

    report: dict[str, Any]


class Failed(msgspec.Struct, tag="error", tag_field="type"):
    """The worker has failed."""

    message: str
    of_block: bool = False
    """Whether the message names a block, and its line, already."""
    traceback: str = ""


Reply = Checked | Heard | Told
"""What answers a question by its number."""

ToWorker = Job | Connect | Go | Stop | Ended | Check | Set | Where | ShowPort | HidePort | Ask
FromWorker = (
    Bound
    | Ready
    | Progress
    | Checked
    | Changed
    | Took
    | Stands
    | Heard
    | Told
    | Signalled
    | Done
    | Failed
)

to_worker: msgspec.json.Decoder[ToWorker] = msgspec.json.Decoder(ToWorker)
from_worker: msgspec.json.Decoder[FromWorker] = msgspec.json.Decoder(FromWorker)


def encode(message: ToWorker | FromWorker) -> bytes:
    """Return a message as one line.

    Raises:
        SemradioError: a parameter value cannot travel to another process.
    """
    try:
        return msgspec.json.encode(message, enc_hook=for_message) + b"\n"
    except (TypeError, NotImplementedError) as error:
        raise SemradioError(
            f"a value cannot travel to another process ({error}); run with --in-process"
        ) from None


def encode_types(types: Mapping[str, ItemType]) -> dict[str, str]:
    """Return edge types as text."""
    return {label: str(item) for label, item in types.items()}


def decode_types(types: Mapping[str, str]) -> dict[str, ItemType]:
    """Return edge types from text."""
    return {label: ItemType.parse(text) for label, text in types.items()}
