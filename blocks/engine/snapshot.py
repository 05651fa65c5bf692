"""How far chains and queues are, as plain data, and back: what a checkpoint holds beside states.

Only between two passes, when every chain stands at an item border. Blocks themselves, their live
parameters and their state, are saved by :func:`block_saved`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from semradio.blocks.api.block import Block
from semradio.blocks.engine.chain import Chain
from semradio.blocks.engine.queue import Queue
from semradio.blocks.engine.stage import Planned, Stage
from semradio.blocks.errors import SemradioError

Saved = dict[str, Any]


class UnsavedError(SemradioError):
    """What was saved is not that of these blocks."""


# Blocks ------------------------------------------------------------------------------------


def block_saved(block: Block) -> Saved:
    """Return a block's live parameters, declared state, tags to be left, notes and the rest."""
    return {
        "live": _live(block),
        "state": block.state(),
        "finished": block.finished,
        "tags_out": list(block.tags_out),
        "notes": list(block.notes),
        "more": block.save(),
    }


def prepare_block(block: Block, saved: Mapping[str, Any]) -> None:
    """Let a block that was reset resume where another one was: to be called before ``start``.

    Raises:
        SemradioError: a value is not one of the block's.
    """
    block.resumes = True
    now = _live(block)
    changed = {key: value for key, value in saved["live"].items() if not _same(now.get(key), value)}
    if changed:
        block.assign(changed)
    _set_state(block, saved)


def restore_block(block: Block, saved: Mapping[str, Any]) -> None:
    """Put a block that has started where another one was."""
    _set_state(block, saved)
    block.finished = saved["finished"]
    block.tags_out = list(saved["tags_out"])
    block.notes = list(saved["notes"])
    block.restore(saved["more"])


def _live(block: Block) -> Saved:
    return {key: getattr(block, key) for key, p in block.parameters.items() if p.live}


def _same(one: Any, other: Any) -> bool:
    return bool(type(one) is type(other) and np.array_equal(one, other, equal_nan=False))


def _set_state(block: Block, saved: Mapping[str, Any]) -> None:
    if saved["state"].keys() != block.states.keys():
        raise UnsavedError(f"block '{block.name}' has other state fields than were saved")
    for key, value in saved["state"].items():
        setattr(block, key, value)


# Queues ------------------------------------------------------------------------------------


def queue_saved(queue: Queue) -> Saved:
    """Return what waits in a queue, and its counts."""
    items = list(queue.chunks)
    return {
        "at": queue.at,
        "items": np.concatenate(items) if items else queue.item.empty(),
        "tags": list(queue.tags),
        "ended": queue.ended,
        "messages": queue.messages,
        "capacity": queue.capacity,
    }


def restore_queue(queue: Queue, saved: Mapping[str, Any]) -> None:
    """Fill a new queue with what waited in another one."""
    queue.at = saved["at"]
    queue.put(saved["items"], saved["tags"])
    queue.messages = saved["messages"]
    queue.capacity = max(queue.capacity, saved["capacity"])
    queue.ended = saved["ended"]


# Chains ------------------------------------------------------------------------------------


def chain_saved(chain: Chain) -> Saved:
    """Return where a chain stands; what its blocks remember is saved with them."""
    return {
        "at": chain.at,
        "passes": chain.passes,
        "finished": chain.finished,
        "intake": chain.intake.saved(),
        "stages": [_stage_saved(stage) for stage in chain.stages],
    }


def restore_chain(chain: Chain, saved: Mapping[str, Any]) -> None:
    """Put a new chain of the same blocks, which were restored before, where another one stood.

    Raises:
        UnsavedError: it is not the same chain.
    """
    if [entry["name"] for entry in saved["stages"]] != [s.block.name for s in chain.stages]:
        raise UnsavedError("the blocks do not run in the groups that were saved")
    chain.intake.restore(saved["intake"])
    chain.at, chain.passes, chain.finished = saved["at"], saved["passes"], saved["finished"]
    chain.planned = 0
    for stage, entry in zip(chain.stages, saved["stages"], strict=True):
        _restore_stage(stage, entry)
        chain.planned += len(stage.planned)
    for stage in chain.stages:
        # A block that had ended takes nothing more.
        for feeder in stage.feeders if stage.finished else ():
            if feeder is not None and stage in feeder.readers:
                feeder.readers.remove(stage)
    chain.attention.extend(stage.block for stage in chain.stages if _has_to_tell(stage))
    chain.stale = True


def closed(chain: Chain) -> bool:
    """Whether a chain takes nothing more from its queues."""
    return any(s.finished and (s is chain.head or None in s.feeders) for s in chain.stages)


def _has_to_tell(stage: Stage) -> bool:
    block = stage.block
    if stage.finished:
        return False
    holds_tags = bool(block.tags_out) or any(outlet.holds_tags for outlet in stage.outlets)
    return block.finished or holds_tags


_COUNTS = ("begun", "finished", "had_receivers", "upto", "ended_at", "ended_passes")


def _stage_saved(stage: Stage) -> Saved:
    return {
        "name": stage.block.name,
        **{name: getattr(stage, name) for name in _COUNTS},
        "planned": [list(change) for change in stage.planned],
        "outlets": [
            {"sent": outlet.sent, "passing": list(outlet.passing), "own": list(outlet.own)}
            for outlet in stage.outlets
        ],
    }


def _restore_stage(stage: Stage, saved: Mapping[str, Any]) -> None:
    for name in _COUNTS:
        setattr(stage, name, saved[name])
    stage.planned = deque(Planned(*change) for change in saved["planned"])
    for outlet, entry in zip(stage.outlets, saved["outlets"], strict=True):
        outlet.sent = entry["sent"]
        outlet.passing, outlet.own = list(entry["passing"]), list(entry["own"])
