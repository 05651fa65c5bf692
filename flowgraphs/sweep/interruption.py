"""What the user ends a sweep with."""

from __future__ import annotations

from semradio.flowgraphs.sweep.table import Table


class SweepInterruptedError(KeyboardInterrupt):
    """The user has interrupted a sweep; ``table`` holds what is finished, ``left`` counts the rest.

    The same sweep goes on where this one stopped, if it had a file to write.
    """

    def __init__(self, table: Table, left: int) -> None:
        super().__init__(f"interrupted with {left} cells left")
        self.table = table
        self.left = left
