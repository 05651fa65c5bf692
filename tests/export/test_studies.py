"""Studies: many runs, trained once, kept, continued."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from semradio.blocks.errors import ParameterError, SemradioError

pytest.importorskip("torch", reason="needs torch: pip install 'semradio[train]'")

from semradio.export.studies import StudyEvent, prepare

SMALL = (
    *("train_images=200", "base_epochs=1", "eve_epochs=1", "module_epochs=1"),
    *("adaptive_epochs=1", "evaluation_snr_db=none"),
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of the size of MNIST that hold noise."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "mnist").mkdir()
    source = np.random.default_rng(0)
    for part, count in (("train", 60_000), ("t10k", 10_000)):
        images = source.integers(0, 256, (count, 28, 28), np.uint8)
        labels = np.arange(count, dtype=np.uint8) % 10
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            head = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(
                f">{array.ndim}I", *array.shape
            )
            (folder / "mnist" / f"{part}-{kind}-ubyte").write_bytes(head + array.tobytes())
    return folder


@pytest.fixture(autouse=True)
def use_data(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMRADIO_DATA", str(data))


def test_missing_runs_are_trained_and_ready_ones_are_not(tmp_path: Path) -> None:
    seen: list[StudyEvent] = []

    def study(variants: list[str], seeds: list[int]) -> Path:
        seen.clear()
        return prepare(
            "arn", variants, seeds, cache=tmp_path, jobs=2, settings=SMALL, progress=seen.append
        )

    root = study(["white-10", "bob"], [0])
    assert {(event.variant, event.total) for event in seen} == {("white-10", 2), ("bob", 2)}
    assert sorted(event.done for event in seen) == [1, 2]
    made = {file.stem for file in (root / "bob" / "seed-0").glob("*.onnx")}
    assert made == {"encoder", "decoder", "eve", "bob"}
    one = (root / "white-10" / "seed-0" / "encoder.onnx").stat().st_mtime_ns
    assert len(list((root / "shared").glob("base-*.pt"))) == 1

    assert study(["white-10", "bob", "alice-10"], [0]) == root
    assert [(event.variant, event.done) for event in seen] == [("alice-10", 3)]
    assert (root / "white-10" / "seed-0" / "encoder.onnx").stat().st_mtime_ns == one
    # What another version left, with other settings, is not taken for the same.
    (root / "bob" / "seed-0" / "study.json").write_bytes(b"{}")
    (root / "bob" / "seed-0" / "run" / "settings.json").write_bytes(b"{}")
    study(["white-10", "bob"], [0])
    assert [event.variant for event in seen] == ["bob"]


def test_other_settings_are_another_study(tmp_path: Path) -> None:
    roots = {
        prepare("arn", [], [0], cache=tmp_path, quick=quick, settings=settings)
        for quick in (False, True)
        for settings in ((), SMALL)
    }
    assert len(roots) == 4


def test_wrong_names_are_told_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"no variant 'white10' \(did you mean 'white-10'"):
        prepare("arn", ["white-10", "white10"], [0], cache=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_run_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMRADIO_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "no-cache"))
    with pytest.raises(SemradioError, match=r"white-10, seed 4: .*MNIST.*not found"):
        prepare("arn", ["white-10"], [4], cache=tmp_path, jobs=1, settings=SMALL)


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from semradio.export.studies import prepare\n"
        "if __name__ == '__main__':\n"
        f"    prepare('arn', ['white-10'], [0], cache=Path({str(tmp_path)!r}), jobs=1)\n"
    )
    script = tmp_path / "study.py"
    script.write_text(program)
    main = subprocess.Popen([sys.executable, str(script)])
    base = tmp_path / "arn" / "full" / "white-10" / "seed-0" / "run" / "base.pt"
    deadline = time.monotonic() + 120
    while not base.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert base.exists()
    import psutil

    workers = psutil.Process(main.pid).children(recursive=True)
    assert workers
    os.kill(main.pid, signal.SIGKILL)
    main.wait()
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
