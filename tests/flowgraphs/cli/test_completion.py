"""Completion: by a real bash, and by what zsh and fish are answered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import run

SHELLS = ("bash", "zsh", "fish")

PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

CASES = [
    ("semradio swe", "sweep"),
    ("semradio run arn_l", "arn_link"),
    ("semradio blocks awgn", "awgn_channel"),
    ("semradio models arn/al", "arn/alice"),
    ("semradio run arn_link snr", "snr_db="),
    ("semradio run arn_link eve_air.snr", "eve_air.snr_db="),
    ("semradio check arn_link alice.mod", "alice.model="),
    ("semradio run arn_link snr_db=5 prot", "protect="),
    ("semradio run arn_link snr_db=5 protect=f frames=9 eve_s", "eve_snr_db="),
    ("semradio train ar", "arn"),
    ("semradio new block x --ki", "--kind"),
    ("semradio new block x --kind str", "stream"),
]


def script(shell: str) -> str:
    done = run("completion", shell)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of somebody whose shell finds ``semradio``, the one that is tested."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "semradio"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m semradio "$@"\n')
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{PATH}"}


def completed(line: str, environment: dict[str, str], folder: Path) -> list[str]:
    """What bash has for the last word of a line, told as readline tells the function."""
    code = r"""
eval "$SCRIPT"
line="$1"
read -r -a COMP_WORDS <<< "${line//=/ = }"
[[ "$line" == *= ]] || [[ "$line" != *" " ]] || COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE="$line" COMP_POINT=${#line}
compopt() { printf '%s\n' "$*"; }
_semradio_completion semradio
printf '%s\n' "${COMPREPLY[@]}"
"""
    done = subprocess.run(
        ["bash", "--norc", "-c", code, "bash", line],
        env={**environment, "SCRIPT": script("bash")},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.parametrize(("line", "word"), CASES)
def test_bash(line: str, word: str, environment: dict[str, str], tmp_path: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("needs bash")
    assert word in completed(line, environment, tmp_path)


def test_values_in_bash(environment: dict[str, str], tmp_path: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("needs bash")
    both = ["true", "false"]
    assert completed("semradio run arn_link protect=", environment, tmp_path) == both
    assert completed("semradio run arn_link snr_db=5 protect=", environment, tmp_path) == both
    assert completed("semradio run arn_link snr_db=5 protect=t", environment, tmp_path) == ["true"]
    found = completed("semradio run arn_link alice.model=arn/al", environment, tmp_path)
    assert "arn/alice" in found


@pytest.mark.parametrize(
    ("line", "spaceless"),
    [("semradio run arn_link snr_", True), ("semradio run arn_link protect=t", False)],
)
def test_no_space_comes_between_a_name_and_its_value(
    line: str, spaceless: bool, environment: dict[str, str], tmp_path: Path
) -> None:
    if shutil.which("bash") is None:
        pytest.skip("needs bash")
    assert ("nospace" in completed(line, environment, tmp_path)) is spaceless
    assert "-S '' -- ${(M)completions:#*=}" in script("zsh")


def test_a_file_that_is_wrong_completes_nothing(
    environment: dict[str, str], tmp_path: Path
) -> None:
    if shutil.which("bash") is None:
        pytest.skip("needs bash")
    (tmp_path / "bad.yml").write_text("blocks: [")
    assert completed("semradio run bad.yml snr", environment, tmp_path) == []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("line", "word"), CASES[:4])
def test_what_shells_are_answered(
    shell: str, line: str, word: str, environment: dict[str, str]
) -> None:
    words = line.split()
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    if shell == "fish":
        asked["COMP_CWORD"] = words[-1]
    asked["_SEMRADIO_COMPLETE"] = f"{shell}_complete"
    done = run(environment={**environment, **asked})
    told = done.stdout.replace(",", "\n").replace("\t", "\n")
    assert word in told.split("\n"), done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_one_of_the_shell(shell: str) -> None:
    text = script(shell)
    assert "_SEMRADIO_COMPLETE" in text
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=text, text=True, check=True)
