"""Declared state: what a block keeps from one chunk to the next.

Declared in the class body, so that what survives a chunk border is visible at a glance::

    total: float = state(0.0, doc="sum of |x|^2 so far")
    kept: list[Array] = state(factory=list, doc="chunks not yet written")

Every field is set anew when a stream starts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class State:
    """One declared state field; made by :func:`state`."""

    def __init__(self, default: Any, factory: Callable[[], Any] | None, doc: str) -> None:
        self.default = default
        self.factory = factory
        self.doc = doc
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def initial(self) -> Any:
        """Return the value at the start of a stream."""
        return self.default if self.factory is None else self.factory()


def state(default: Any = None, *, factory: Callable[[], Any] | None = None, doc: str) -> Any:
    """Declare a state field with its value, or a factory of it, at the start of a stream."""
    return State(default, factory, doc)
