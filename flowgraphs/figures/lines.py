"""A panel of curves over numbers, with their names beside their ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from semradio.flowgraphs.figures.averages import Average, Averages, series
from semradio.flowgraphs.figures.declaration import Curve, Panel, Reference, X
from semradio.flowgraphs.figures.palette import FAINT, GRID, INK, Style
from semradio.flowgraphs.figures.spreading import spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LABEL_GAP = 0.185
"""Inches between two labels."""

_MARKER = 4.6

_EDGE: dict[str, Any] = {"linewidth": 0.5, "alpha": 0.45, "zorder": 2}
"""The border of an interval: bands that overlap can be told apart by it."""


@dataclass(frozen=True)
class _End:
    """Where a line ends on the quantity's axis, and what is written beside it.

    look : of the sample before the text. linked : whether a thin line leads to the end
    """

    text: str
    value: float
    look: dict[str, Any]
    linked: bool = True
    colour: str = INK


def draw_lines(
    axes: Axes, letter: str, panel: Panel, known: Averages, size: tuple[float, float]
) -> None:
    """Draw a panel of the kind ``lines`` into axes of ``size``, width and height in inches."""
    ends = [_draw_reference(axes, reference) for reference in panel.references]
    means: list[float] = []
    for curve in panel.curves:
        values = series(known, letter, curve.label, panel.places(curve))
        places = [_position(panel, x) for x in panel.places(curve) if x is not None]
        _draw_curve(axes, curve, places, values)
        means += [value.mean for value in values]
        look = _look(curve.style)
        ends.append(_End(curve.label, values[-1].mean, look if places else {**look, "marker": ""}))
    _dress(axes, panel, panel.span(means))
    _label(axes, ends, size)


def _position(panel: Panel, x: X) -> float:
    """Return where on the axis a value of x stands."""
    return float(panel.x.index(x)) if panel.spacing == "even" else float(x)


def _draw_curve(axes: Axes, curve: Curve, x: Sequence[float], values: Sequence[Average]) -> None:
    style = curve.style
    mean = [value.mean for value in values]
    low = [value.mean - (value.half or 0.0) for value in values]
    high = [value.mean + (value.half or 0.0) for value in values]
    band: dict[str, Any] = {"color": style.colour, "alpha": 0.12, "linewidth": 0, "zorder": 2}
    if not x:
        axes.axhspan(low[0], high[0], **band)
        axes.axhline(mean[0], color=style.colour, linestyle=style.line, linewidth=1.4, zorder=3)
        return
    axes.fill_between(x, low, high, **band)
    for edge in (low, high):
        axes.plot(x, edge, color=style.colour, linestyle=style.line, **_EDGE)
    axes.plot(x, mean, zorder=4, clip_on=False, **_look(style))


def _look(style: Style) -> dict[str, Any]:
    return {
        "color": style.colour,
        "linestyle": style.line,
        "linewidth": 1.4,
        "marker": style.marker,
        "markersize": _MARKER,
        "markerfacecolor": style.colour if style.filled else "white",
        "markeredgecolor": style.colour,
        "markeredgewidth": 0.9,
    }


def _draw_reference(axes: Axes, reference: Reference) -> _End:
    look: dict[str, Any] = {"color": FAINT, "linestyle": ":", "linewidth": 0.9}
    if reference.x is None:
        axes.axhline(reference.value, zorder=1, **look)
        return _End(reference.text, reference.value, look, colour=FAINT)
    look = {
        "color": FAINT,
        "linestyle": "none",
        "marker": "_" if reference.bound else "o",
        "markerfacecolor": "none",
        "markeredgewidth": 1.1,
    }
    axes.plot(reference.x, reference.value, markersize=14, zorder=1, **look)
    if reference.bound:
        axes.annotate(
            "",
            (reference.x, reference.value),
            xytext=(0, -14),
            textcoords="offset points",
            arrowprops={"arrowstyle": "<-", "color": FAINT, "shrinkA": 0, "shrinkB": 0},
        )
    return _End(
        reference.text, reference.value, {**look, "markersize": 8}, linked=False, colour=FAINT
    )


def _dress(axes: Axes, panel: Panel, span: tuple[float, float] | None) -> None:
    from matplotlib.ticker import NullLocator

    ticks = [_position(panel, x) for x in panel.x]
    shown = [panel.shown(x) for x in panel.x]
    if panel.spacing == "log":
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlim(ticks[0] / 1.35, ticks[-1] * 1.35)
    else:
        margin = 0.04 * (ticks[-1] - ticks[0])
        axes.set_xlim(ticks[0] - margin, ticks[-1] + margin)
    step = 2 if len(ticks) > 6 else 1
    axes.set_xticks(ticks[::step], shown[::step])
    if span is not None:
        axes.set_ylim(span)
    axes.set_xlabel(panel.x_label)
    axes.set_ylabel(panel.quantity_label)
    axes.grid(color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _label(axes: Axes, ends: Sequence[_End], size: tuple[float, float]) -> None:
    """Write the name of each line beside its end, with a sample and a link to the end."""
    to_axes = axes.transData + axes.transAxes.inverted()
    right = axes.get_xlim()[1]
    at = [float(to_axes.transform((right, end.value))[1]) for end in ends]
    width, height = size
    beside: dict[str, Any] = {"transform": axes.transAxes, "clip_on": False}
    inch = 1.0 / width
    for end, wanted, y in zip(ends, at, spread(at, _LABEL_GAP / height), strict=True):
        if end.linked:
            axes.plot(
                [1 + 0.02 * inch, 1 + 0.2 * inch],
                [wanted, y],
                color=end.look["color"],
                linewidth=0.6,
                alpha=0.6,
                **beside,
            )
        sample = [1 + 0.22 * inch, 1 + 0.385 * inch, 1 + 0.55 * inch]
        axes.plot(sample, [y, y, y], markevery=[1], **end.look, **beside)
        axes.text(
            1 + 0.62 * inch,
            y,
            end.text,
            size=8,
            va="center",
            color=end.colour,
            style="normal" if end.colour == INK else "italic",
            transform=axes.transAxes,
        )
