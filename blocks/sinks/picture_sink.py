"""What all sinks that draw have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from semradio.blocks.api import ParameterError, SemradioError, Sink, parameter, state
from semradio.blocks.part_file import check_writable, whole
from semradio.blocks.sinks.picture import (
    FAINT,
    GRID,
    INK,
    look,
    require_matplotlib,
    save,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

FORMATS = (".png", ".svg")

_WIDTH, _EDGE, _TOP, _FOOT = 6.4, 0.25, 0.5, 0.55
"""In inches: of the picture, beside, above and below the axes."""


class PictureSink(Sink):
    """Base of sinks that draw one picture at the end of the stream: PNG or SVG by ``file``.

    The file appears complete or not at all. A file that cannot be written, and a missing
    matplotlib (``pip install "semradio[figures]"``), are errors at the start.
    """

    file: str = parameter(doc="Path of the picture, .png or .svg; an old one is replaced.")
    title: str = parameter("", doc="Heading; the name of the block if empty.")

    items: int = state(0, doc="Items so far.")
    written: bool = state(False, doc="Whether the picture was written.")

    height = 3.6
    """Of the axes, in inches."""

    def configure(self) -> None:
        self._path = Path(self.file).expanduser()
        if self._path.suffix.lower() not in FORMATS:
            raise ParameterError(
                f"parameter 'file' must end in {' or '.join(FORMATS)}, not '{self.file}'", "file"
            )

    def start(self) -> None:
        require_matplotlib()
        # Found out now, not after an hour of running.
        try:
            check_writable(self._path)
        except OSError as error:
            raise self._unwritable(error) from None

    def draw(self, picture: Picture, axes: Axes) -> None:
        """Draw what came; called where anything did."""
        raise NotImplementedError

    def flush(self) -> None:
        if not self.items:
            self.note(f"nothing came, so {self._path} was not written")
            return
        from matplotlib.figure import Figure

        with look():
            tall = _FOOT + self.height + _TOP
            picture = Figure(figsize=(_WIDTH, tall))
            left = 0.7
            box = (left, _FOOT, _WIDTH - left - _EDGE, self.height)
            axes = picture.add_axes(
                (box[0] / _WIDTH, box[1] / tall, box[2] / _WIDTH, box[3] / tall)
            )
            picture.text(
                left / _WIDTH,
                1 - 0.16 / tall,
                self.title or self.name,
                size=11,
                weight="bold",
                color=INK,
                va="top",
            )
            axes.grid(color=GRID, linewidth=0.7)
            axes.set_axisbelow(True)
            axes.spines[["top", "right"]].set_visible(False)
            self.draw(picture, axes)
            try:
                with whole(self._path) as part:
                    save(picture, part, self._path.suffix.lower()[1:])
            except OSError as error:
                raise self._unwritable(error) from None
        self.written = True

    def results(self) -> dict[str, Any]:
        return {"items": self.items, "file": str(self._path) if self.written else None}

    def _unwritable(self, error: OSError) -> SemradioError:
        return SemradioError(f"cannot write {self._path}: {error.strerror or error}")


def remark(axes: Axes, text: str) -> None:
    """Write a small text above the right end of the axes."""
    axes.text(1, 1.02, text, transform=axes.transAxes, ha="right", size=7.5, color=FAINT)


def unit_of(largest: float, unit: str) -> tuple[float, str]:
    """Return what to divide values by, and the unit they have then: ``(1e3, "kHz")``."""
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if largest >= factor:
            return factor, prefix + unit
    return 1.0, unit
