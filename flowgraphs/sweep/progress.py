"""How far a sweep has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SweepProgress:
    """Cells of a sweep, counted.

    done : finished, those of earlier runs included. total : in the grid
    failed : failed ones, where the sweep keeps going; not among ``done``
    reused : finished in earlier runs. elapsed_s : seconds since the first cell began
    """

    done: int
    total: int
    failed: int
    reused: int
    elapsed_s: float

    @property
    def left(self) -> int:
        """Cells that are still to be run."""
        return self.total - self.done - self.failed

    @property
    def rate(self) -> float:
        """Cells per second of this run."""
        ran = self.done + self.failed - self.reused
        return ran / self.elapsed_s if self.elapsed_s > 0 else 0.0


OnPreparation = Callable[[int, int], None]
"""Called with the cells that are worked out and checked, and those of the grid, after each."""

OnSweepProgress = Callable[[SweepProgress], None]
"""Called when the sweep begins and after each cell."""
