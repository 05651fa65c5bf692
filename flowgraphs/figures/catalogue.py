"""The figures by name, as the systems declare them."""

from __future__ import annotations

from functools import cache

from semradio.blocks.errors import ParameterError, nearest
from semradio.flowgraphs.figures.declaration import AnyFigure
from semradio.flowgraphs.systems import figure_modules


@cache
def all_figures() -> dict[str, AnyFigure]:
    """Return the figures by name, sorted."""
    found: dict[str, AnyFigure] = {}
    for module in figure_modules():
        figure: AnyFigure = module.FIGURE
        found[figure.name] = figure
    return dict(sorted(found.items()))


def figure_named(name: str) -> AnyFigure:
    """Return a figure; ParameterError with the nearest name if there is none."""
    known = all_figures()
    if name not in known:
        raise ParameterError(
            f"no figure '{name}'{nearest(name, known)}; figures: {', '.join(known)}"
        )
    return known[name]
