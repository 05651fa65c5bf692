"""How curves look: told apart by colour, by marker and by line, so that grey prints will do.

Colours: Okabe & Ito, "Color Universal Design", 2008, made for readers who do not see all colours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BLACK, BLUE, SKY = "#1a1a1a", "#0072b2", "#56b4e9"
GREEN, ORANGE, VERMILION, PURPLE = "#009e73", "#e69f00", "#d55e00", "#b0568c"

INK, FAINT, GRID = "#262626", "#767676", "#e4e4e4"
"""Colours of text, of what stays in the background, and of grid lines."""

Dash = Literal["-", "--", "-.", ":"]


@dataclass(frozen=True)
class Style:
    """Colour, marker and line; ``filled``: whether the marker is a full one."""

    colour: str
    marker: str
    line: Dash = "-"
    filled: bool = True


STYLES = {
    "plain": Style(BLACK, "s"),
    "bob": Style(SKY, "D"),
    "alice": Style(ORANGE, "v", "-.", filled=False),
    "halved": Style(PURPLE, "P", ":"),
    "white": Style(BLUE, "o"),
    "white_quiet": Style(BLUE, "o", "-.", filled=False),
    "white_fixed": Style(BLUE, "o", "--", filled=False),
    "black": Style(VERMILION, "^"),
    "black_quiet": Style(VERMILION, "^", "-.", filled=False),
    "black_fixed": Style(VERMILION, "^", "--", filled=False),
    "adaptive": Style(PURPLE, "X", "--"),
    "fgsm": Style(GREEN, "v"),
    "fgsm_off": Style(GREEN, "v", ":", filled=False),
    "keyed": Style(GREEN, "D"),
    # Links over the interference channel: solid lines are the paper's schemes.
    "bound": Style(BLACK, "s"),
    "csir": Style(BLUE, "o"),
    "csitr": Style(SKY, "s", filled=False),
    "csi_free": Style(VERMILION, "^"),
    "plugin_1": Style(GREEN, "D"),
    "plugin_2": Style(GREEN, "D", filled=False),
    "plugin_short": Style(GREEN, "v", ":", filled=False),
    "trained_1": Style(GREEN, "v", "--"),
    "trained_2": Style(GREEN, "v", "--", filled=False),
    "lmmse": Style(ORANGE, "P", "--", filled=False),
    "tdma": Style(PURPLE, "X", "-."),
    "csir_lmmse": Style(ORANGE, "P", "--"),
    "csir_single": Style(BLUE, "o", ":", filled=False),
    "csir_orthogonal": Style(BLUE, "o", "-.", filled=False),
    "csir_pilots": Style(BLUE, "D", "-."),
    "csir_lmmse_orthogonal": Style(ORANGE, "P", ":", filled=False),
    "csir_lmmse_pilots": Style(ORANGE, "X", "-."),
    "weights": Style(BLACK, "s"),
    "low_snr": Style(BLUE, "o"),
    "high_snr": Style(VERMILION, "^"),
    "csir_high_snr": Style(BLUE, "o", "--", filled=False),
    "csitr_high_snr": Style(SKY, "s", "--"),
}
"""The looks by what they stand for, the same in all figures."""
