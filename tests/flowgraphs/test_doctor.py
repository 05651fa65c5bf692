"""``semradio doctor``: it finds what is missing, and says what to do."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from semradio.flowgraphs import doctor


def found(monkeypatch: pytest.MonkeyPatch) -> dict[str, doctor.Finding]:
    monkeypatch.setattr(doctor, "_gnuradio", lambda: doctor.Finding("GNU Radio", "absent", ""))
    return {finding.what: finding for finding in doctor.examine()}


def test_a_machine_on_which_the_tests_run_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    findings = found(monkeypatch)
    assert not [f for f in findings.values() if f.state == "bad"]
    assert findings["numpy"].told == importlib.metadata.version("numpy")
    assert "CPU" in findings["providers"].told
    assert all(f.advice for f in findings.values() if f.state == "absent" and f.told)


def test_data_sets_are_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEMRADIO_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    finding = found(monkeypatch)["fashion-mnist train"]
    assert (finding.state, finding.advice) == ("absent", "semradio data fetch fashion-mnist")


@pytest.mark.parametrize("path", ["nothing", "x" * 90])
def test_a_folder_for_sockets_that_is_none(
    path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / path))
    finding = found(monkeypatch)["sockets"]
    assert finding.state == "bad"
    assert "XDG_RUNTIME_DIR" in finding.advice


def test_a_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "NEEDED", ("numpy", "no-such-package"))
    monkeypatch.setattr(doctor, "EXTRAS", {"no-such-extra": "train"})
    findings = found(monkeypatch)
    assert findings["no-such-package"].state == "bad"
    assert "pip install" in findings["no-such-package"].advice
    assert findings["no-such-extra"].state == "absent"
    assert "semradio[train]" in findings["no-such-extra"].advice


def test_the_command_ends_with_a_status(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "semradio", "doctor"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "ok  onnxruntime" in done.stdout
