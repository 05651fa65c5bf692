"""The figures as declared: complete, and made of what flowgraphs and recipes have."""

from __future__ import annotations

import pytest

from semradio.blocks.errors import ParameterError
from semradio.export.recipes import recipe_named
from semradio.export.recipes.arn.attackers import ATTACKERS
from semradio.flowgraphs.figures.catalogue import all_figures, figure_named
from semradio.flowgraphs.figures.cells import Cell, grids
from semradio.flowgraphs.figures.costs import COSTS
from semradio.flowgraphs.figures.declaration import Curve, Figure
from semradio.flowgraphs.figures.palette import STYLES
from semradio.flowgraphs.flowgraph import Flowgraph

FIGURES = list(all_figures().values())
EACH = pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)

CURVES = {
    ("arn-snr", "a"): (
        "no modules",
        "Bob's module only",
        "Alice's of the pair, Bob off",
        "Alice's only",
        "paired, white box",
        "paired, black box",
    ),
    ("arn-snr", "b"): (
        "unprotected",
        "white box, adaptive Eve",
        "white box",
        "black box",
        "white box, noise-free Eve",
        "black box, noise-free Eve",
    ),
    ("arn-psr", "a"): (
        "no modules",
        "paired, white box",
        "paired, black box",
        "white box, Bob off",
        "FGSM, Bob off",
        "FGSM, Bob trained for it",
    ),
    ("arn-psr", "b"): (
        "unprotected",
        "white box, adaptive Eve",
        "white box",
        "black box",
        "white box, noise-free Eve",
        "black box, noise-free Eve",
        "FGSM, white box",
    ),
    ("arn-adaptive", "a"): (
        "unprotected",
        "white box",
        "black box",
        "white box, noise-free Eve",
        "black box, noise-free Eve",
        "FGSM, white box",
    ),
    ("arn-attackers", "a"): (
        "unprotected, fixed Eve",
        "PSR -10 dB",
        "PSR -5 dB",
        "keyed rotation",
    ),
    ("arn-networks", "a"): ("fixed Eve", "adaptive Eve"),
    ("arn-networks", "b"): ("Bob's MSE",),
    ("arn-networks", "c"): ("parameters",),
    ("arn-networks", "d"): ("µs per frame",),
}


def cells(figure: Figure) -> list[Cell]:
    return [
        Cell.of(curve, x)
        for panel in figure.panels
        if panel.quantity not in COSTS
        for curve in panel.curves
        for x in panel.places(curve)
    ]


def test_the_figures() -> None:
    assert list(all_figures()) == [
        "arn-adaptive",
        "arn-attackers",
        "arn-datasets",
        "arn-networks",
        "arn-psr",
        "arn-snr",
    ]
    with pytest.raises(ParameterError, match=r"no figure 'arn-sn' \(did you mean 'arn-snr'\?\)"):
        figure_named("arn-sn")


@pytest.mark.parametrize(("name", "letter"), CURVES)
def test_the_curves(name: str, letter: str) -> None:
    panel = figure_named(name).lettered[letter]
    assert tuple(curve.label for curve in panel.curves) == CURVES[name, letter]


def test_the_axes_of_the_papers_figures() -> None:
    for panel in figure_named("arn-snr").panels:
        assert panel.x == tuple(range(0, 21, 2))
    for panel in figure_named("arn-psr").panels:
        assert panel.x == (-20, -15, -10, -5)


def test_all_attackers_are_shown() -> None:
    first, second = figure_named("arn-attackers").panels
    shown = {*first.x, *(Cell.of(second.curves[1], x).moving[1] for x in second.x)}  # type: ignore[index]
    assert shown == {"eve", *ATTACKERS}


def test_the_variant_of_each_power() -> None:
    used = figure_named("arn-psr").variants
    for kind in ("white", "black", "quiet-white", "quiet-black", "fgsm"):
        wanted = {f"{kind}{psr}" for psr in (-20, -15, -10, -5)}
        assert {v for v in used if v.rstrip("-0125") == kind} == wanted


@EACH
def test_the_recipe_has_the_variants(figure: Figure) -> None:
    assert set(figure.variants) <= set(recipe_named(figure.recipe).variants())


@EACH
def test_the_models_are_trained(figure: Figure) -> None:
    for cell in cells(figure):
        settings = dict([*cell.fixed, *([cell.moving] if cell.moving else [])])
        config = recipe_named(figure.recipe).config(cell.variant, seed=0, quick=False)
        attacker = settings.get("attacker", "eve")
        assert attacker == "eve" or attacker in config.attackers
        assert config.has_alice or "alice.model" in settings
        assert config.has_bob or "bob.model" in settings


@EACH
def test_the_flowgraphs_have_the_variables(figure: Figure) -> None:
    for grid in grids(cells(figure)):
        settings = {**figure.settings, **dict(grid.fixed)}
        if grid.moving:
            settings[grid.moving] = grid.values[-1]
        for variable in ("models", "frames", "seed"):
            settings[variable] = "7"
        flowgraph = Flowgraph.load(grid.flowgraph, [f"{k}={v}" for k, v in settings.items()])
        assert flowgraph.plan.blocks["quality"].parameters["ssim"] is False
        assert flowgraph.plan.blocks["encoder"].parameters["model"] == "7/encoder"
        assert flowgraph.plan.blocks["source"].parameters["frames"] == 7


@EACH
def test_sweeps_hold_exactly_the_runs(figure: Figure) -> None:
    swept = [cell for grid in grids(cells(figure)) for cell in grid.cells]
    assert len(swept) == len(set(swept))
    assert set(swept) == set(cells(figure))


def test_runs_are_gathered_in_few_sweeps() -> None:
    assert len(grids(cells(figure_named("arn-snr")))) == 6


def test_uneven_runs_are_not_filled_up() -> None:
    runs = [
        Cell.of(Curve("", "", variant, overrides={"snr_db": "{x}"}), x)
        for variant, places in (("a", (0.0, 5.0)), ("b", (5.0,)), ("c", (0.0, 5.0)))
        for x in places
    ]
    found = grids(runs)
    assert [(grid.variants, grid.values) for grid in found] == [
        (("a", "c"), ("0", "5")),
        (("b",), ("5",)),
    ]


@EACH
def test_curves_can_be_told_apart(figure: Figure) -> None:
    for panel in figure.panels:
        looks = [STYLES[curve.style] for curve in panel.curves]
        labels = [curve.label for curve in panel.curves]
        assert len(set(labels)) == len(labels)
        # In grey, marker with filling and line must be enough.
        assert len({(s.marker, s.line, s.filled) for s in looks}) == len(looks)


@EACH
def test_the_eve_who_reacts_is_beside_the_fixed_one(figure: Figure) -> None:
    for panel in figure.panels:
        if panel.quantity == "leakage.accuracy":
            attackers = {
                dict([*c.fixed, *([c.moving] if c.moving else [])]).get("attacker", "eve")
                for curve in panel.curves
                for x in panel.places(curve)
                for c in [Cell.of(curve, x)]
            }
            assert {"eve", "adaptive_eve"} <= attackers
