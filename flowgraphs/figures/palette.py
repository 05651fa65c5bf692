"""How curves look: told apart by colour, by marker and by line, so that grey prints will do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from semradio.blocks.sinks.picture import (
    BLACK,
    BLUE,
    FAINT,
    GREEN,
    GRID,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
)

Dash = Literal["-", "--", "-.", ":"]


@dataclass(frozen=True)
class Style:
    """Colour, marker and line; ``filled``: whether the marker is a full one."""

    colour: str
    marker: str
    line: Dash = "-"
    filled: bool = True


__all__ = [
    "BLACK",
    "BLUE",
    "FAINT",
    "GREEN",
    "GRID",
    "INK",
    "ORANGE",
    "PURPLE",
    "SKY",
    "VERMILION",
    "Dash",
    "Style",
]
