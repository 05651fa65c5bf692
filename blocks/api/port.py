"""Ports: where streams enter and leave a block.

Declared in the class body, in the order in which ``work`` takes and returns them. The first input
and the first output are the ones meant when a connection names no port.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from semradio.blocks.api.item_type import Pattern


class Port:
    """One declared port of a block type; see :class:`Input` and :class:`Output`."""

    def __init__(self, type: str | None, *, doc: str, count: str | None) -> None:
        self.pattern = None if type is None else Pattern.parse(type)
        self.doc = doc
        self.count = count
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, block: Any, owner: type) -> Any:
        return self if block is None else PortRef(block, self.name)

    def names(self, block: object) -> list[str]:
        """The port names on one block: ``x``, or ``x[0]``, ``x[1]``, ... for a counted port."""
        if self.count is None:
            return [self.name]
        return [f"{self.name}[{i}]" for i in range(getattr(block, self.count))]


class Input(Port):
    """An input port that takes items of ``type``.

    Args:
        type: pattern of item types, such as ``float32[*] | complex64``.
        optional: whether it may stay unconnected (``work`` then gets None).
        count: name of an integer parameter: the port is repeated that often, ``x[0]``, ``x[1]``,
            ..., and ``work`` gets a list.
        like: name of another input that must carry the same item type.
        doc: one sentence for the reference.
    """

    def __init__(
        self,
        type: str,
        *,
        doc: str = "",
        optional: bool = False,
        count: str | None = None,
        like: str | None = None,
    ) -> None:
        super().__init__(type, doc=doc, count=count)
        self.optional = optional
        self.like = like


class Output(Port):
    """An output port.

    Args:
        type: exact item type, or None when it follows from an input or from parameters.
        like: name of the input whose item type it has.
        count: as for :class:`Input`.
        doc: one sentence for the reference.
    """

    def __init__(
        self,
        type: str | None = None,
        *,
        like: str | None = None,
        doc: str = "",
        count: str | None = None,
    ) -> None:
        super().__init__(type, doc=doc, count=count)
        self.like = like


@dataclass(frozen=True, slots=True)
class PortRef:
    """A port of one block instance: ``block.x``, or ``block.x[1]`` for a counted port."""

    block: Any
    """The block; ports know nothing of blocks."""
    name: str

    def __getitem__(self, index: int) -> PortRef:
        return PortRef(self.block, f"{self.name}[{index}]")
