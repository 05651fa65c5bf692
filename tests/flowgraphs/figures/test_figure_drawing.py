"""The picture: it shows the data, no text covers another, same data give the same bytes."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import matplotlib
import numpy as np
import pytest
from figure_data import made_up, made_up_sheet
from hypothesis import given
from matplotlib.backends.backend_agg import FigureCanvasAgg

from semradio.flowgraphs.arn.pair import STYLES
from semradio.flowgraphs.figures.averages import averages
from semradio.flowgraphs.figures.caption import caption
from semradio.flowgraphs.figures.catalogue import all_figures, figure_named
from semradio.flowgraphs.figures.declaration import AnyFigure, Examples, Figure
from semradio.flowgraphs.figures.drawing import draw
from semradio.flowgraphs.figures.gallery import draw_sheet
from semradio.flowgraphs.figures.saving import look, save
from semradio.flowgraphs.figures.spreading import spread

FIGURES = [figure for figure in all_figures().values() if isinstance(figure, Figure)]
EACH = pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)


def named(name: str) -> Figure:
    figure = figure_named(name)
    assert isinstance(figure, Figure)
    return figure


def examples() -> Examples:
    figure = figure_named("irsc-examples")
    assert isinstance(figure, Examples)
    return figure


def drawn(figure: AnyFigure, seeds: int = 3) -> Any:
    if isinstance(figure, Examples):
        with look():
            sheet = draw_sheet(figure, made_up_sheet(figure))
            FigureCanvasAgg(sheet).draw()
        return sheet
    table = made_up(figure, seeds)
    with look():
        picture = draw(figure, averages(figure, table), caption(figure, table))
        FigureCanvasAgg(picture).draw()
    return picture


def axes_of(picture: Any, letter: str) -> Any:
    (axes,) = [axes for axes in picture.axes if axes.get_label() == letter]
    return axes


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("arn-snr", "svg"),
        ("arn-networks", "svg"),
        ("arn-psr", "pdf"),
        ("arn-datasets", "png"),
        ("irsc-examples", "svg"),
    ],
)
def test_the_same_data_give_the_same_bytes(name: str, kind: str, tmp_path: Path) -> None:
    figure = figure_named(name)
    with look():
        save(drawn(figure), tmp_path / f"one.{kind}")
    # What the user has set elsewhere does not show.
    mine = {"font.size": 20, "svg.hashsalt": "x", "axes.facecolor": "red", "xtick.direction": "in"}
    with matplotlib.rc_context(mine):
        with look():
            save(drawn(figure), tmp_path / f"two.{kind}")
        assert matplotlib.rcParams["font.size"] == 20
    assert (tmp_path / f"one.{kind}").read_bytes() == (tmp_path / f"two.{kind}").read_bytes()


def test_an_svg_has_no_date(tmp_path: Path) -> None:
    with look():
        save(drawn(figure_named("arn-psr")), tmp_path / "x.svg")
    assert "<dc:date>" not in (tmp_path / "x.svg").read_text()


def test_curves_show_the_means_and_bands_the_intervals() -> None:
    figure = named("arn-snr")
    known = averages(figure, made_up(figure))
    axes = axes_of(drawn(figure), "b")
    style = STYLES["adaptive"]
    line, low, high = [
        line
        for line in axes.lines
        if line.get_color() == style.colour and len(line.get_xdata()) == len(figure.panels[1].x)
    ][::-1][:3]
    lines = sorted([line, low, high], key=lambda found: found.get_ydata()[0])
    points = [known["b", "white box, adaptive Eve", x] for x in figure.panels[1].x]
    for found, sign in zip(lines, (-1, 0, 1), strict=True):
        wanted = [p.mean + sign * (p.half or 0) for p in points]
        np.testing.assert_allclose(found.get_ydata(), wanted)
    assert lines[1].get_linestyle() == "--"
    assert lines[1].get_marker() == style.marker


def test_dots_show_the_means_and_the_intervals() -> None:
    figure = named("arn-datasets")
    known = averages(figure, made_up(figure))
    axes = axes_of(drawn(figure), "b")
    bars = {tuple(map(tuple, s)) for c in axes.collections for s in c.get_segments()}
    spans = sorted((round(a[0], 6), round(b[0], 6)) for a, b in bars)
    wanted = sorted(
        (round(a.mean - (a.half or 0), 6), round(a.mean + (a.half or 0), 6))
        for (panel, _, _), a in known.items()
        if panel == "b"
    )
    assert spans == wanted
    written = {text.get_text() for text in axes.texts}
    assert {f"{a.mean:.3f}" for (panel, _, _), a in known.items() if panel == "b"} <= written


def test_the_papers_words_are_marked() -> None:
    picture = drawn(figure_named("arn-psr"))
    first, second = axes_of(picture, "a"), axes_of(picture, "b")
    assert "paper: below 0.03" in {text.get_text() for text in first.texts}
    assert {"paper: about 0.4", "chance"} <= {text.get_text() for text in second.texts}
    marks = [(*line.get_xdata(), *line.get_ydata()) for line in first.lines + second.lines]
    assert (-5.0, 0.03) in marks
    assert (-10.0, 0.4) in marks


def test_values_outside_the_limits_are_on_the_axes() -> None:
    figure = named("irsc-snr")
    known = averages(figure, made_up(figure))
    lowest = min(average.mean for average in known.values())
    assert figure.panels[0].limits == (0.4, 1.0)
    assert axes_of(drawn(figure), "a").get_ylim() == (pytest.approx(lowest), 1.0)
    assert axes_of(drawn(named("irsc-users")), "a").get_ylim() == (0.4, 1.0)


def test_evenly_spaced_values_stand_in_their_order() -> None:
    figure = named("irsc-csi")
    axes = axes_of(drawn(figure), "b")
    assert list(axes.get_xticks()) == [0, 1, 2, 3, 4, 5]
    assert [t.get_text() for t in axes.get_xticklabels()] == [
        "1",
        "0.99",
        "0.95",
        "0.9",
        "0.7",
        "0",
    ]
    known = averages(figure, made_up(figure))
    wanted = [known["b", "IRSC CSIR", x].mean for x in figure.panels[1].x]
    assert wanted in [list(line.get_ydata()) for line in axes.lines]


def test_a_sheet_shows_the_pictures_and_the_values() -> None:
    sheet = made_up_sheet(examples())
    picture = drawn(examples())
    written = [text.get_text() for text in picture.texts]
    for axes, user in zip(picture.axes, sheet.users, strict=True):
        (image,) = axes.images
        tiles = image.get_array()
        assert tiles.shape == (30 * (1 + len(sheet.labels)), 30 * len(user.sent))
        np.testing.assert_array_equal(tiles[:28, 30:58], user.sent[1])
        np.testing.assert_array_equal(tiles[60:88, 270:298], user.received[1, 9])
        assert {f"{value:.3f}" for value in user.values} <= set(written)
    assert [text for text in written if text in sheet.labels] == list(sheet.labels)
    assert "mean over 10,000 images" in " ".join(" ".join(written).split())


def test_a_sheet_of_colour_pictures_keeps_their_shape() -> None:
    figure = figure_named("photo-examples")
    assert isinstance(figure, Examples)
    sheet, picture = made_up_sheet(figure), drawn(figure)
    ((axes,), (user,)) = picture.axes, sheet.users
    tiles = axes.images[0].get_array()
    assert tiles.shape == (26 * (1 + len(sheet.labels)), 38 * 4, 3)
    np.testing.assert_array_equal(tiles[52:76, 38:74], user.received[1, 1])
    box = axes.get_window_extent()
    assert box.width / box.height == pytest.approx(tiles.shape[1] / tiles.shape[0], rel=1e-6)
    assert {f"{value:.2f}" for value in user.values} <= {t.get_text() for t in picture.texts}


@pytest.mark.parametrize("figure", all_figures().values(), ids=lambda figure: figure.name)
def test_no_text_covers_another_or_leaves_the_picture(figure: AnyFigure) -> None:
    picture = drawn(figure)
    renderer = picture.canvas.get_renderer()
    texts = [*picture.texts, *(t for axes in picture.axes for t in axes.texts)]
    for axes in picture.axes:
        texts += [axes.xaxis.label, axes.yaxis.label]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = zip(axis.get_majorticklocs(), axis.get_ticklabels(), strict=True)
            texts += [label for place, label in ticks if low <= place <= high]
        if axes.get_legend():
            texts += axes.get_legend().get_texts()
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in texts if t.get_text()]
    for text, box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0, text
        assert box.x1 <= picture.bbox.x1 and box.y1 <= picture.bbox.y1, text
    covered = [
        f"'{one}' covers '{two}'"
        for (one, a), (two, b) in itertools.combinations(boxes, 2)
        if a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1
    ]
    assert covered == []


positions = st.lists(st.integers(-50, 150).map(lambda n: n / 100), max_size=12)


@given(positions, st.floats(0.0, 0.08))
def test_labels_are_spread(wanted: list[float], gap: float) -> None:
    placed = spread(wanted, gap)
    assert len(placed) == len(wanted)
    ordered = sorted(placed)
    assert all(b - a >= gap - 1e-9 for a, b in itertools.pairwise(ordered))
    assert all(-1e-9 <= y <= 1 + 1e-9 for y in placed)
    for (a, x), (b, y) in itertools.combinations(zip(wanted, placed, strict=True), 2):
        assert a == b or (y - x) * (b - a) >= -1e-9


def test_labels_move_no_further_than_they_must() -> None:
    assert spread([0.2, 0.8], 0.1) == [0.2, 0.8]
    assert spread([0.5, 0.5], 0.1) == pytest.approx([0.45, 0.55])
    assert spread([0.0, 0.0, 0.9], 0.1) == pytest.approx([0.0, 0.1, 0.9])
