"""The failure of a run, told with the block, the item and the line of the file."""

from __future__ import annotations

from semradio.blocks.errors import BlockError, SemradioError
from semradio.flowgraphs.plan import Plan

NOT_STARTED = -1
"""Stands for the item index where a block failed before it met any item."""


class RunError(SemradioError):
    """A run failed; ``trace`` is the traceback of the cause, where there is one."""

    def __init__(self, message: str, trace: str = "") -> None:
        super().__init__(message)
        self.trace = trace


def block_failure(plan: Plan, block: str, index: int, reason: str, trace: str = "") -> RunError:
    """Return the error for a block that failed at an item."""
    known = plan.blocks.get(block)
    place = f"{known.location}: " if known is not None and known.location is not None else ""
    when = "could not start" if index == NOT_STARTED else f"failed in the items from {index} on"
    return RunError(f"{place}block '{block}' {when}: {reason}", trace)


def from_block_error(plan: Plan, error: BlockError, trace: str = "") -> RunError:
    """Return the error for a block that failed in this process."""
    return block_failure(plan, error.block, error.index, error.reason, trace)
