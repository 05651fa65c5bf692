"""The figures as declared: complete, and made of what flowgraphs and recipes have."""

from __future__ import annotations

import pytest

from semradio.blocks.errors import ParameterError
from semradio.export.recipes import recipe_named
from semradio.export.recipes.arn.attackers import ATTACKERS
from semradio.flowgraphs.arn.pair import curve
from semradio.flowgraphs.figures.catalogue import all_figures, figure_named
from semradio.flowgraphs.figures.cells import Cell, grids
from semradio.flowgraphs.figures.declaration import AnyFigure, Examples, Figure
from semradio.flowgraphs.flowgraph import Flowgraph

FIGURES = [figure for figure in all_figures().values() if isinstance(figure, Figure)]
EACH = pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
PAIRS = [figure for figure in FIGURES if figure.recipe == "arn"]
LINKS = [figure for figure in FIGURES if figure.recipe == "irsc"]

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
    **dict.fromkeys(
        [("irsc-snr", "a"), ("irsc-snr", "b")],
        (
            "Interference-Free (bound)",
            "IRSC CSIR",
            "IRSC CSITR",
            "CSI-Free",
            "Semi-Conv. plug-in, d = 1",
            "Semi-Conv. plug-in, d = 1, short",
            "Semi-Conv. plug-in, d = 2",
            "Semi-Conv. trained, d = 1",
            "Semi-Conv. trained, d = 2",
            "LMMSE front end",
            "TDMA",
            "CSIR, code and cancelling",
        ),
    ),
    ("irsc-users", "a"): (
        "IRSC CSIR, 15 dB",
        "IRSC CSITR, 15 dB",
        "IRSC CSIR, 0 dB",
        "IRSC CSITR, 0 dB",
    ),
    ("irsc-seeds", "a"): ("0 dB", "20 dB"),
    ("over-the-air", "a"): (
        "noise alone",
        "carrier off by 2 %",
        "clock off by 100 ppm",
        "DC 20 dB down",
        "mirror image 30 dB down",
        "linewidth 1e-5",
        "linewidth 5e-5",
    ),
    ("over-the-air", "b"): (
        "-8 dB after 1.25 symbols",
        "-6 dB after 0.75 symbols",
        "all together",
    ),
    ("over-the-air", "c"): ("6 bits", "8 bits", "12 bits"),
    ("over-the-air", "d"): (
        "noise alone, no radio",
        "over the air",
        "with an echo and phase noise",
    ),
}


def cells(figure: Figure) -> list[Cell]:
    return [
        Cell.of(curve, x)
        for panel in figure.panels
        if panel.quantity not in figure.costs
        for curve in panel.curves
        for x in panel.places(curve)
    ]


def named(name: str) -> Figure:
    figure = figure_named(name)
    assert isinstance(figure, Figure)
    return figure


def settings_of(cell: Cell) -> dict[str, str]:
    return dict([*cell.fixed, *([cell.moving] if cell.moving else [])])


def test_the_figures() -> None:
    # Those of the two papers; a further system adds its own and is no business of this test.
    papers = [name for name in all_figures() if name.startswith(("arn-", "irsc-"))]
    assert papers == [
        "arn-adaptive",
        "arn-attackers",
        "arn-datasets",
        "arn-networks",
        "arn-psr",
        "arn-snr",
        "irsc-csi",
        "irsc-examples",
        "irsc-frontier",
        "irsc-seeds",
        "irsc-snr",
        "irsc-users",
    ]
    assert "over-the-air" in all_figures()
    with pytest.raises(ParameterError, match=r"no figure 'arn-sn' \(did you mean 'arn-snr'\?\)"):
        figure_named("arn-sn")


@pytest.mark.parametrize(("name", "letter"), CURVES)
def test_the_curves(name: str, letter: str) -> None:
    panel = named(name).lettered[letter]
    assert tuple(curve.label for curve in panel.curves) == CURVES[name, letter]


def test_the_axes_of_the_papers_figures() -> None:
    for panel in named("arn-snr").panels:
        assert panel.x == tuple(range(0, 21, 2))
    for panel in named("arn-psr").panels:
        assert panel.x == (-20, -15, -10, -5)


def test_all_attackers_are_shown() -> None:
    first, second = named("arn-attackers").panels
    shown = {*first.x, *(Cell.of(second.curves[1], x).moving[1] for x in second.x)}  # type: ignore[index]
    assert shown == {"eve", *ATTACKERS}


def test_the_variant_of_each_power() -> None:
    used = figure_named("arn-psr").variants
    for kind in ("white", "black", "quiet-white", "quiet-black", "fgsm"):
        wanted = {f"{kind}{psr}" for psr in (-20, -15, -10, -5)}
        assert {v for v in used if v.rstrip("-0125") == kind} == wanted


@pytest.mark.parametrize("figure", all_figures().values(), ids=lambda figure: figure.name)
def test_the_recipe_has_the_variants(figure: AnyFigure) -> None:
    if figure.recipe is None:
        assert figure.variants == ("",)
        return
    assert set(figure.variants) <= set(recipe_named(figure.recipe).variants())


@pytest.mark.parametrize("figure", PAIRS, ids=lambda figure: figure.name)
def test_the_models_of_pairs_are_trained(figure: Figure) -> None:
    for cell in cells(figure):
        settings = settings_of(cell)
        config = recipe_named(figure.recipe).config(cell.variant, seed=0, quick=False)
        attacker = settings.get("attacker", "eve")
        assert attacker == "eve" or attacker in config.attackers
        assert config.has_alice or "alice.model" in settings
        assert config.has_bob or "bob.model" in settings


@EACH
def test_the_flowgraphs_have_the_variables(figure: Figure) -> None:
    if figure.recipe is None:
        for grid in grids(cells(figure)):
            given = {**figure.settings, **dict(grid.fixed), "frames": "7", "seed": "7"}
            if grid.moving:
                given[grid.moving] = grid.values[-1]
            Flowgraph.load(grid.flowgraph, [f"{k}={v}" for k, v in given.items()])
        return
    source, encoder, quality = {
        "arn": ("source", "encoder", "quality"),
        "irsc": ("source[0]", "tx[0]/encoder", "quality[0]"),
        "intercept": ("source", "eve", "quality"),
    }[figure.recipe]
    models = {"arn": "7/encoder", "irsc": "7/transmitter_1", "intercept": "7/{attacker}"}
    model = models[figure.recipe]
    for grid in grids(cells(figure)):
        settings = {**figure.settings, **dict(grid.fixed)}
        if grid.moving:
            settings[grid.moving] = grid.values[-1]
        for variable in ("models", "frames", "seed"):
            settings[variable] = "7"
        flowgraph = Flowgraph.load(grid.flowgraph, [f"{k}={v}" for k, v in settings.items()])
        blocks = flowgraph.plan.blocks
        assert blocks[quality].parameters.get("ssim", True) is (figure.recipe == "irsc")
        assert blocks[encoder].parameters["model"] == model.format(**settings)
        assert blocks[source].parameters["frames"] == 7
        variables = {name for name in figure.context if "." not in name}
        if grid.flowgraph in ("arn_link", "irsc_link"):
            assert variables <= set(flowgraph.plan.variables)


@pytest.mark.parametrize("figure", LINKS, ids=lambda figure: figure.name)
def test_models_fit_the_schemes_that_they_run_in(figure: Figure) -> None:
    for cell in cells(figure):
        settings = settings_of(cell)
        config = recipe_named("irsc").config(cell.variant, seed=0, quick=False)
        scheme, streams = settings["scheme"], config.streams  # type: ignore[attr-defined]
        trained = {"semi_trained": f"semi_trained_{streams}"}.get(config.scheme, config.scheme)
        if scheme.startswith("semi_plugin"):
            assert trained == "interference_free"
            assert scheme.removesuffix("_short") == f"semi_plugin_{streams}"
        else:
            assert trained == scheme
        assert str(config.users) == settings.get("users", "2")
        if "users" in settings:
            assert config.datasets == ("mnist",) and settings["datasets"] == "[mnist]"
        if config.csi != "perfect":
            assert settings["csi"] == config.csi


@pytest.mark.parametrize("figure", LINKS, ids=lambda figure: figure.name)
def test_every_plot_of_links_defines_the_snr_and_has_the_floor(figure: Figure) -> None:
    assert "SNR = P/σ² per receive antenna" in figure.note
    for panel in figure.panels:
        moving = {cell.moving[0] for cell in cells(figure) if cell.moving}
        assert panel.x != (-5, 0, 5, 10, 15, 20) or "SNR = P/σ² per receive" in panel.x_label
        assert moving <= {"snr_db", "rho", "users", "scheme"}
        if panel.quantity in figure.costs:
            continue
        (floor,) = panel.references
        assert floor.text == "mean image" and 0.44 < floor.value < 0.47


@pytest.mark.parametrize("figure", LINKS, ids=lambda figure: figure.name)
def test_tables_of_links_have_all_measures_of_all_users(figure: Figure) -> None:
    users = max(int(settings_of(cell).get("users", "2")) for cell in cells(figure))
    for k in range(users):
        for measure in ("ssim_global", "ssim_gauss11", "psnr_db", "mse"):
            assert f"quality[{k}].{measure}" in figure.columns


def test_the_grid_of_the_interference_figures() -> None:
    for panel in named("irsc-snr").panels:
        assert panel.x == (-5, 0, 5, 10, 15, 20)
    assert named("irsc-users").panels[0].x == (1, 2, 3, 5)
    assert named("irsc-csi").panels[1].x == (1, 0.99, 0.95, 0.9, 0.7, 0)
    snr = {settings_of(cell).get("snr_db") for cell in cells(named("irsc-seeds"))}
    assert snr == {"0", "20"}
    assert named("irsc-seeds").zoo is None


def test_the_examples_show_every_scheme_of_the_figure_over_the_snr() -> None:
    examples = figure_named("irsc-examples")
    assert isinstance(examples, Examples)
    shown = [row.label for row in examples.rows]
    assert shown == [curve.label for curve in named("irsc-snr").panels[0].curves]
    assert {Cell.of(row, None).fixed[1] for row in examples.rows} == {("snr_db", "0")}
    assert "SNR = P/σ² per receive antenna" in examples.note


@EACH
def test_sweeps_hold_exactly_the_runs(figure: Figure) -> None:
    swept = [cell for grid in grids(cells(figure)) for cell in grid.cells]
    assert len(swept) == len(set(swept))
    assert set(swept) == set(cells(figure))


def test_runs_are_gathered_in_few_sweeps() -> None:
    assert len(grids(cells(named("arn-snr")))) == 6


def test_uneven_runs_are_not_filled_up() -> None:
    runs = [
        Cell.of(curve("", "white", variant, overrides={"snr_db": "{x}"}), x)
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
        looks = [curve.style for curve in panel.curves]
        labels = [curve.label for curve in panel.curves]
        assert len(set(labels)) == len(labels)
        # In grey, marker with filling and line must be enough.
        assert len({(s.marker, s.line, s.filled) for s in looks}) == len(looks)


@EACH
def test_the_eve_who_reacts_is_beside_the_fixed_one(figure: Figure) -> None:
    for panel in figure.panels:
        if panel.quantity == "leakage.accuracy":
            attackers = {
                settings_of(Cell.of(curve, x)).get("attacker", "eve")
                for curve in panel.curves
                for x in panel.places(curve)
            }
            assert {"eve", "adaptive_eve"} <= attackers
