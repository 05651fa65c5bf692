"""A panel of categories, a row for each, with a dot and an interval for each curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from semradio.flowgraphs.figures.averages import Averages, series
from semradio.flowgraphs.figures.declaration import Panel
from semradio.flowgraphs.figures.palette import FAINT, GRID, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_APART = 0.28
"""Distance of two curves within a row at most, in rows."""


def legend_columns(panel: Panel, width: float) -> int:
    """Return into how many columns the legend of a panel goes that is ``width`` inches wide."""
    entries = [0.4 + 0.06 * len(curve.label) for curve in panel.curves]
    return len(entries) if sum(entries) <= width else max(1, int(width / max(entries)))


def draw_dots(
    axes: Axes, letter: str, panel: Panel, known: Averages, left: float, columns: int
) -> None:
    """Draw a panel of the kind ``dots``.

    left : width of the names of the rows, in widths of the axes; 0: they are not written
    columns : of the legend
    """
    from matplotlib.patheffects import withStroke
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    halo = [withStroke(linewidth=2.5, foreground="white")]
    rows = {x: k for k, x in enumerate(panel.x)}
    # Room below the last row for the words at references, here or in the panel beside.
    bottom = len(rows) - 0.32
    for reference in panel.references:
        axes.axvline(reference.value, color=FAINT, linestyle=":", linewidth=0.9, zorder=1)
        axes.annotate(
            reference.text,
            (reference.value, bottom),
            xytext=(3, 3),
            textcoords="offset points",
            size=7.5,
            style="italic",
            color=FAINT,
        )
    apart = min(_APART, 0.84 / max(1, len(panel.curves)))
    beside = [curve for curve in panel.curves if curve.at != ()]
    handles = []
    means: list[float] = []
    for curve in panel.curves:
        style = curve.style
        places = panel.places(curve)
        values = series(known, letter, curve.label, places)
        means += [value.mean for value in values]
        if curve not in beside:
            mean, half = values[0].mean, values[0].half or 0.0
            axes.axvspan(mean - half, mean + half, color=style.colour, alpha=0.13, linewidth=0)
            handles.append(axes.axvline(mean, color=style.colour, linewidth=1.2, label=curve.label))
            continue
        shift = (beside.index(curve) - (len(beside) - 1) / 2) * apart
        y = [rows[x] + shift for x in places if x is not None]
        look: dict[str, Any] = {
            "color": style.colour,
            "marker": style.marker,
            "markersize": 5.5,
            "markerfacecolor": style.colour if style.filled else "white",
            "linestyle": "none",
        }
        mean_of = [value.mean for value in values]
        half_of = [value.half or 0.0 for value in values]
        axes.errorbar(
            mean_of, y, xerr=half_of, elinewidth=1.1, capsize=2.2, zorder=3, clip_on=False, **look
        )
        (handle,) = axes.plot([], [], label=curve.label, **look)
        handles.append(handle)
        for mean, half, at in zip(mean_of, half_of, y, strict=True):
            axes.annotate(
                panel.number(mean),
                (mean + half, at),
                xytext=(6, 0),
                textcoords="offset points",
                size=7,
                va="center",
                color=INK,
                zorder=5,
                path_effects=halo,
            )
    axes.set_ylim(bottom, -0.5)
    axes.set_yticks(range(len(rows)), [panel.shown(x) for x in rows] if left else [])
    span = panel.span(means)
    if span is not None:
        axes.set_xlim(span)
    else:
        axes.set_xlim(left=0.0)
        axes.set_xlim(right=1.12 * axes.get_xlim()[1])
        axes.xaxis.set_major_locator(MaxNLocator(4))
    if panel.digits == 0:
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_xlabel(panel.quantity_label)
    axes.grid(axis="x", color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    for k in range(1, len(rows)):
        axes.axhline(k - 0.5, color=GRID, linewidth=0.7, zorder=0)
    if len(handles) > 1:
        axes.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(-left, 1.0),
            ncols=columns,
            frameon=False,
            fontsize=8,
            borderpad=0.1,
            handletextpad=0.4,
            columnspacing=1.2,
        )
