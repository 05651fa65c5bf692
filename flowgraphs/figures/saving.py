"""Writing a picture: PNG, SVG, PDF, the same bytes for the same data."""

from __future__ import annotations

from collections.abc import Sequence

from semradio.blocks.errors import ParameterError, nearest
from semradio.blocks.sinks.picture import UNDATED, look, require_matplotlib, save

FORMATS = tuple(UNDATED)


def check_formats(formats: Sequence[str]) -> None:
    """Raise ParameterError for a format that cannot be written."""
    for name in formats:
        if name not in FORMATS:
            raise ParameterError(
                f"no format '{name}'{nearest(name, FORMATS)}; formats: {', '.join(FORMATS)}"
            )


__all__ = ["FORMATS", "check_formats", "look", "require_matplotlib", "save"]
