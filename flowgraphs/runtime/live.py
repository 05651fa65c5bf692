"""Live parameters of a running flowgraph: which there are, and whether a change is allowed.

A change names values by block and parameter. All of it is checked before any of it is applied;
each block then takes its part over at an item border of its own, and says from which item on it
counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from semradio.blocks.api.block import Block
from semradio.blocks.errors import ParameterError, SemradioError, nearest
from semradio.flowgraphs.plan import Plan

Changes = Mapping[str, Mapping[str, Any]]
"""Values by block and parameter."""

Answer = Callable[[str, int | SemradioError], None]
"""Told for each block from which item on its change counts, or why it was refused."""


class LiveParameter(msgspec.Struct):
    """One live parameter, its value now, and what it may be."""

    block: str
    parameter: str
    value: Any
    type: str
    unit: str
    limits: str


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

    def change(self, changes: Changes, answer: Answer) -> None:
        """Change live parameters; SemradioError, with nothing changed, if any is refused."""

    def stop(self) -> None:
        """End the sources, drain and report, as Ctrl-C does."""


def live_parameters(blocks: Mapping[str, Block]) -> list[LiveParameter]:
    """Return the live parameters of blocks, with the values that they have now.

    Blocks that cannot be disabled have no ``enabled`` here.
    """
    return [
        LiveParameter(
            name, key, getattr(block, key), declared.type_name, declared.unit, declared.limits
        )
        for name, block in blocks.items()
        for key, declared in block.parameters.items()
        if declared.live and (key != "enabled" or block.bypassable)
    ]


def check_changes(blocks: Mapping[str, Block], plan: Plan, changes: Changes) -> None:
    """Raise ParameterError with everything that is wrong with a change; nothing is touched.

    Args:
        blocks: the blocks that can be changed here, running or made from the same plan.
        plan: the whole flowgraph.
        changes: values by block and parameter; a name without a block stands under ``""``.
    """
    problems: list[str] = []
    for name, values in changes.items():
        if name in blocks:
            problems += _refusals(blocks[name], values)
        elif name:
            problems.append(_no_block(name, blocks, plan))
        else:
            problems += [_no_parameter(key, plan) for key in values]
    if problems:
        raise ParameterError("\n".join(problems))


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


def _no_block(name: str, blocks: Mapping[str, Block], plan: Plan) -> str:
    home = next((p.name for p in plan.processes.values() if name in p.blocks), None)
    if name in plan.blocks and home is not None:
        return f"block '{name}' runs in process '{home}', which was started on its own: ask that"
    return f"no block '{name}'{nearest(name, blocks)}"
