"""How fast everything runs, worked out from how a run stood at two moments."""

from __future__ import annotations

from dataclasses import dataclass

from semradio.flowgraphs.runtime.watch import Status

NEVER_WAITS = 0.2
"""Share of its time that a process may wait at most and still be what the others wait for."""


_SOON_S = 0.01
"""Seconds between two looks that say nothing yet."""


@dataclass(frozen=True, slots=True)
class ProcessPace:
    """One process between two moments; shares of the time that passed."""

    name: str
    cpu: float
    """CPU time: 1.0 is one core."""
    waited: float
    """Time with nothing to do."""


@dataclass(frozen=True, slots=True)
class BlockPace:
    """One block between two moments."""

    name: str
    rate: float
    """Items a second: given, or taken where it gives none."""
    busy: float
    """Share of the time that it worked, estimated."""


@dataclass(frozen=True, slots=True)
class EdgePace:
    """One edge between two moments."""

    label: str
    rate: float
    """Items a second."""
    held: float
    """Share of the time that the sending process waited for room here."""
    starved: float
    """Share of the time that the receiving process waited for items from here."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A whole run between two moments."""

    seconds: float
    processes: dict[str, ProcessPace]
    blocks: dict[str, BlockPace]
    edges: dict[str, EdgePace]

    @property
    def held_back_by(self) -> str | None:
        """The process that the others wait for: it alone hardly waits; None where none does so.

        One process holds nobody back, and where all wait the pace is set from outside: by a clock,
        a radio, or processes elsewhere.
        """
        if len(self.processes) < 2 or self.seconds < _SOON_S:
            return None
        slowest = min(self.processes.values(), key=lambda process: process.waited)
        return slowest.name if slowest.waited <= NEVER_WAITS else None


def pace(before: Status, now: Status) -> Pace:
    """Return how fast a run went between two looks at it."""
    seconds = max(1e-9, now.elapsed_s - before.elapsed_s)
    processes = {p.name: p for p in before.processes}
    blocks = {b.name: b for b in before.blocks}
    edges = {e.label: e for e in before.edges}

    def share(earlier: float, later: float) -> float:
        return max(0.0, later - earlier) / seconds

    return Pace(
        seconds,
        {
            p.name: ProcessPace(
                p.name,
                share(processes[p.name].cpu_s, p.cpu_s),
                min(1.0, share(processes[p.name].waited_s, p.waited_s)),
            )
            for p in now.processes
            if p.name in processes
        },
        {
            b.name: BlockPace(
                b.name,
                share(blocks[b.name].items_out, b.items_out)
                or share(blocks[b.name].items_in, b.items_in),
                min(1.0, share(blocks[b.name].busy_s, b.busy_s)),
            )
            for b in now.blocks
            if b.name in blocks
        },
        {
            e.label: EdgePace(
                e.label,
                share(edges[e.label].received, e.received),
                min(1.0, share(edges[e.label].held_s, e.held_s)),
                min(1.0, share(edges[e.label].starved_s, e.starved_s)),
            )
            for e in now.edges
            if e.label in edges
        },
    )
