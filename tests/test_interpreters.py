"""Every version of Python that the package claims, where an interpreter of it is found here."""

from __future__ import annotations

import configparser
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[1]

CLAIM = "Programming Language :: Python :: 3."

OUT_OF_REACH = (
    "No matching distribution found",
    "Failed to establish",
    "Name or service not known",
)
"""How pip says that an index has nothing for an interpreter, or is not to be reached."""

LINK = """
flowgraph: link
variables: {snr_db: 10.0}
blocks:
  source:  {block: signal_source, waveform: cosine, frequency: 0.01, type: float32, items: 2300}
  frames:  {block: stream_to_vector, length: 23}
  alice:   {block: arn_transmitter, model: arn/alice}
  air:     {block: awgn_channel, snr_db: "${snr_db}"}
  bob:     {block: arn_receiver, model: arn/bob}
  power:   {block: signal_power}
connections:
  - source -> frames -> alice -> air -> bob -> power
processes:
  one: [source, frames]
  two: [alice]
  three: [air]
  four: [bob, power]
"""


def setup() -> configparser.ConfigParser:
    """What the package says of itself."""
    found = configparser.ConfigParser()
    found.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    return found


def claimed() -> list[str]:
    """The versions that the package claims, but for the one that runs the tests."""
    lines = setup()["metadata"]["classifiers"].splitlines()
    numbers = [line.removeprefix(CLAIM) for line in lines if line.startswith(CLAIM)]
    return [f"3.{n}" for n in numbers if int(n) != sys.version_info.minor]


def interpreter(version: str) -> str | None:
    """Return an interpreter of a version: on the path, or one of pyenv's; None if there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(f"python{version}")]
    candidates += map(str, sorted(pyenv.glob(f"{version}.*/bin/python{version}")))
    for candidate in filter(None, candidates):
        # One of pyenv's shims is there for versions that it does not run.
        asked = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
        done = subprocess.run([candidate, "-c", asked], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() == version:
            return candidate
    return None


def environment_of(version: str, folder: Path) -> Path:
    """Make a virtual environment with what semradio needs; returns its interpreter."""
    found = interpreter(version)
    if found is None:
        pytest.skip(f"needs an interpreter python{version} on the path, or of pyenv")
    subprocess.run([found, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    needed = setup()["options"]["install_requires"].split("\n")
    options = ["-q", "--no-compile", "--only-binary", ":all:"]
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", *options]
    done = subprocess.run(
        [*pip, *filter(None, needed)], capture_output=True, text=True, check=False
    )
    if any(words in done.stderr for words in OUT_OF_REACH):
        pytest.skip(f"the packages that python{version} needs are not to be had here")
    assert done.returncode == 0, done.stderr
    return python


def describe(folder: Path) -> None:
    """Write what the installation here knows of semradio: its code is that of the checkout."""
    here = importlib.metadata.distribution("semradio")
    about = folder / f"semradio-{here.version}.dist-info"
    about.mkdir(parents=True)
    for name in ("METADATA", "entry_points.txt"):
        (about / name).write_text(here.read_text(name) or "", encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("version", claimed())
def test_a_version_of_python(version: str, tmp_path: Path) -> None:
    # Neither imported nor looked for: whoever does turns off what setuptools does to distutils.
    if not [*importlib.metadata.distributions(name="pip")]:
        pytest.skip("needs pip")
    python = environment_of(version, tmp_path / "venv")
    describe(tmp_path / "described")
    environment = {
        **os.environ,
        "PYTHONPATH": f"{CHECKOUT}{os.pathsep}{tmp_path / 'described'}",
        "PYTHONPYCACHEPREFIX": str(tmp_path / "cache"),
        "PYTHONWARNINGS": "default",
    }

    def run(*words: str) -> str:
        done = subprocess.run(
            [python, *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        ours = [line for line in done.stderr.splitlines() if str(CHECKOUT) in line]
        assert not [line for line in ours if "Warning" in line], done.stderr
        return done.stdout

    (tmp_path / "link.yml").write_text(LINK, encoding="utf-8")
    parts = [str(CHECKOUT / part) for part in ("semradio", "blocks", "flowgraphs", "export")]
    run("-W", "error", "-m", "compileall", "-q", *parts)
    # All blocks are loaded, and what is declared by annotations is read.
    stub = (CHECKOUT / "semradio" / "__init__.pyi").read_text(encoding="utf-8")
    assert run("-m", "semradio", "blocks", "--stub") == stub
    run("-m", "semradio", "doctor")
    ways: list[dict[str, Any]] = [
        json.loads(run("-m", "semradio", "run", "link.yml", "--quiet", "--json", "-", *way))
        for way in ((), ("--in-process",))
    ]
    assert ways[0]["results"] == ways[1]["results"]
    assert ways[0]["results"]["power"]["items"] == 100
    assert len(ways[0]["processes"]) == 4
    run("-m", "semradio", "sweep", "link.yml", "snr_db=0,10", "--jobs", "2", "--out", "link.csv")
    assert len((tmp_path / "link.csv").read_text(encoding="utf-8").splitlines()) == 3
