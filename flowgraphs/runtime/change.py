"""Live parameters of a running flowgraph: which there are, what a change is, what becomes of it.

A change names values by block and parameter. All of it is checked before any of it is applied;
each block then takes its part over at an item border of its own, and its outcome says from which
item on it counts. These are the words for it everywhere: in the engine, between processes, on
control sockets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any, Protocol

import msgspec

from semradio.blocks.api.block import Block
from semradio.blocks.errors import ParameterError, SemradioError, nearest
from semradio.flowgraphs.plan import Plan
from semradio.flowgraphs.runtime.watch import Drawn, Status, Tap, Tapped

Changes = Mapping[str, Mapping[str, Any]]
"""Values by block and parameter."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of the change of one block."""

    block: str
    index: int | None = None
    """The first item for which the new values count (of the first output, or of the first input
    of a block without outputs); None if they were refused."""
    values: dict[str, Any] = {}
    """The values that are in force now, by parameter."""
    reason: str = ""
    """Why they were refused."""


class Taken(msgspec.Struct, frozen=True):
    """A change that a block took over, so that another run can repeat it at the same item."""

    block: str
    index: int
    """The first item for which it counts, as in :class:`Outcome`."""
    taken: int
    """Items that the block's chain had taken from its queues."""
    values: dict[str, Any] | None
    """Live parameters; None where a source was told to end."""


OnTaken = Callable[[Taken], None]
"""Told of each change that a block took over, whoever asked for it."""

Tell = Callable[[Outcome], None]
"""Told the outcome for each block of a change."""


class LiveParameter(msgspec.Struct):
    """One live parameter, its value now, and what it may be."""

    block: str
    parameter: str
    value: Any
    type: str
    unit: str
    limits: str
    """In words; what follows says the same for sliders and lists."""
    low: float | None = None
    high: float | None = None
    above: float | None = None
    choices: list[Any] = []


class Running(msgspec.Struct):
    """A flowgraph, or one process of it, that runs."""

    pid: int
    flowgraph: str
    file: str | None
    process: str | None
    """The process that was started alone, with ``--only``."""
    elapsed_s: float
    parameters: list[LiveParameter]


class Steerable(Protocol):
    """What a control socket asks of a run; every method may be called from another thread."""

    def running(self) -> Running:
        """Say what runs, with the present values of its live parameters."""

    def change(self, changes: Changes, tell: Tell) -> None:
        """Change live parameters; SemradioError, with nothing changed, if any is refused."""

    def tap(self, tap: Tap) -> Tapped:
        """Show somebody what passes at a port; ParameterError if there is none of that name."""

    def untap(self, to: str, number: int) -> None:
        """Show nothing more for a tap."""

    def status(self) -> Status:
        """Say how the flowgraph stands."""

    def drawn(self) -> Drawn:
        """Return the flowgraph as data to be drawn."""

    def stop(self) -> None:
        """End the sources, drain and report, as Ctrl-C does."""


class Control(Protocol):
    """Something through which a run is steered, such as a control socket."""

    def serve(self, host: Steerable) -> None:
        """Take requests for a run that has begun."""


def live_parameters(blocks: Mapping[str, Block]) -> list[LiveParameter]:
    """Return the live parameters of blocks, with the values that they have now.

    Blocks that cannot be disabled have no ``enabled`` here.
    """
    return [
        LiveParameter(
            name,
            key,
            getattr(block, key),
            declared.type_name,
            declared.unit,
            declared.limits,
            declared.low,
            declared.high,
            declared.above,
            list(declared.choices),
        )
        for name, block in blocks.items()
        for key, declared in block.parameters.items()
        if declared.live and (key != "enabled" or block.bypassable)
    ]


def wrong_names(here: Container[str], plan: Plan, changes: Changes) -> list[str]:
    """Return what is wrong with names in a change that are no blocks of those that run here.

    Args:
        here: names of the blocks that can be changed here.
        plan: the whole flowgraph.
        changes: values by block and parameter; a name without a block stands under ``""``.
    """
    problems: list[str] = []
    for name, values in changes.items():
        if name and name not in here:
            problems.append(_no_block(name, here, plan))
        elif not name:
            problems += [_no_parameter(key, plan) for key in values]
    return problems


def refusals(blocks: Mapping[str, Block], changes: Changes) -> list[str]:
    """Return everything that these blocks find wrong with a change; nothing is touched."""
    return [
        text
        for name, values in changes.items()
        if name in blocks
        for text in _refusals(blocks[name], values)
    ]


def wrong_changes(blocks: Mapping[str, Block], planned: Iterable[Taken]) -> list[str]:
    """Return what is wrong with changes that are to be repeated."""
    return refusals(blocks, {c.block: c.values for c in planned if c.values is not None})


def complain(problems: Iterable[str]) -> None:
    """Raise ParameterError if there are problems."""
    text = "\n".join(problems)
    if text:
        raise ParameterError(text)


def _refusals(block: Block, values: Mapping[str, Any]) -> list[str]:
    """Return why a block refuses values, one by one where that tells more; [] if it does not."""
    together = _refusal(block, values)
    if together is None:
        return []
    singly = [_refusal(block, {key: value}) for key, value in values.items()]
    return [text for text in singly if text is not None] or [together]


def _refusal(block: Block, values: Mapping[str, Any]) -> str | None:
    try:
        block.check_change(values)
    except SemradioError as error:
        text = str(error)
        return text if f"'{block.name}'" in text else f"block '{block.name}': {text}"
    except (Exception, SystemExit) as error:
        # Whatever the block's own code does, the run goes on.
        return f"block '{block.name}' refuses: {type(error).__name__}: {error}"
    return None


def _no_parameter(name: str, plan: Plan) -> str:
    """Return why a name without a block cannot be changed."""
    if name not in plan.variables:
        return f"'{name}' is not BLOCK.PARAM"
    uses = _uses(name, plan)
    hint = f"; the file uses it in {', '.join(uses)}" if uses else ""
    return (
        f"'{name}' is a variable: it is worked out before the flowgraph runs and is not live; "
        f"change the parameters themselves, BLOCK.PARAM{hint}"
    )


def _uses(variable: str, plan: Plan) -> list[str]:
    """Return the parameters whose value mentions a variable, as far as the block's line tells."""
    use = re.compile(rf"(\w+)\s*:\s*[\"']?\$\{{[^}}]*\b{re.escape(variable)}\b")
    return [
        f"{name}.{key}"
        for name, block in plan.blocks.items()
        if block.location is not None
        for key in use.findall(block.location.text)
        if key in block.parameters
    ]


def _no_block(name: str, here: Container[str], plan: Plan) -> str:
    home = next((p.name for p in plan.processes.values() if name in p.blocks), None)
    if name in plan.blocks and home is not None:
        return f"block '{name}' runs in process '{home}', which was started on its own: ask that"
    return f"no block '{name}'{nearest(name, [b for b in plan.blocks if b in here])}"
