"""A new system is two folders and a page: nothing else has to know of it.

The example stands in ``example_system``. It is added to a copy of semradio, and made a package of
its own that names itself by entry points.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from docs_pages import RUN, Story, fences

import semradio

EXAMPLE = Path(__file__).with_name("example_system")

_SKIPPED = shutil.ignore_patterns("__pycache__", "zoo")


def inside(folder: Path) -> None:
    """Add the two folders to a copy of semradio."""
    copy = folder / "semradio"
    shutil.copytree(Path(semradio.__file__).parent, copy, ignore=_SKIPPED)
    shutil.copytree(EXAMPLE / "flowgraphs" / "relay", copy / "flowgraphs" / "relay")
    shutil.copytree(EXAMPLE / "recipes" / "relay", copy / "export" / "recipes" / "relay")


def beside(folder: Path) -> None:
    """Make a package of the two folders."""
    package, about = folder / "relay_system", folder / "relay_system-1.0.dist-info"
    shutil.copytree(EXAMPLE / "flowgraphs" / "relay", package / "link")
    shutil.copytree(EXAMPLE / "recipes" / "relay", package / "recipe")
    (package / "__init__.py").touch()
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: relay-system\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[semradio.systems]\nrelay = relay_system.link\n"
        "[semradio.recipes]\nrelay = relay_system.recipe\n"
    )


@pytest.fixture(params=[inside, beside], ids=lambda added: added.__name__)
def with_relay(
    request: pytest.FixtureRequest, tmp_path: Path, environment: dict[str, str]
) -> dict[str, str]:
    """The environment of somebody who has the system."""
    add: Callable[[Path], None] = request.param
    add(tmp_path / "place")
    path = os.pathsep.join([str(tmp_path / "place"), os.environ.get("PYTHONPATH", "")])
    return {**environment, "PYTHONPATH": path.rstrip(os.pathsep)}


def test_the_system_is_found(with_relay: dict[str, str], tmp_path: Path) -> None:
    code = (
        "from semradio.export.commands import describe\n"
        "from semradio.flowgraphs.figures.catalogue import all_figures\n"
        "from semradio.flowgraphs.gnuradio.first_values import first_values\n"
        "from semradio.flowgraphs.language import find\n"
        "print({'arn', 'relay'} <= describe().keys())\n"
        "print({'arn-snr', 'relay-gain'} <= all_figures().keys())\n"
        "print(first_values()['function'], find('relay_link').name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=with_relay,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "True",
        "True",
        "{'expression': 'x'} relay_link.yml",
    ], done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("with_relay", [inside], ids=["inside"], indirect=True)
def test_the_page_of_the_system_runs(with_relay: dict[str, str], tmp_path: Path) -> None:
    for package in ("torch", "onnx", "onnxscript", "matplotlib"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"needs {package}: pip install 'semradio[train,figures]'")
    (tmp_path / "run").mkdir()
    story = Story(tmp_path / "run", with_relay)
    with story.inside():
        for fence in fences(EXAMPLE / "relay.md"):
            assert fence.language in RUN
            story.run(fence)
    assert (tmp_path / "run" / "figures" / "relay-gain.svg").is_file()
