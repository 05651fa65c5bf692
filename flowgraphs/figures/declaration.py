"""What a figure is.

Panels of curves, each measured by a flowgraph over the values of x, or a sheet of pictures.

A figure is data. Which models must be trained, which flowgraphs are swept, how the table looks and
what is drawn follow from it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from semradio.flowgraphs.figures.palette import Style

X = float | str
"""A value on the x axis: a number, or the name of a category."""

Text = str | Mapping[Any, str]
"""Text that may depend on x: ``{x}`` in it stands for x, or it is looked up by x."""

AXES = ("figure", "panel", "curve", "x", "seed")
"""Columns that tell the rows of a figure's table apart."""


@dataclass(frozen=True)
class Curve:
    """One quantity over x: how it is measured, and how it is drawn.

    label : its name in the plot and in the table; unique within the panel
    variant : of the recipe, and the name of the models' folder, trained or in the zoo
    overrides : variables of the flowgraph
    at : the values of x at which it is measured; None: all of the panel. Empty: it does not
        depend on x, is measured once, and drawn as a level line
    """

    label: str
    style: Style
    variant: Text
    flowgraph: str
    overrides: Mapping[str, Text] = field(default_factory=dict)
    at: tuple[X, ...] | None = None


@dataclass(frozen=True)
class Reference:
    """A value that the paper states, or chance: drawn as a light mark.

    text : what it is
    value : on the axis of the quantity
    x : where on the x axis; None: everywhere, as a line
    bound : whether the value is an upper bound (drawn with an arrow downwards)
    """

    text: str
    value: float
    x: float | None = None
    bound: bool = False


@dataclass(frozen=True)
class Panel:
    """A pair of axes.

    quantity : the result that is drawn, ``BLOCK.KEY``; the mean of it over the replicas of a
        block, ``BLOCK[*].KEY``; or one of the figure's costs
    kind : ``lines`` over numbers; ``dots``, a row for each category
    spacing : of the values of x in ``lines``; ``even``: in their order, equally far apart
    names : how values of x are shown, where that is not as they are
    limits : of the quantity, wider where a value lies outside; None: as the data need
    digits : behind the point, where a value is written out
    """

    title: str
    quantity: str
    quantity_label: str
    x: tuple[X, ...]
    curves: tuple[Curve, ...]
    x_label: str = ""
    kind: Literal["lines", "dots"] = "lines"
    spacing: Literal["linear", "log", "even"] = "linear"
    names: Mapping[Any, str] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    limits: tuple[float, float] | None = None
    digits: int = 3

    def places(self, curve: Curve) -> tuple[X | None, ...]:
        """Return the values of x at which a curve is measured; None for one that has no x."""
        if curve.at is None:
            return self.x
        return curve.at or (None,)

    def shown(self, x: X) -> str:
        """Return a value of x as readers see it."""
        return self.names.get(x, as_text(x).replace("-", "−") if not isinstance(x, str) else x)

    def span(self, values: Iterable[float]) -> tuple[float, float] | None:
        """Return the limits of the quantity's axis for some values; None: as the data need."""
        if self.limits is None:
            return None
        all_of_it = [*self.limits, *values]
        return min(all_of_it), max(all_of_it)

    def number(self, value: float) -> str:
        """Return a value of the quantity as readers see it."""
        return f"{value:,.{self.digits}f}"


@dataclass(frozen=True, kw_only=True)
class Declared(ABC):
    """What ``semradio figure NAME`` makes.

    summary : one line for the list of figures
    recipe : the recipe that trains its models; None: it needs none, and its flowgraphs have no
        variable ``models``
    zoo : the family of shipped models that it is measured on, a folder for each variant; None:
        its models are trained, for several seeds
    note : what holds for all of it, for the caption
    chance : what is random in a run, for the caption
    settings : variables and parameters of all runs
    environment : variables of the environment while they run
    """

    name: str
    title: str
    summary: str
    recipe: str | None
    zoo: str | None = None
    note: str = ""
    chance: tuple[str, ...] = ("noise",)
    settings: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    @abstractmethod
    def variants(self) -> tuple[str, ...]:
        """The variants whose models it needs, in the order of their first use."""


@dataclass(frozen=True, kw_only=True)
class Figure(Declared):
    """Panels of curves.

    context : variables and results of each run that the table tells besides the value; the
        caption tells those called dataset (or datasets) and split
    costs : quantities that are measured on a folder of models, without a flowgraph; see
        :mod:`semradio.flowgraphs.figures.costs`
    as_table : whether to write a Markdown table beside the plot
    """

    panels: tuple[Panel, ...]
    context: tuple[str, ...]
    costs: Mapping[str, Callable[[Path], float]] = field(default_factory=dict)
    as_table: bool = False

    @property
    def lettered(self) -> dict[str, Panel]:
        """The panels by their letters, as the table names them."""
        return {chr(ord("a") + k): panel for k, panel in enumerate(self.panels)}

    @property
    def variants(self) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(
                resolved(curve.variant, x)
                for panel in self.panels
                for curve in panel.curves
                for x in panel.places(curve)
            )
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the figure's table.

        ``x`` is empty where a curve does not depend on it; ``training`` is ``full`` or ``quick``,
        or ``zoo`` for shipped models; ``images`` are those of each run, of each source.
        """
        measured = ("value", "quantity", "flowgraph", "variant", "training", "images")
        return (*AXES, *measured, *self.context)


@dataclass(frozen=True, kw_only=True)
class Examples(Declared):
    """A sheet of pictures: as sent, and as each row receives them.

    rows : what is run; their styles and values of x count for nothing
    users : a title for each sheet sink of the flowgraph, in the order of k
    sheet, source, quantity : with k in the place of ``{k}``, the sheet sink whose two streams are
        shown, the image source that has their labels, and the result that is written beside
    pictures : how many of the first pictures are shown; None: the first one of each class
    high : height of a picture on the sheet, with the gap below it, in inches
    digits : of the quantity, behind the point
    """

    rows: tuple[Curve, ...]
    users: tuple[str, ...]
    sheet: str = "pictures[{k}]"
    source: str = "source[{k}]"
    quantity: str = "quality[{k}].ssim_global"
    quantity_label: str = "SSIM"
    pictures: int | None = None
    high: float = 0.36
    digits: int = 3

    @property
    def variants(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(resolved(row.variant, None) for row in self.rows))


AnyFigure = Figure | Examples
"""What a module declares as its ``FIGURE``."""


def resolved(text: Text, x: X | None) -> str:
    """Return a text at a value of x."""
    if isinstance(text, str):
        return text if x is None else text.replace("{x}", as_text(x))
    return text[x]


def as_text(x: X) -> str:
    """Return a value of x in the shortest form: ``-10``, not ``-10.0``."""
    return x if isinstance(x, str) else f"{x:g}"
