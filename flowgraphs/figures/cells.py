"""The runs that a figure needs, and the sweeps that they make up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from semradio.flowgraphs.figures.declaration import Curve, Text, X, resolved

Setting = tuple[str, str]
"""Name of a variable and its value as in a file."""


@dataclass(frozen=True)
class Cell:
    """One run of a flowgraph, for each seed.

    variant : whose models it takes. fixed : variables that do not change with x
    moving : the variable that does; None if there is none
    """

    flowgraph: str
    variant: str
    fixed: tuple[Setting, ...]
    moving: Setting | None

    @classmethod
    def of(cls, curve: Curve, x: X | None) -> Cell:
        """Return the run that gives the value of a curve at x."""
        settings = {name: resolved(text, x) for name, text in curve.overrides.items()}
        moving = [name for name, text in curve.overrides.items() if _moves(text)]
        # Several variables that move together are no axis of a grid.
        name = moving[0] if len(moving) == 1 else None
        fixed = tuple(sorted(item for item in settings.items() if item[0] != name))
        return cls(
            curve.flowgraph,
            resolved(curve.variant, x),
            fixed,
            None if name is None else (name, settings[name]),
        )


@dataclass(frozen=True)
class Grid:
    """Runs that one sweep makes: each variant at each value of the moving variable."""

    flowgraph: str
    fixed: tuple[Setting, ...]
    variants: tuple[str, ...]
    moving: str | None
    values: tuple[str, ...]

    @property
    def cells(self) -> list[Cell]:
        """The runs, variant by variant."""
        settings = [(self.moving, value) for value in self.values] if self.moving else [None]
        return [
            Cell(self.flowgraph, variant, self.fixed, setting)
            for variant in self.variants
            for setting in settings
        ]

    @property
    def title(self) -> str:
        """What the sweep is, fit for a file name; not unique."""
        fixed = [f"{name}-{value}" for name, value in self.fixed]
        moving = [f"over-{self.moving}"] if self.moving else []
        return re.sub(r"[^\w.-]", "-", "_".join([self.flowgraph, *fixed, *moving]))


def grids(cells: Iterable[Cell]) -> list[Grid]:
    """Gather runs in as few sweeps as hold exactly these runs, each once."""
    values: dict[tuple[str, tuple[Setting, ...], str | None], dict[str, dict[str, None]]] = {}
    for cell in cells:
        name, value = cell.moving or (None, "")
        of_variant = values.setdefault((cell.flowgraph, cell.fixed, name), {})
        of_variant.setdefault(cell.variant, {})[value] = None
    return [
        Grid(flowgraph, fixed, tuple(variants), moving, along if moving else ())
        for (flowgraph, fixed, moving), of_variant in values.items()
        for along, variants in _alike(of_variant).items()
    ]


def _alike(of_variant: Mapping[str, Mapping[str, None]]) -> dict[tuple[str, ...], list[str]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for variant, along in of_variant.items():
        found.setdefault(tuple(along), []).append(variant)
    return found


def _moves(text: Text) -> bool:
    return not isinstance(text, str) or "{x}" in text
