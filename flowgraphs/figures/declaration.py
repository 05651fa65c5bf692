"""What a figure is: panels of curves, each measured by a flowgraph over the values of x.

A figure is data. Which models must be trained, which flowgraphs are swept, how the table looks and
what is drawn follow from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

X = float | str
"""A value on the x axis: a number, or the name of a category."""

Text = str | Mapping[Any, str]
"""Text that may depend on x: ``{x}`` in it stands for x, or it is looked up by x."""


@dataclass(frozen=True)
class Curve:
    """One quantity over x: how it is measured, and in which style it is drawn.

    label : its name in the plot and in the table; unique within the panel
    style : a key of :data:`semradio.flowgraphs.figures.palette.STYLES`
    variant : folder of the models within a study (see ``semradio.export.studies``)
    overrides : variables of the flowgraph
    at : the values of x at which it is measured; None: all of the panel. Empty: it does not
        depend on x, is measured once, and drawn as a level line
    """

    label: str
    style: str
    variant: Text = "white-10"
    flowgraph: str = "arn_link"
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

    quantity : the result that is drawn, ``BLOCK.KEY``, or a measure of
        :data:`semradio.flowgraphs.figures.costs.COSTS`
    kind : ``lines`` over numbers; ``dots``, a row for each category
    names : how values of x are shown, where that is not as they are
    limits : of the quantity; None: as the data need
    digits : behind the point, where a value is written out
    """

    title: str
    quantity: str
    quantity_label: str
    x: tuple[X, ...]
    curves: tuple[Curve, ...]
    x_label: str = ""
    kind: Literal["lines", "dots"] = "lines"
    log_x: bool = False
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

    def number(self, value: float) -> str:
        """Return a value of the quantity as readers see it."""
        return f"{value:,.{self.digits}f}"


@dataclass(frozen=True)
class Figure:
    """A figure: ``semradio figure NAME`` makes it.

    summary : one line for the list of figures
    recipe : the recipe that trains its models
    note : what holds for all panels, for the caption
    settings : variables and parameters of all runs; SSIM is left out because it takes most of the
        time and no figure shows it
    as_table : whether to write a Markdown table beside the plot
    """

    name: str
    title: str
    summary: str
    panels: tuple[Panel, ...]
    recipe: str = "arn"
    note: str = ""
    settings: Mapping[str, str] = field(default_factory=lambda: {"quality.ssim": "false"})
    as_table: bool = False

    @property
    def lettered(self) -> dict[str, Panel]:
        """The panels by their letters, as the table names them."""
        return {chr(ord("a") + k): panel for k, panel in enumerate(self.panels)}

    @property
    def variants(self) -> tuple[str, ...]:
        """The variants whose models the figure needs, in the order of their first use."""
        return tuple(
            dict.fromkeys(
                resolved(curve.variant, x)
                for panel in self.panels
                for curve in panel.curves
                for x in panel.places(curve)
            )
        )


def resolved(text: Text, x: X | None) -> str:
    """Return a text at a value of x."""
    if isinstance(text, str):
        return text if x is None else text.replace("{x}", as_text(x))
    return text[x]


def as_text(x: X) -> str:
    """Return a value of x in the shortest form: ``-10``, not ``-10.0``."""
    return x if isinstance(x, str) else f"{x:g}"
