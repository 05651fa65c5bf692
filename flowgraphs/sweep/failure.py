"""What is wrong with a sweep."""

from __future__ import annotations

from semradio.blocks.errors import SemradioError


class SweepError(SemradioError):
    """A sweep cannot begin or go on; the text says what to do."""
