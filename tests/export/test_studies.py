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
    *("attackers=none", "evaluation_snr_db=none"),
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


@pytest.mark.slow
def test_missing_runs_are_trained_and_ready_ones_are_not(tmp_path: Path) -> None:
    seen: list[StudyEvent] = []

    def study(variants: list[str], seeds: list[int]) -> Path:
        seen.clear()
        return prepare(
            "arn", variants, seeds, cache=tmp_path, jobs=2, settings=SMALL, progress=seen.append
        )

    root = study(["white-10", "alice-10"], [0])
    assert {(event.variant, event.total) for event in seen} == {("white-10", 2), ("alice-10", 2)}
    assert sorted(event.done for event in seen) == [1, 2]
    one = (root / "white-10" / "seed-0" / "encoder.onnx").stat().st_mtime_ns
    assert len(list((root / "shared").glob("base-*.pt"))) == 1

    # What another version left, with other settings, is not taken for the same.
    left = root / "bob" / "seed-0"
    (left / "run").mkdir(parents=True)
    for name in ("study.json", "run/settings.json", "old.onnx"):
        (left / name).write_bytes(b"{}")
    assert study(["white-10", "alice-10", "bob"], [0]) == root
    assert [(event.variant, event.done) for event in seen] == [("bob", 3)]
    assert {file.stem for file in left.glob("*.onnx")} == {"encoder", "decoder", "eve", "bob"}
    assert (root / "white-10" / "seed-0" / "encoder.onnx").stat().st_mtime_ns == one
    assert len(list((root / "shared").glob("base-*.pt"))) == 1
    # Now it is ready, as the others are.
    study(["bob", "alice-10"], [0])
    assert seen == []


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
        f"    prepare('arn', ['white-10'], [0], cache=Path({str(tmp_path)!r}), jobs=1,\n"
        # An epoch of an instant, so many times that it never ends by itself.
        "        settings=['train_images=200', 'base_epochs=1000000', 'patience=0'])\n"
    )
    script = tmp_path / "study.py"
    script.write_text(program)
    main = subprocess.Popen([sys.executable, str(script)])
    deadline = time.monotonic() + 300
    while not (begun := list(tmp_path.rglob("base.pt"))) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert begun
    import psutil

    workers = psutil.Process(main.pid).children(recursive=True)
    assert workers
    os.kill(main.pid, signal.SIGKILL)
    main.wait()
    _, alive = psutil.wait_procs(workers, timeout=120)
    assert not alive
