"""Pictures that sinks draw, PNG or SVG: one look, and the same bytes for the same data.

matplotlib is an optional extra and imported when a picture is drawn; none of its global state is
touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semradio.blocks.errors import SemradioError

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

UNDATED: dict[str, dict[str, Any]] = {
    "png": {},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "ModDate": None},
}
"""What each format is told, so that no file holds the time of its making."""

BLACK, BLUE, SKY = "#1a1a1a", "#0072b2", "#56b4e9"
GREEN, ORANGE, VERMILION, PURPLE = "#009e73", "#e69f00", "#d55e00", "#b0568c"
"""Okabe & Ito, "Color Universal Design", 2008: for readers who do not see all colours."""

INK, FAINT, GRID = "#262626", "#767676", "#e4e4e4"
"""Colours of text, of what stays in the background, and of grid lines."""

_LOOK = {
    "font.size": 8.5,
    "axes.edgecolor": "#8a8a8a",
    "axes.labelcolor": "#262626",
    "xtick.color": "#8a8a8a",
    "ytick.color": "#8a8a8a",
    "xtick.labelcolor": "#262626",
    "ytick.labelcolor": "#262626",
    "savefig.dpi": 200,
    # Names of the parts of an SVG are drawn from this instead of from chance.
    "svg.hashsalt": "semradio",
}


def require_matplotlib() -> None:
    """Raise SemradioError where matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise SemradioError('figures need matplotlib: pip install "semradio[figures]"') from None


@contextmanager
def look() -> Iterator[None]:
    """Draw and save with this project's look, whatever the user's matplotlibrc says."""
    import matplotlib.style

    with matplotlib.style.context(["default", _LOOK]):
        yield


def save(picture: Picture, path: Path, form: str | None = None) -> None:
    """Write a picture in a format, by default that of the path's ending; within :func:`look`."""
    kind = form or path.suffix[1:]
    picture.savefig(path, metadata=UNDATED[kind], format=kind)
