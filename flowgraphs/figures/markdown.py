"""A figure's averages as Markdown."""

from __future__ import annotations

from semradio.flowgraphs.figures.averages import Average, Averages
from semradio.flowgraphs.figures.declaration import Curve, Figure, Panel, X


def to_markdown(figure: Figure, known: Averages, caption: str) -> str:
    """Return a figure as tables.

    Panels of dots that share their values of x are one table with a row for each of these; of a
    panel of lines, each curve is a row.
    """
    groups: dict[tuple[X, ...], list[tuple[str, Panel]]] = {}
    parts = [f"# {figure.title}"]
    for letter, panel in figure.lettered.items():
        if panel.kind == "dots":
            groups.setdefault(panel.x, []).append((letter, panel))
    parts += [_by_x(panels, known) for panels in groups.values()]
    for letter, panel in figure.lettered.items():
        if panel.kind == "lines":
            parts.append(_by_curve(letter, panel, known))
    return "\n\n".join([*parts, caption]) + "\n"


def _by_x(panels: list[tuple[str, Panel]], known: Averages) -> str:
    curves = [(letter, panel, curve) for letter, panel in panels for curve in panel.curves]
    first = panels[0][1]
    heads = [first.x_label, *(_heading(panel, curve) for _, panel, curve in curves)]
    rows = [[first.shown(x), *(_cell(*curve, x, known) for curve in curves)] for x in first.x]
    return _table(heads, rows)


def _by_curve(letter: str, panel: Panel, known: Averages) -> str:
    heads = [f"{panel.title}: {panel.quantity_label}", *map(panel.shown, panel.x)]
    rows = [
        [curve.label, *(_cell(letter, panel, curve, x, known) for x in panel.x)]
        for curve in panel.curves
    ]
    return f"{_table(heads, rows)}\n\nColumns: {panel.x_label}."


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---", *(["---:"] * (len(heads) - 1))], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(letter: str, panel: Panel, curve: Curve, x: X, known: Averages) -> str:
    places = panel.places(curve)
    place = x if x in places else None
    return _shown(known[letter, curve.label, place], panel) if place in places else ""


def _heading(panel: Panel, curve: Curve) -> str:
    return (
        f"{panel.quantity_label}: {curve.label}" if len(panel.curves) > 1 else panel.quantity_label
    )


def _shown(average: Average, panel: Panel) -> str:
    text = panel.number(average.mean)
    return text if not average.half else f"{text} ± {panel.number(average.half)}"
