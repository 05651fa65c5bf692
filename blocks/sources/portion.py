"""Which of the items that are held a source gives: parameters 'offset', 'length' and 'repeat'."""

from __future__ import annotations

from semradio.blocks.api import ParameterError


class Portion:
    """Items one after the other, given once or again and again.

    Attributes:
        items: how many they are, in one round.

    Args:
        held: items that are there. where: what holds them, such as ``file 'a.wav'``.
        offset: how many are left out before them. length: how many they are; None: up to the end.
        unit: what an item is called.

    Raises:
        ParameterError: there are not as many, or none to repeat.
    """

    def __init__(
        self,
        held: int,
        where: str,
        *,
        offset: int = 0,
        length: int | None = None,
        repeat: bool = False,
        unit: str = "item",
    ) -> None:
        left = held - offset
        self.items = left if length is None else length
        self._repeat = repeat
        if left < 0:
            raise ParameterError(
                f"parameter 'offset' is {offset}, but {where} holds only {held} {unit}s", "offset"
            )
        if self.items > left:
            raise ParameterError(
                f"parameter 'length' is {length}, but {where} holds only {left} {unit}s"
                + (f" from {unit} {offset} on" if offset else ""),
                "length",
            )
        if repeat and self.items == 0:
            raise ParameterError(
                f"parameter 'repeat': {where} gives no {unit}s to repeat", "repeat"
            )

    def piece(self, at: int, n: int) -> tuple[int, int]:
        """Return where item ``at`` of the stream stands among them, and how many of ``n`` do too.

        ``n`` at most: a piece ends with the round.
        """
        start = at % self.items if self._repeat else at
        return start, min(n, self.items - start)

    def ends(self, at: int, n: int) -> bool:
        """Whether the stream is over with the ``n`` items from ``at`` on."""
        return not self._repeat and at + n >= self.items
