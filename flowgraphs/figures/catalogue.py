"""The figures by name: each module of this package that declares a ``FIGURE``."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from semradio.blocks.errors import ParameterError, nearest
from semradio.flowgraphs import figures
from semradio.flowgraphs.figures.declaration import AnyFigure


@cache
def all_figures() -> dict[str, AnyFigure]:
    """Return the figures by name, sorted."""
    found = {}
    for module in pkgutil.iter_modules(figures.__path__):
        figure = getattr(
            importlib.import_module(f"{figures.__name__}.{module.name}"), "FIGURE", None
        )
        if figure is not None:
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
