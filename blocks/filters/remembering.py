"""What blocks that remember samples do where some are lost."""

from __future__ import annotations

from typing import Literal

from semradio.blocks.api import Block, Tag, parameter
from semradio.blocks.api.tag import GAP, items_lost


class Remembering(Block):
    """Base of blocks whose outputs depend on the samples before: they begin anew at a ``gap``.

    What a delay line holds is from before the loss, and would be mixed with what is after it. A
    level that a block has found out (a gain, an estimate) is not of this kind: it stays.
    """

    listens = (GAP,)

    after_gap: Literal["restart", "continue"] = parameter(
        "restart",
        doc="What follows a tag ``gap``: a signal of its own, at its place in time; or what goes "
        "on as if nothing were missing.",
    )

    def on_tag(self, tag: Tag) -> None:
        lost = items_lost(tag)
        if lost and self.after_gap == "restart":
            self.restart(tag.index, lost)

    def restart(self, at: int, lost: int) -> None:
        """Forget the samples before item ``at``, ahead of which ``lost`` are missing."""
        raise NotImplementedError
