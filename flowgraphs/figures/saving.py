"""Writing a picture: PNG, SVG, PDF, the same bytes for the same data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semradio.blocks.errors import ParameterError, SemradioError, nearest

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

_UNDATED: dict[str, dict[str, Any]] = {
    "png": {},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "ModDate": None},
}
"""What each format is told, so that no file holds the time of its making."""

FORMATS = tuple(_UNDATED)

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


def check_formats(formats: Sequence[str]) -> None:
    """Raise ParameterError for a format that cannot be written."""
    for name in formats:
        if name not in FORMATS:
            raise ParameterError(
                f"no format '{name}'{nearest(name, FORMATS)}; formats: {', '.join(FORMATS)}"
            )


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


def save(picture: Picture, path: Path) -> None:
    """Write a picture in the format of the path's ending; within :func:`look`."""
    picture.savefig(path, metadata=_UNDATED[path.suffix[1:]])
