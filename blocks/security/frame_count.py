"""Which frame an item is, when items may have been lost on the way."""

from __future__ import annotations

from dataclasses import dataclass

FRAME = "keyed_frame"
"""Key of the tag that states the number of the frame on its item; no other block leaves it."""


@dataclass
class FrameCount:
    """Numbers of the frames on the items of a stream, by what its tags say.

    Items may be lost, with notice (the ``gap`` tag) or without, but come in order. The tags of lost
    items stand on the next one that is left, where a number may therefore be too low; on an item
    without a gap it is exact.
    """

    offset: int
    """Frame number minus item index, from the present item on."""
    lost: int = 0
    """Frames that are missing, as far as tags told."""
    resynchronised: int = 0
    """How often a number showed that the count was wrong."""
    doubtful: int = 0
    """Items between such a number and the last one before it that agreed."""
    heard: bool = False
    """Whether any number has come."""
    sure: bool = False
    """Whether an exact number has come since the key changed: from then on numbers only rise."""
    agreed: int = 0
    """Index of the latest item whose number was exact."""
    gap_at: int = -1
    """Index of the latest item after a gap."""
    gap: int = 0
    """Items lost there."""

    def number(self, index: int) -> int:
        """Return the number of the frame on item ``index``."""
        return index + self.offset

    def lose(self, index: int, count: int) -> None:
        """Take note that ``count`` items were lost before item ``index``."""
        self.gap = count + (self.gap if self.gap_at == index else 0)
        self.gap_at = index
        self.offset += count
        self.lost += count

    def renew(self) -> None:
        """Take note that the key has changed: its numbers may begin anywhere."""
        self.sure = False

    def announce(self, index: int, number: int) -> None:
        """Take note that item ``index``, or one lost right before it, is frame ``number``."""
        expected = self.number(index)
        gap = self.gap if self.gap_at == index else 0
        if not self.heard:
            # The sender states the number of its first item, so that is what the gap began with.
            found = number + gap
        elif gap or self.sure:
            found = max(expected, number)
        else:
            found = number
        self._settle(index, found, gap)

    def fall(self, index: int, number: int) -> None:
        """Take note that item ``index`` is frame ``number``, which was here before."""
        self.offset = number - index
        self.agreed = index

    def state(self, index: int, number: int) -> None:
        """Take note that item ``index`` is frame ``number``, by one who counts lost frames too.

        Unlike :meth:`announce`, the number is exact, and may fall, unless an edge has lost the item
        on which it stood: then the tag ``gap`` is there as well.
        """
        gap = self.gap if self.gap_at == index else 0
        self._settle(index, max(self.number(index), number) if gap else number, gap)

    def _settle(self, index: int, found: int, gap: int) -> None:
        """Go on counting from ``found``, and note what that says of the frames before."""
        expected = self.number(index)
        if self.heard and found != expected:
            self.resynchronised += 1
            self.lost += max(0, found - expected)
            self.doubtful += index - self.agreed if found > expected else 0
        self.offset = found - index
        self.heard = True
        if not gap:
            self.sure = True
            self.agreed = index
