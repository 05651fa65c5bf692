"""What ``semradio new`` makes works at once: its tests pass, its commands run, style is clean."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from semradio.blocks.errors import ParameterError
from semradio.flowgraphs.cli.new_command import KINDS as OFFERED
from semradio.flowgraphs.scaffold import KINDS, new_block, new_flowgraph, new_system


def python(*words: str, cwd: Path) -> str:
    """Run Python in a folder, which nothing else is on the path of; returns what it prints."""
    done = subprocess.run(
        [sys.executable, *words], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def semradio(*words: str, cwd: Path) -> str:
    return python("-m", "semradio", *words, cwd=cwd)


def test_kinds_are_those_that_the_command_offers() -> None:
    assert OFFERED == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_block_works(kind: str, tmp_path: Path) -> None:
    told = semradio("new", "block", "my_block", "--kind", kind, cwd=tmp_path)
    folder = tmp_path / "my_block"
    assert sorted(told.split("next:")[0].split()) == sorted(
        str(file.relative_to(tmp_path)) for file in folder.iterdir()
    )
    assert "1 passed" in python("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder)
    semradio("run", "try_my_block.yml", "--allow-code", "--quiet", "--in-process", cwd=folder)
    example = (
        "import my_block, sys\n"
        "from semradio.flowgraphs.cli.block_example import failures\n"
        "sys.exit(failures(my_block.MyBlock) or None)"
    )
    python("-c", example, cwd=folder)


def test_a_new_block_is_found_when_it_is_installed(tmp_path: Path) -> None:
    pytest.importorskip("setuptools")
    new_block("my_block", "sync", tmp_path)
    folder = tmp_path / "my_block"
    build = "import setuptools.build_meta as b, sys; b.prepare_metadata_for_build_wheel('.')"
    python("-c", build, cwd=folder)
    shutil.rmtree(folder / "build", ignore_errors=True)
    assert "my_block (stream; sync" in semradio("blocks", "my_block", cwd=folder)


def test_a_new_flowgraph_works(tmp_path: Path) -> None:
    semradio("new", "flowgraph", "my_link", cwd=tmp_path)
    folder = tmp_path / "my_link"
    assert "2 passed" in python("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder)
    semradio("check", "my_link.yml", cwd=folder)
    semradio("run", "my_link.yml", "snr_db=0", "--quiet", "--in-process", cwd=folder)


@pytest.mark.slow
def test_a_new_system_works(tmp_path: Path) -> None:
    semradio("new", "system", "my_relay", cwd=tmp_path)
    folder = tmp_path / "my_relay"
    told = python("-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", cwd=folder)
    assert "2 passed" in told or "could not import" in told


def test_a_new_system_checks_without_torch(tmp_path: Path) -> None:
    new_system("my_relay", tmp_path)
    folder = tmp_path / "my_relay"
    link = folder / "my_relay_system" / "link" / "my_relay_link.yml"
    semradio(
        "check",
        str(link),
        "relay.model=arn/alice",
        "source.data=" + str([[0.1] * 23] * 2),
        cwd=folder,
    )


@pytest.mark.parametrize("name", ["Limiter", "2fast", "soft-limiter", "soft__limiter", "class", ""])
def test_what_is_no_name(name: str, tmp_path: Path) -> None:
    for make in (lambda: new_block(name, "sync", tmp_path), lambda: new_flowgraph(name, tmp_path)):
        with pytest.raises(ParameterError, match="cannot name a"):
            make()
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="there is a block 'awgn_channel' already"):
        new_block("awgn_channel", "sync", tmp_path)
    with pytest.raises(ParameterError, match="there is a flowgraph 'arn_link' already"):
        new_flowgraph("arn_link", tmp_path)
    with pytest.raises(ParameterError, match="there is a recipe 'arn' already"):
        new_system("arn", tmp_path)
    with pytest.raises(ParameterError, match="there is a flowgraph 'keyed_link' already"):
        new_system("keyed", tmp_path)
    new_flowgraph("mine", tmp_path)
    with pytest.raises(ParameterError, match=re.escape(f"{tmp_path / 'mine'} exists")):
        new_flowgraph("mine", tmp_path)
    if os.geteuid():
        (tmp_path / "closed").mkdir(mode=0o500)
        with pytest.raises(ParameterError, match="cannot write"):
            new_flowgraph("mine", tmp_path / "closed")


@pytest.mark.parametrize("kind", KINDS)
def test_style(kind: str, tmp_path: Path) -> None:
    ruff = shutil.which(
        "ruff", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    if ruff is None:
        pytest.skip("needs ruff: pip install 'semradio[dev]'")
    new_block("my_block", kind, tmp_path)
    new_system("my_relay", tmp_path)
    options = ["--no-cache", str(tmp_path)]
    for check in (["check", *options], ["format", "--check", *options]):
        done = subprocess.run([ruff, *check], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
