"""Sinks that measure a stream: as a whole, and each segment between two switches.

A switch is a tag of one key whose value differs from the one before, such as ``arn``, with which
Alice says whether she protects, or ``air.snr_db``, which a live change leaves.

They account for what a link has lost, too: the tag ``gap`` says how many items are missing before
its item, and ``filled`` how many items, its own the first, merely stand in for lost ones. Stand-ins
are measured by nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

from semradio.blocks.api import ParameterError, Sink, Tag, parameter, state
from semradio.blocks.api.tag import FILLED, GAP

MOST_SEGMENTS = 1000
"""Segments that are reported one by one; those after them are reported as one."""


class Measure(Protocol):
    """Sums over some items, which add up with those over the items that follow."""

    items: int

    def plus(self, other: Any) -> Any:
        """Return the measure of these items and those of ``other``, which follow them."""


M = TypeVar("M", bound=Measure)


@dataclass
class Segment(Generic[M]):
    """A stretch of the stream under one value of the tag."""

    first: int
    value: Any
    measure: M


@dataclass
class Parts(Generic[M]):
    """What was measured so far: the segments, the last of which is open."""

    segments: list[Segment[M]] = field(default_factory=list)
    rest: Segment[M] | None = None
    """All closed segments beyond :data:`MOST_SEGMENTS`."""
    merged: int = 0
    """How many those are."""
    value: Any = None
    """Value of the latest tag; None before the first."""
    due: bool = True
    """Whether the next item opens a segment."""


class SegmentedSink(Sink, Generic[M]):
    """Base of sinks that measure; :meth:`segment` gives ``work`` the measure to add to."""

    aligns: ClassVar[bool] = True

    segments: str | None = parameter(
        "arn",
        doc="Key of the tag whose change starts a new segment of the results, such as arn or "
        "air.snr_db; null: none.",
    )

    parts: Parts[M] = state(factory=Parts, doc="The segments so far.")
    missing: int = state(0, doc="Items that tags said are lost.")
    stand_ins_end: int = state(0, doc="Item with which those that stand in for lost ones are over.")

    totals_only: ClassVar[tuple[str, ...]] = ("items",)
    """Figures that a segment does not repeat."""

    def configure(self) -> None:
        if self.segments == "*":
            raise ParameterError("parameter 'segments' must be the key of one tag, not '*'")
        self.listens = (GAP, FILLED, self.segments) if self.segments else (GAP, FILLED)

    def on_tag(self, tag: Tag) -> None:
        # Either name may be taken by a tag of the user's; ours are whole numbers.
        if tag.key in (GAP, FILLED) and type(tag.value) is int and tag.value > 0:
            self.missing += tag.value
            if tag.key == FILLED:
                self.stand_ins_end = tag.index + tag.value
        if tag.key != self.segments:
            return
        parts = self.parts
        parts.value = tag.value
        parts.due = not parts.segments or _differ(parts.segments[-1].value, tag.value)

    # What a kind of measurement defines ----------------------------------------------------

    def blank(self) -> M:
        """Return the measure of no items."""
        raise NotImplementedError

    def completed(self, measure: M) -> M:
        """Return a measure together with items that the block holds back for it."""
        return measure

    def closed(self, measure: M) -> None:
        """Hear that a completed measure will grow no more."""

    def figures(self, measure: M) -> dict[str, Any]:
        """Return what is reported of a completed measure."""
        raise NotImplementedError

    def stand_ins(self, at: int, count: int) -> int:
        """Return how many of the items from ``at`` on stand in for lost ones: the first of them."""
        return min(count, max(0, self.stand_ins_end - at))

    # Segments ------------------------------------------------------------------------------

    def segment(self, at: int) -> M:
        """Return the measure that item ``at`` and those until the next tag belong to."""
        parts = self.parts
        if parts.due:
            self._close()
            parts.segments.append(Segment(at, parts.value, self.blank()))
            parts.due = False
        return parts.segments[-1].measure

    def _close(self) -> None:
        parts = self.parts
        if not parts.segments:
            return
        last = parts.segments[-1]
        last.measure = self.completed(last.measure)
        self.closed(last.measure)
        if len(parts.segments) > MOST_SEGMENTS:
            parts.segments.pop()
            parts.rest = _joined(parts.rest, last)
            parts.merged += 1

    def results(self) -> dict[str, Any]:
        parts = self.parts
        kept = [Segment(s.first, s.value, self.completed(s.measure)) for s in parts.segments[-1:]]
        kept = [*parts.segments[:-1], *kept]
        rest, merged = parts.rest, parts.merged
        if len(kept) > MOST_SEGMENTS:
            rest, merged = _joined(rest, kept.pop()), merged + 1
        total = self.blank()
        for part in [*kept, *([rest] if rest else [])]:
            total = total.plus(part.measure)
        found = self.figures(total)
        if self.missing:
            found["missing"] = self.missing
        if len(kept) > 1:
            # Results are written as JSON: bytes become base64.
            told = [self._told(s, {str(self.segments): msgspec.to_builtins(s.value)}) for s in kept]
            found["segments"] = told + ([self._told(rest, {"merged": merged})] if rest else [])
        return found

    def so_far(self) -> dict[str, Any]:
        """Return the figures of the present segment: since the last switch."""
        present = self.parts.segments[-1:]
        return self.figures(self.completed(present[0].measure)) if present else {}

    def _told(self, segment: Segment[M], about: dict[str, Any]) -> dict[str, Any]:
        figures = self.figures(segment.measure)
        return {
            "from": segment.first,
            "items": segment.measure.items,
            **about,
            **{key: value for key, value in figures.items() if key not in self.totals_only},
        }


def _joined(rest: Segment[M] | None, more: Segment[M]) -> Segment[M]:
    if rest is None:
        return more
    return Segment(rest.first, None, rest.measure.plus(more.measure))


def _differ(a: Any, b: Any) -> bool:
    return type(a) is not type(b) or bool(a != b)
