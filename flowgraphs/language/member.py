"""The blocks of one file after repetition, found by name, with the ports they show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from semradio.blocks.errors import nearest
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
    inputs: Ports = field(default_factory=dict)
    outputs: Ports = field(default_factory=dict)
    open_inputs: bool = False
    """Whether the made block may have other inputs than these, as a model's file says."""
    open_outputs: bool = False
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
                    return _nothing_more_to_say(path)
        base = path.split("[", maxsplit=1)[0].split("/", maxsplit=1)[0]
        return _nothing_more_to_say(path) if base in self.hidden else None

    def unknown(self, path: str) -> str:
        """Return the message about a name that :meth:`find` did not find."""
        for member in self.by_name.values():
            if member.written != path == Template.parse(member.written).base:
                return f"unknown block '{path}': it is repeated, write '{member.written}'"
        return f"unknown block '{path}'{nearest(path, self._candidates(path))}"

    def meant(self, path: str) -> list[Member]:
        """Return the blocks that an unknown name most likely stands for."""
        repeated = [
            m for m in self.by_name.values() if m.written != path == Template.parse(m.written).base
        ]
        candidates = self._candidates(path)
        hint = nearest(path, candidates)
        return repeated or (candidates[hint.split("'")[1]] if hint else [])

    def _candidates(self, path: str) -> dict[str, list[Member]]:
        """The names that may be meant: as repeated, as written, and inside files where asked."""
        found: dict[str, list[Member]] = {}
        for name, member in self.by_name.items():
            found.setdefault(name, []).append(member)
            if member.written != name:
                found.setdefault(member.written, []).append(member)
            if "/" in path and member.inner is not None:
                for inner, members in member.inner._candidates(path).items():
                    found.setdefault(f"{name}/{inner}", []).extend(members)
        return found


def _nothing_more_to_say(path: str) -> Member:
    return Member(path, path, path, Location("", 0, 0), broken=True)
