"""Samples that a radio loses."""

from __future__ import annotations

from typing import Any

import numpy as np

from semradio.blocks.api import Array, Input, Output, StreamBlock, block, parameter, state
from semradio.blocks.api.tag import GAP
from semradio.blocks.channels.gap_plan import Gap, GapPlan


@block("random_gap", category="channels")
class RandomGap(StreamBlock):
    """Lose stretches of a stream at random places, as a radio whose host is too slow does.

    Kept stretches and gaps have exponential lengths. The first item after a gap carries the tag
    ``gap`` with the number lost; with ``tell: false`` nothing says that any is missing, as with a
    receiver that does not notice. Tags of lost items go to the first item after. Where the gaps
    lie is a function of seed and block name alone.

    Results:
        ``items``, those that came; ``lost``; ``gaps``.

    Example:
        >>> x = np.arange(1000, dtype=np.float32)
        >>> y = RandomGap(every=300, length=20, seed=1)(x)
        >>> len(y) < len(x)
        True
    """

    every: float = parameter(
        100_000.0, above=0, unit="items", doc="Mean length of what is kept between two gaps."
    )
    length: float = parameter(1000.0, low=1, unit="items", doc="Mean length of a gap.")
    tell: bool = parameter(True, doc="Whether the tag 'gap' tells of each loss.")
    seed: int = parameter(0, doc="Seed of the places.")

    x = Input("any[...]", doc="Any stream.")
    y = Output(like="x", doc="What is left of it.")

    items: int = state(0, doc="Items that came.")
    lost: int = state(0, doc="Items lost.")
    number: int = state(0, doc="Gaps that are over.")
    over: int = state(0, doc="Index at which the latest of them was over.")
    within: bool = state(False, doc="Whether the latest item lies in a gap that goes on.")
    recent: list[Gap] = state(factory=list, doc="Gaps that touch the latest items.")

    def start(self) -> None:
        self._plan = GapPlan(self.seed, self.name, self.every, self.length)

    def work(self, x: Array, at: int) -> Array:
        self.recent = []
        kept, here, end = [], at, at + len(x)
        while here < end:
            gap = self._plan.gap(self.number, self.over)
            if gap.begin > here:
                kept.append(x[here - at : gap.begin - at])
                here = min(gap.begin, end)
            if gap.begin >= end:
                break
            stretch = Gap(here, min(gap.end, end))
            self.recent.append(stretch)
            self.lost += stretch.end - stretch.begin
            here = stretch.end
            self.within = gap.end > end
            if self.within:
                break
            self.number, self.over = self.number + 1, gap.end
            if self.tell:
                self.tag(GAP, gap.end - gap.begin, gap.end - self.lost)
        self.items = end
        return np.concatenate([x[:0], *kept])

    def moved(self, index: int) -> int | None:
        # Of what is lost in the latest items, the part behind the index does not count yet.
        after = sum(max(0, gap.end - max(gap.begin, index)) for gap in self.recent)
        return index - (self.lost - after)

    def flush(self) -> None:
        if self.within:
            self.note("the stream ended within a gap")

    def results(self) -> dict[str, Any]:
        return {"items": self.items, "lost": self.lost, "gaps": self.number + self.within}

    so_far = results
