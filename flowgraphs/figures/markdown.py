"""A figure's averages as Markdown."""

from __future__ import annotations

from semradio.flowgraphs.figures.averages import Average, Averages
from semradio.flowgraphs.figures.declaration import Curve, Figure, Panel, X


def to_markdown(figure: Figure, known: Averages, caption: str) -> str:
    """Return one table for all panels that share their values of x, a row for each of these."""
    groups: dict[tuple[X, ...], list[tuple[str, Panel]]] = {}
    for letter, panel in figure.lettered.items():
        groups.setdefault(panel.x, []).append((letter, panel))
    parts = [f"# {figure.title}", *(_table(panels, known) for panels in groups.values()), caption]
    return "\n\n".join(parts) + "\n"


def _table(panels: list[tuple[str, Panel]], known: Averages) -> str:
    curves = [(letter, panel, curve) for letter, panel in panels for curve in panel.curves]
    first = panels[0][1]
    rows = [[first.x_label, *(_heading(panel, curve) for _, panel, curve in curves)]]
    rows.append(["---", *(["---:"] * len(curves))])
    for x in first.x:
        cells = [first.shown(x)]
        for letter, panel, curve in curves:
            places = panel.places(curve)
            place = x if x in places else None
            shown = place in places
            cells.append(_shown(known[letter, curve.label, place], panel) if shown else "")
        rows.append(cells)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _heading(panel: Panel, curve: Curve) -> str:
    return (
        f"{panel.quantity_label}: {curve.label}" if len(panel.curves) > 1 else panel.quantity_label
    )


def _shown(average: Average, panel: Panel) -> str:
    text = panel.number(average.mean)
    return text if not average.half else f"{text} ± {panel.number(average.half)}"
