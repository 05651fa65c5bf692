"""The contributor's door: what its pages name exists, and the checks are those of CI."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import semradio

CHECKOUT = Path(__file__).parents[1]
PAGES = ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")

pytestmark = pytest.mark.skipif(
    not (CHECKOUT / "CONTRIBUTING.md").is_file(), reason="needs a checkout"
)


def text(name: str) -> str:
    return (CHECKOUT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_what_is_linked_exists(page: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)[^)]*\)", text(page)):
        if not target.startswith("http"):
            assert (CHECKOUT / target).exists(), target


def test_paths_that_are_named_exist() -> None:
    for path in re.findall(
        r"`((?:blocks|flowgraphs|tests|docs|\.ci|semradio)/[\w./]+)`", text("CONTRIBUTING.md")
    ):
        if not re.search(r"[A-Z]{3}", path):
            assert (CHECKOUT / path).exists(), path


def test_the_version_is_one() -> None:
    citation = YAML(typ="safe").load(text("CITATION.cff"))
    assert citation["version"] == semradio.__version__
    assert f"## {semradio.__version__}" in text("CHANGELOG.md")
    assert citation["cff-version"] == "1.2.0"
    assert {"title", "message", "authors"} <= citation.keys()


def test_hooks_are_what_ci_runs() -> None:
    config = YAML(typ="safe").load(text(".pre-commit-config.yaml"))
    entries = [hook["entry"] for repo in config["repos"] for hook in repo["hooks"]]
    ci = text(".ci/run")
    for command in ("ruff check .", "ruff format --check .", "-p semradio"):
        assert command in ci
        assert any(command in entry for entry in entries)


@pytest.mark.slow
def test_wheel_and_sdist(tmp_path: Path) -> None:
    pytest.importorskip("build", reason="needs build: pip install 'semradio[dev]'")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(CHECKOUT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,), (sdist,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    names = zipfile.ZipFile(wheel).namelist()
    assert not [n for n in names if n.startswith(("tests/", "docs/", "benchmarks/"))]
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    assert {"setup.cfg", "pyproject.toml", "README.md", "LICENSE"} <= packed
    # Other people's machines: the wheel holds what the sdist builds.
    target = tmp_path / "there"
    install = [
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-index",
        "--target",
        str(target),
        str(wheel),
    ]
    subprocess.run([sys.executable, *install], capture_output=True, check=True)
    run = [sys.executable, "-m", "semradio", "run", "fm_station", "seconds=0.05", "--in-process"]
    done = subprocess.run(
        run,
        cwd=tmp_path,
        env={"PYTHONPATH": str(target), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
