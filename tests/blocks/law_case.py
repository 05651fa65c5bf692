"""What a case of the stream law is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from semradio.blocks.api import Array

ROUNDED = {"exact": False}
"""For values whose rounding depends on how many are computed together."""

SUMS = 1e-12
"""For measures: the order in which numbers are added up shows in the last digits of a double."""

RunPeer = Callable[..., None]
"""Runs a peer in a thread until a module's tests end; see ``run_peer`` in ``conftest.py``."""


@dataclass
class Case:
    """A block, what goes in, and what must come out of it (None: no reference here).

    In texts among the parameters ``{tmp}`` is a folder, with what ``prepare`` has put there.
    """

    parameters: dict[str, Any]
    inputs: Sequence[Array | None] | int
    expected: Any = None
    options: dict[str, Any] = field(default_factory=dict)
    """Passed on to check_block."""


Cases = dict[str, list[Case]]
"""By the name of the block."""
