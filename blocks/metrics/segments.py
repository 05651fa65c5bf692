"""Sinks that measure a stream: as a whole, and each segment between two switches.

A switch is a tag of one key whose value differs from the one before, such as ``arn``, with which
Alice says whether she protects, or ``air.snr_db``, which a live change leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

from semradio.blocks.api import ParameterError, Sink, Tag, parameter, state

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


class SegmentedSink(Sink, Generic[M]):
    """Base of sinks that measure; :meth:`segment` gives ``work`` the measure to add to."""

    segments: str | None = parameter(
        "arn",
        doc="Key of the tag whose change starts a new segment of the results, such as arn or "
        "air.snr_db; null: none.",
    )

    parts: Parts[M] = state(factory=Parts, doc="The segments so far.")

    totals_only: ClassVar[tuple[str, ...]] = ("items",)
    """Figures that a segment does not repeat."""

    def configure(self) -> None:
        if self.segments == "*":
            raise ParameterError("parameter 'segments' must be the key of one tag, not '*'")
        self.listens = (self.segments,) if self.segments else ()

    def on_tag(self, tag: Tag) -> None:
        self.parts.value = tag.value

    # What a kind of measurement defines ----------------------------------------------------

    def blank(self) -> M:
        """Return the measure of no items."""
        raise NotImplementedError

    def completed(self, measure: M) -> M:
        """Return a measure together with items that the block holds back for it."""
        return measure

    def figures(self, measure: M) -> dict[str, Any]:
        """Return what is reported of a completed measure."""
        raise NotImplementedError

    # Segments ------------------------------------------------------------------------------

    def segment(self, at: int) -> M:
        """Return the measure that item ``at`` and those until the next tag belong to."""
        parts = self.parts
        if not parts.segments or _differ(parts.segments[-1].value, parts.value):
            self._close()
            parts.segments.append(Segment(at, parts.value, self.blank()))
        return parts.segments[-1].measure

    def _close(self) -> None:
        parts = self.parts
        if not parts.segments:
            return
        last = parts.segments[-1]
        last.measure = self.completed(last.measure)
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
        if len(kept) > 1:
            told = [self._told(s, {str(self.segments): _plain(s.value)}) for s in kept]
            found["segments"] = told + ([self._told(rest, {"merged": merged})] if rest else [])
        return found

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


def _plain(value: Any) -> Any:
    """Bytes as base64: results are written as JSON."""
    return msgspec.to_builtins(value)
