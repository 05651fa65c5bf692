"""The eavesdroppers of the ``intercept`` recipe."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Eve:
    """One eavesdropper; none is told a key."""

    summary: str
    keyed: bool
    """Whether she has learnt from symbols under a key."""
    pictures: bool
    """Whether she decodes the picture and reads that."""


EVES = MappingProxyType(
    {
        "eve": Eve("Reads symbols; learnt from the link without a key.", False, False),
        "reader": Eve(
            "Reads the picture that a copy of the receiver makes; learnt without a key.",
            False,
            True,
        ),
        "adaptive_eve": Eve(
            "Has reacted: reads symbols, and learnt from labelled ones under a key.", True, False
        ),
        "adaptive_reader": Eve(
            "Has reacted: reads what a copy of the receiver makes of symbols under a key, and "
            "learnt from such pictures with their labels.",
            True,
            True,
        ),
    }
)
"""The eavesdroppers by name, which is also the name of their model files."""
