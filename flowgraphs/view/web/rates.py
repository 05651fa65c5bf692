"""How many frames a second a page is handed: as many as it takes, more or less."""

from __future__ import annotations

RATES = (8.0, 15.0, 30.0, 60.0, 120.0)
"""Frames a second; a page begins with the most.

Twice what a screen shows: what is drawn is then fresh, wherever in a period of the screen it came.
"""

LOOK_S = 1.0
"""Seconds between two looks at how many it takes."""

TOO_MANY = 0.7
"""Share of the frames that a page may leave out before it is handed fewer."""

FEW = 0.05
"""Share of the frames that a page may leave out and be handed more."""


class Rates:
    """The rate of one page."""

    def __init__(self) -> None:
        self._place = len(RATES) - 1
        self._frames = 0
        self._left_out = 0
        self._since = 0.0

    @property
    def per_s(self) -> float:
        """Frames a second that are asked for, of each port."""
        return RATES[self._place]

    def note(self, frames: int, left_out: int, now: float) -> bool:
        """Learn of frames that have come; returns whether the rate is another one from now on.

        Args:
            left_out: frames that the page was too slow for so far.
            now: in seconds, on any clock.
        """
        self._frames += frames
        if now - self._since < LOOK_S or not self._frames:
            return False
        share = (left_out - self._left_out) / self._frames
        self._frames, self._left_out, self._since = 0, left_out, now
        before = self._place
        if share > TOO_MANY:
            self._place = max(0, before - 1)
        elif share < FEW:
            self._place = min(len(RATES) - 1, before + 1)
        return self._place != before
