"""Means and intervals, and tables that are none of the figure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from figure_data import made_up
from scipy import stats  # type: ignore[import-untyped]

from semradio.flowgraphs.figures.averages import averages, summary
from semradio.flowgraphs.figures.caption import caption
from semradio.flowgraphs.figures.catalogue import figure_named
from semradio.flowgraphs.figures.declaration import Figure
from semradio.flowgraphs.figures.markdown import to_markdown
from semradio.flowgraphs.sweep import SweepError, Table


def named(name: str) -> Figure:
    figure = figure_named(name)
    assert isinstance(figure, Figure)
    return figure


SNR, NETWORKS, LINKS = named("arn-snr"), named("arn-networks"), named("irsc-snr")


def test_intervals_are_students() -> None:
    table = made_up(SNR)
    values = [0.52, 0.55, 0.49]
    rows = [r for r in table.rows if (r["panel"], r["curve"], r["x"]) == ("b", "white box", 10.0)]
    for row, value in zip(rows, values, strict=True):
        row["value"] = value
    found = averages(SNR, table)["b", "white box", 10.0]
    low, high = stats.t.interval(0.95, 2, loc=0.52, scale=stats.sem(values))
    assert found.mean == pytest.approx(0.52)
    assert found.half == pytest.approx((high - low) / 2)
    assert found.seeds == 3
    (row,) = summary(SNR, averages(SNR, table)).select(panel="b", curve="white box", x=10.0).rows
    assert (row["mean"], row["ci95"], row["n"]) == (found.mean, found.half, 3)


def test_one_seed_has_no_interval() -> None:
    table = made_up(SNR, seeds=1)
    assert {average.half for average in averages(SNR, table).values()} == {None}
    assert "One seed" in caption(SNR, table)


def test_the_summary_has_each_point_once() -> None:
    table = made_up(SNR)
    assert len(summary(SNR, averages(SNR, table)).rows) * 3 == len(table.rows)


def test_tables_survive_the_file(tmp_path: Path) -> None:
    for figure in (SNR, NETWORKS, named("arn-psr")):
        table = made_up(figure)
        table.write(tmp_path / "table.csv")
        assert averages(figure, Table.read(tmp_path / "table.csv")) == averages(figure, table)


DATA = Path(__file__).parents[3] / "docs" / "figures"


def without(name: str) -> Callable[[Table], Any]:
    return lambda table: table.columns.remove(name)


def removed(table: Table) -> None:
    table.rows[:] = [row for row in table.rows if row["curve"] != "white box"]


def changed(**values: Any) -> Callable[[Table], Any]:
    return lambda table: table.rows[4].update(values)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without("value"), "no column value"),
        (removed, r"no row for curve 'white box' in panel \(b\) at 0.0"),
        (changed(curve="Bob"), r"row 6: the figure has no curve 'Bob' in panel \(a\)"),
        (changed(x=1), r"no curve 'no modules' in panel \(a\) at 1.0"),
        (changed(figure="arn-psr"), "a table of the figure 'arn-psr', not arn-snr"),
        (changed(value=None), r"'no modules' in panel \(a\) at 2.0: a value is no number"),
        (changed(value="much"), "a value is no number"),
        (changed(value=float("nan")), "a value is no number"),
    ],
)
def test_tables_of_something_else(spoil: Callable[[Table], Any], message: str) -> None:
    table = made_up(SNR)
    spoil(table)
    with pytest.raises(SweepError, match=rf"^data\.csv: .*{message}"):
        averages(SNR, table, Path("data.csv"))


def test_the_caption_tells_what_was_measured() -> None:
    table = made_up(SNR)
    assert caption(SNR, table) == (
        "MNIST, 10,000 held-out images; " + SNR.note + ". Mean and 95\u00a0% interval (Student's t)"
        " over 3 seeds of weights, batches and noise."
    )
    table.rows[0].update(training="quick")
    assert caption(SNR, table).startswith("Quick training")


def test_the_caption_tells_that_one_training_stands_behind_a_curve() -> None:
    start = "MNIST and Fashion-MNIST, 10,000 test images of each; " + LINKS.note
    assert caption(LINKS, made_up(LINKS, seeds=1)) == (
        f"{start}. One training stands behind each curve. One seed of channels and noise, so no "
        "intervals."
    )
    table = made_up(LINKS)
    assert caption(LINKS, table).endswith(
        "behind each curve. Mean and 95\u00a0% interval (Student's t) over 3 seeds of channels and "
        "noise."
    )
    for row in table.rows:
        row.update(training="full")
    assert caption(LINKS, table) == (
        f"{start}. Mean and 95\u00a0% interval (Student's t) over 3 seeds of weights, batches, "
        "channels and noise."
    )


@pytest.mark.parametrize("path", sorted(DATA.glob("arn-*.csv")), ids=lambda path: path.stem)
def test_the_committed_tables_can_be_read(path: Path) -> None:
    if not path.stem.endswith(".summary"):
        figure = named(path.stem)
        table = Table.read(path)
        assert table.columns == list(figure.columns)
        assert averages(figure, table)


def test_curves_are_rows_of_the_markdown_table() -> None:
    figure = named("irsc-csi")
    lines = to_markdown(figure, averages(figure, made_up(figure, seeds=1)), "").splitlines()
    start = lines.index(next(line for line in lines if line.startswith("| Outdated, at 15 dB")))
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start:]]
    assert cells[0][1:] == ["1", "0.99", "0.95", "0.9", "0.7", "0"]
    assert cells[2][:3] == ["CSIR, code and cancelling", "0.900", "0.880"]
    assert cells[6] == ["CSI-Free", *["0.500"] * 6]
    assert lines[start + 8] == f"Columns: {figure.panels[1].x_label}."


def test_the_markdown_table() -> None:
    text = to_markdown(NETWORKS, averages(NETWORKS, made_up(NETWORKS)), "The caption.")
    lines = text.splitlines()
    assert lines[0] == "# Networks of the modules"
    assert lines[2].split(" | ")[1:3] == ["accuracy: fixed Eve", "accuracy: adaptive Eve"]
    assert lines[4].split(" | ")[:3] == ["| mlp (the paper's)", "0.910 ± 0.025", "0.810 ± 0.025"]
    assert lines[7].split(" | ")[1] == "0.850 ± 0.025"
    assert lines[-1] == "The caption."


def test_a_level_line_stands_in_every_row_and_gaps_stay_empty() -> None:
    figure = named("arn-attackers")
    text = to_markdown(figure, averages(figure, made_up(figure)), "")
    rows = {
        cells[0]: cells[1:]
        for cells in ([c.strip() for c in line.strip("|").split("|")] for line in text.splitlines())
        if len(cells) == 5
    }
    assert {row[0] for name, row in rows.items() if name in figure.panels[0].names.values()} == {
        "0.910 ± 0.025"
    }
    assert rows["retrained"][3] != ""
    assert rows["tuned on 200 labelled frames"][3] == ""
