"""The plan of a flowgraph: blocks, edges and processes, with every expression worked out.

The language turns a YAML file into a plan; :class:`semradio.flowgraphs.Flowgraph` makes one from
Python; the runtime runs plans and knows nothing of YAML. A plan is plain data: it travels to
worker processes as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, get_args

from semradio.blocks.engine.queue import Policy
from semradio.blocks.errors import SemradioError, nearest
from semradio.flowgraphs.keys import (
    Address,
    Amount,
    Choice,
    Number,
    Protection,
    Text,
    Whole,
    Wholes,
    key,
)

_KEY_LIKE = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{48,}(?![0-9A-Fa-f])")
"""Hexadecimal digits as long as a key: shown nowhere, in case they are one."""


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a flowgraph file; line and column count from 1."""

    file: str
    line: int
    column: int
    text: str = field(default="", compare=False, repr=False)
    """The line of the file, for messages that are made where the file is not at hand."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a flowgraph: where, what, and what to do."""

    message: str
    location: Location | None = None
    text: str = ""
    """The line of the file that the location points into."""

    def __str__(self) -> str:
        message = veiled(self.message)
        head = f"{self.location}: {message}" if self.location else message
        if not self.text or self.location is None:
            return head
        shown = veiled(self.text.rstrip())
        return f"{head}\n    {shown}\n    {' ' * (self.location.column - 1)}^"


def veiled(text: str) -> str:
    """Return a message with what may be a key in it replaced by stars."""
    return _KEY_LIKE.sub(lambda found: "*" * len(found[0]), text)


class FlowgraphError(SemradioError):
    """Everything that is wrong with a flowgraph, all at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        count = len(self.problems)
        super().__init__(
            "\n".join(map(str, self.problems)) + (f"\n{count} errors" if count > 1 else "")
        )


@dataclass(slots=True)
class BlockPlan:
    """One block: its unique name, type, and parameter values."""

    name: str
    type: str
    parameters: dict[str, Any] = field(default_factory=dict)
    location: Location | None = None
    comment: str = ""
    """What the file says about the block in a comment beside or above it."""


@dataclass(slots=True)
class EdgePlan:
    """One edge from an output port to an input port.

    An empty port name means the first port of a block that knows its ports only once it is made
    (from an ONNX file, say); :class:`semradio.flowgraphs.graph.Graph` fills it in.
    """

    source: str
    output: str
    target: str
    input: str
    queue: int | None = key(None, Whole(), "Capacity in items.")
    """None leaves it to the runtime."""
    policy: Policy = key("block", Choice(get_args(Policy)), "What a full queue does.")
    location: Location | None = None
    comment: str = ""

    @property
    def label(self) -> str:
        """The edge as results and messages name it: ``a.out -> b.in``."""
        return f"{self.source}.{self.output} -> {self.target}.{self.input}"


@dataclass(slots=True)
class ProcessPlan:
    """One process: its blocks, and where others reach it when it runs on a host of its own."""

    name: str
    blocks: list[str]
    bind: str | None = key(None, Address(), "Address to listen on.")
    endpoint: str | None = key(None, Address(), "Address others connect to.")
    cpus: list[int] | None = key(None, Wholes(), "CPUs of its host that it runs on.")
    """None: wherever the system puts it."""
    location: Location | None = None
    comment: str = ""


SHOWN = (
    "constellation",
    "spectrum",
    "waterfall",
    "time",
    "histogram",
    "pictures",
    "classes",
    "metrics",
    "confusion",
)
"""What a panel of a view may show."""


@dataclass(slots=True)
class PanelPlan:
    """One panel that a view of the run opens first."""

    title: str
    of: list[str]
    """Ports, ``block.port``; of metrics ``block.metric``."""
    show: str | None = key(None, Choice(SHOWN), "How it is drawn; if not given, as suits best.")
    sample_rate: float | None = key(None, Number(positive=True), "Hz; axes then have units.")
    center: float = key(0.0, Number(), "Hz, what zero frequency stands for.")
    unit: str = key("", Text(), "Of what is drawn.")
    location: Location | None = None


@dataclass(slots=True)
class ViewPlan:
    """How a run is looked at, and what is different when it is run to be looked at."""

    pace: float | None = key(
        None, Number(positive=True), "Items a second of each source, when run with --view."
    )
    variables: dict[str, Any] = field(default_factory=dict)
    """Values that variables have when run with ``--view``."""
    panels: list[PanelPlan] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """A whole flowgraph."""

    name: str
    doc: str = ""
    file: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    blocks: dict[str, BlockPlan] = field(default_factory=dict)
    edges: list[EdgePlan] = field(default_factory=list)
    processes: dict[str, ProcessPlan] = field(default_factory=dict)
    """Empty when the flowgraph names no processes: it then runs as one."""
    chunk: int | None = key(None, Whole(), "Items that a source emits per step.")
    """None leaves it to the runtime."""
    view: ViewPlan = field(default_factory=ViewPlan)
    security: dict[str, str] | str | None = key(
        None, Protection(), "Keys between hosts: 'none', or {curve: FOLDER} of 'semradio keys'."
    )
    """None: nothing is said, and nothing may listen beyond this host."""
    checkpoint: float | None = key(
        None, Amount(), "Seconds between two checkpoints of a process; 0: none."
    )
    """None: none, unless they are needed; then by what one costs."""
    restart: int | None = key(
        None,
        Amount(whole=True),
        "How often within 'restart_within' a process that died is started again.",
    )
    """None: three times where checkpoints are kept."""
    restart_within: float = key(60.0, Number(positive=True), "Seconds; see 'restart'.")
    code: list[str] = field(default_factory=list)
    """Python files that define further block types."""
    import_folders: list[str] = field(default_factory=list)
    """Folders from which code that the flowgraph names is imported; empty unless it is allowed."""

    def no_process(self, name: str) -> str:
        """Return in words that there is no process of a name."""
        known = ", ".join(self.processes) or "none"
        return f"no process '{name}'{nearest(name, self.processes)}; processes: {known}"

    @property
    def block_types(self) -> list[str]:
        """Types of the blocks, each once, sorted."""
        return sorted({block.type for block in self.blocks.values()})
