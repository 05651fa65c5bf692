"""The colours of a drawing; chosen to be told apart in print and by the colour-blind as well."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tint:
    """Colours of one kind of box: its area, its outline, and its title if it has one."""

    fill: str
    line: str
    text: str = ""


PAGE = Tint("#ffffff", "#dfe4ec")
TEXT, MUTED = "#1f2733", "#596577"
WIRE, CROSSING = "#3d4a5f", "#4659c4"

CATEGORIES = {
    "sources": Tint("#dff3e4", "#4f9d69"),
    "channels": Tint("#fdebcf", "#cf8f2e"),
    "phy": Tint("#f3ddf3", "#a05aa8"),
    "mimo": Tint("#fde3d3", "#c4683a"),
    "neural": Tint("#e9e2fb", "#8466cf"),
    "security": Tint("#f6e6d8", "#9a6a4a"),
    "stream": Tint("#e3e9f2", "#7287a6"),
    "metrics": Tint("#d8f0f4", "#3a97a8"),
    "radio": Tint("#f1f3cf", "#8d9631"),
    "gnuradio": Tint("#dfe7fd", "#5570c9"),
    "sinks": Tint("#fbe1e6", "#c95f78"),
}
"""By category of a block type."""

OTHER = Tint("#f1f1ef", "#8d8d86")
"""Of blocks whose category is not among these, or not known."""

PROCESSES = (
    Tint("#f5f8fd", "#b9c8e2", "#3a5488"),
    Tint("#fbf8f1", "#dccfae", "#7a6128"),
    Tint("#f4faf5", "#b5d6bf", "#2f6b45"),
    Tint("#fcf5f6", "#e3bfc7", "#8f3d50"),
    Tint("#f8f6fd", "#cdc2ea", "#5b479b"),
    Tint("#f2fafa", "#b0d5d8", "#27686f"),
)
"""Of the frames of processes, in turn."""


def tint_of(category: str) -> Tint:
    """Return the colours of a category."""
    return CATEGORIES.get(category, OTHER)
