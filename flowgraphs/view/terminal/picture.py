"""A picture of the screen of ``semradio top``, without a terminal."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path

from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.control.client import Control
from semradio.flowgraphs.view.terminal.app import Top

PATIENCE_S = 60.0

_LOOKS = 3
"""Looks at how the run stands, for rates."""

_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def take_picture(
    control: Control,
    file: Path,
    columns: int,
    rows: int,
    *,
    port: str | None = None,
    theme: str = "light",
    seconds: float = 8.0,
) -> None:
    """Write what the screen looks like after some seconds, as SVG.

    Args:
        port: of which items are shown; None for the first output that is worth it.
        theme: ``light`` or ``dark``.

    Raises:
        SemradioError: nothing came, or the file cannot be written.
    """
    drawn = asyncio.run(_drawn(Top(control, port), columns, rows, theme, seconds))
    try:
        # Fonts would be fetched from elsewhere; those of the reader do as well.
        file.write_text(_FONTS.sub("", drawn), encoding="utf-8")
    except OSError as error:
        raise SemradioError(f"cannot write {file}: {error.strerror}") from error


async def _drawn(app: Top, columns: int, rows: int, theme: str, seconds: float) -> str:
    async with app.run_test(size=(columns, rows)) as pilot:
        app.theme = f"textual-{theme}"
        deadline = time.monotonic() + PATIENCE_S
        while app.last is None or app.looks < _LOOKS:
            if time.monotonic() > deadline or app.return_value is not None:
                raise SemradioError(app.return_value or "nothing moves at the port that is shown")
            await pilot.pause(0.1)
        await pilot.pause(seconds)
        drawn = app.export_screenshot(title="semradio top")
        await app.action_quit()
    return drawn
