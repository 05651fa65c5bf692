"""How wide text is drawn, roughly: nobody can tell which font a viewer has."""

from __future__ import annotations

import unicodedata

SANS = "Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif"
MONO = "SFMono-Regular, Menlo, Consolas, Liberation Mono, DejaVu Sans Mono, monospace"

_NARROW = frozenset(" !'(),./:;I[\\]`fijlrt{|}-")
_WIDE = frozenset("@MWmw%")
_NARROW_EM, _MIDDLE_EM, _CAPITAL_EM, _WIDE_EM, _MONO_EM = 0.34, 0.58, 0.72, 0.9, 0.61
_BOLD = 1.07


def width(text: str, size: float, *, bold: bool = False, mono: bool = False) -> float:
    """Return the width of a line of text; rather too much than too little."""
    ems = sum(_em(character, mono) for character in text)
    return ems * size * (_BOLD if bold else 1.0)


def fitted(text: str, size: float, room: float, *, bold: bool = False, mono: bool = False) -> str:
    """Return text that is no wider than ``room``, with an ellipsis where its end was cut off."""
    if width(text, size, bold=bold, mono=mono) <= room:
        return text
    while text and width(text + "…", size, bold=bold, mono=mono) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def _em(character: str, mono: bool) -> float:
    if unicodedata.east_asian_width(character) in ("W", "F"):
        return 1.05
    if mono:
        return _MONO_EM
    if character in _NARROW:
        return _NARROW_EM
    if character in _WIDE:
        return _WIDE_EM
    return _CAPITAL_EM if character.isupper() or character == "…" else _MIDDLE_EM
