"""The blocks of one file after repetition, found by name, with the ports they show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from semradio.blocks.api.errors import nearest
from semradio.flowgraphs.language.template import Template
from semradio.flowgraphs.plan import Location


class Endpoint(NamedTuple):
    """A port of a block of the plan; an empty port means the block's first."""

    block: str
    port: str


Ports = dict[str, tuple[Endpoint, ...]]
"""Ports by name, and what they stand for: an input of a hierarchical block may feed several."""


@dataclass(slots=True)
class Member:
    """One block of a file: a block of the plan, or a file used as a block."""

    name: str
    """Name inside its file, ``encoder[0]``."""
    full: str
    """Name in the plan, ``tx/encoder[0]``."""
    written: str
    """Name as the file has it, ``encoder[k]``."""
    location: Location
    inputs: Ports | None = None
    """None where only the made block knows its ports."""
    outputs: Ports | None = None
    broken: bool = False
    """Whether its type could not be found out; nothing more is said about such a block."""
    inner: Members | None = None

    def leaves(self) -> Iterator[Member]:
        """The blocks of the plan that this one stands for."""
        if self.inner is None:
            yield self
        else:
            for member in self.inner.by_name.values():
                yield from member.leaves()


@dataclass(slots=True)
class Members:
    """The blocks of one file."""

    by_name: dict[str, Member] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    """Names without brackets of blocks whose repetition has a problem."""

    def find(self, path: str) -> Member | None:
        """Return the block of a name or path such as ``tx/encoder``; None if there is none."""
        if path in self.by_name:
            return self.by_name[path]
        for name, member in self.by_name.items():
            if path.startswith(f"{name}/"):
                if member.inner is not None:
                    return member.inner.find(path[len(name) + 1 :])
                if member.broken:
                    return member
        if path.split("[", maxsplit=1)[0].split("/", maxsplit=1)[0] in self.hidden:
            return Member(path, path, path, Location("", 0, 0), broken=True)
        return None

    def unknown(self, path: str) -> str:
        """Return the message about a name that :meth:`find` did not find."""
        repeated = {Template.parse(m.written).base: m.written for m in self.by_name.values()}
        if path in repeated:
            return f"unknown block '{path}': it is repeated, write '{repeated[path]}'"
        names = list(dict.fromkeys([*self.by_name, *(m.written for m in self.by_name.values())]))
        if "/" in path:
            names += [f"{m.name}/{i}" for m in self.by_name.values() for i in _names(m.inner)]
        return f"unknown block '{path}'{nearest(path, names)}"

    def meant(self, path: str) -> Member | None:
        """Return the block whose name is nearest to an unknown one."""
        hint = nearest(path, self.by_name)
        return self.by_name[hint.split("'")[1]] if hint else None


def _names(members: Members | None) -> Iterator[str]:
    if members is not None:
        for member in members.by_name.values():
            yield member.name
            yield from (f"{member.name}/{name}" for name in _names(member.inner))
