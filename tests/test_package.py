"""The package ``semradio``: its flat face, what type checkers read of it, and what is packaged."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import semradio
from semradio.blocks.api import registry

CHECKOUT = Path(__file__).parents[1]
PARTS = ("blocks", "flowgraphs", "export")


def python(*arguments: str, cwd: Path) -> str:
    """Run Python in a folder; returns what it prints."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_names_of_the_flat_face() -> None:
    from semradio import AwgnChannel, Flowgraph, Input, OnnxModel, Output, block, parameter

    assert AwgnChannel.block_type == "awgn_channel"
    assert OnnxModel.block_type == "onnx_model"
    assert Flowgraph.__module__ == "semradio.flowgraphs.flowgraph"
    assert all(callable(face) for face in (Input, Output, block, parameter))


def test_every_block_has_its_class_on_the_face() -> None:
    own = [name for name in registry.names() if name in registry._own()]
    assert own
    for name in own:
        cls = registry.find(name)
        assert getattr(semradio, cls.__name__) is cls
    assert len(set(registry.classes())) == len(own)
    assert set(registry.classes()) <= set(dir(semradio))


def test_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'AwgnChanel' .*'AwgnChannel'"):
        getattr(semradio, "AwgnChanel")  # noqa: B009
    with pytest.raises(ImportError):
        importlib.import_module("semradio.nothing")


def test_the_face_and_the_help_load_nothing_heavy(tmp_path: Path) -> None:
    heavy = "{'numpy', 'torch', 'onnxruntime', 'zmq', 'scipy'} & set(sys.modules)"
    for module in ("semradio", "semradio.flowgraphs.cli.main"):
        assert python("-c", f"import sys, {module}; print({heavy})", cwd=tmp_path) == "set()\n"


def test_as_a_program(tmp_path: Path) -> None:
    assert python("-m", "semradio", "--version", cwd=tmp_path).split()[-1] == semradio.__version__
    assert "run " in python("-m", "semradio", "--help", cwd=tmp_path)


def test_a_folder_of_that_name_beside_a_script_changes_nothing(tmp_path: Path) -> None:
    for folder in ("", *PARTS, "blocks/channels"):
        (tmp_path / "semradio" / folder).mkdir(exist_ok=True)
    (tmp_path / "semradio" / "blocks" / "channels" / "awgn_channel.py").write_text("1 / 0\n")
    (tmp_path / "script.py").write_text(
        "import semradio\n"
        "from semradio.blocks.channels.awgn_channel import AwgnChannel\n"
        "print(semradio.__file__, semradio.AwgnChannel is AwgnChannel)\n"
    )
    file, same = python("script.py", cwd=tmp_path).split()
    assert same == "True"
    assert not Path(file).is_relative_to(tmp_path)


def test_the_stub_is_what_the_command_prints() -> None:
    stub = CHECKOUT / "semradio" / "__init__.pyi"
    printed = python("-m", "semradio", "blocks", "--stub", cwd=CHECKOUT / "tests")
    assert stub.read_text(encoding="utf-8") == printed, (
        "semradio blocks --stub > semradio/__init__.pyi"
    )


@pytest.mark.slow
def test_type_checkers_resolve_imports_from_a_checkout(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "use.py").write_text(
        "from semradio import AwgnChannel, Flowgraph\n"
        "from semradio.blocks.api.tag import Tag\n"
        "channel: AwgnChannel = AwgnChannel(snr_db=3)\n"
        "link: Flowgraph = Tag(0, 'a', 1)\n"
    )
    # The project's options: what was found of other packages with them need not be found again.
    kept = os.environ.get("MYPY_CACHE_DIR", str(tmp_path / "cache"))
    options = ("--config-file", "pyproject.toml", "--cache-dir", kept)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(tmp_path / "use.py")],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert "4: error: Incompatible types" in lines[0]
    assert lines[1:] == ["Found 1 error in 1 file (checked 1 source file)"]


def test_every_file_of_a_package_is_packaged(tmp_path: Path) -> None:
    setuptools = pytest.importorskip("setuptools")
    if int(setuptools.__version__.split(".")[0]) < 77:
        pytest.skip("setuptools is older than what builds the package")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, tmp_path)
    skip = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
    for name in ("semradio", *PARTS):
        shutil.copytree(CHECKOUT / name, tmp_path / name, symlinks=True, ignore=skip)
    build = "import setuptools.build_meta as b; b.build_wheel('dist')"
    python("-c", build, cwd=tmp_path)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    packaged = {n for n in zipfile.ZipFile(wheel).namelist() if n.startswith("semradio/")}
    wanted = {
        f"semradio/{file.relative_to(tmp_path)}"
        for part in PARTS
        for file in (tmp_path / part).rglob("*.*")
        if file.is_file()
    }
    own = {"__init__.py", "__init__.pyi", "__main__.py", "py.typed"}
    assert packaged == wanted | {f"semradio/{name}" for name in own}
    assert {Path(name).suffix for name in packaged} >= {".yml", ".grc", ".onnx", ".py"}
