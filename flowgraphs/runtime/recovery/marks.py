"""Which checkpoint a process may rely on: what may be acknowledged, and where to go on from.

A process holds its newest checkpoints. Those that send to it keep what they sent from the position
on that it has acknowledged. It may acknowledge the input positions of a checkpoint only when *all
of its output positions* have been acknowledged by those that receive from it. "What my own
checkpoint covers" is not enough: items that wait in a sender when it dies are behind its
checkpoint, and are in no checkpoint of their receiver.

So a process that is started anew always finds a checkpoint none of whose outputs is ahead of what
its receivers have acknowledged, and its senders still have what follows its inputs. Any processes
may die at any time, neighbours too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

SPARE = 1
"""Checkpoints that are kept behind the one that could be acknowledged, in case it is damaged."""

Positions = Mapping[int, int]
"""Items by the number of the edge."""


class Mark(NamedTuple):
    """A checkpoint that is on the disk."""

    number: int
    inputs: Positions
    """What it has taken: the senders need not keep what is before."""
    outputs: Positions
    """What it has given."""
    final: bool = False
    """Whether all streams had come to their end."""


def reached(mark: Mark, acknowledged: Positions) -> bool:
    """Whether the receivers have acknowledged all that a checkpoint has given.

    Args:
        acknowledged: by edge; one that wants no more items is left out.
    """
    return all(mark.outputs[edge] <= index for edge, index in acknowledged.items())


def safe(marks: Sequence[Mark], acknowledged: Positions) -> int | None:
    """Return the place of the checkpoint whose inputs may be acknowledged; None if there is none.

    Args:
        marks: in order. acknowledged: as for :func:`reached`.
    """
    held = [place for place, mark in enumerate(marks) if reached(mark, acknowledged)]
    return held[-1 - SPARE] if len(held) > SPARE else None


def usable(marks: Sequence[Mark], acknowledged: Positions) -> list[Mark]:
    """Return the checkpoints that a process may go on from, the best one first."""
    return [mark for mark in reversed(marks) if reached(mark, acknowledged)]
