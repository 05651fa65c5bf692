"""Sweeps that are killed, interrupted, or started twice; in real processes."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest
from commands import Command
from sweep_rows import timeless

from semradio.flowgraphs.cli.main import main
from semradio.flowgraphs.sweep import Sweep, Table

AXES = {"snr_db": "0:19:1", "seed": "1..10"}

SCRIPT = f"""
from semradio.flowgraphs.sweep import Sweep

if __name__ == "__main__":
    sweep = Sweep("noise.yml", {AXES})
    sweep.run("out.csv", jobs=2, on_progress=lambda p: print(p.done, flush=True))
"""


Process = TypeVar("Process", "Command", "subprocess.Popen[str]")


@contextlib.contextmanager
def ended(process: Process) -> Iterator[Process]:
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def waited_for(pattern: str) -> Path:
    """Return the file of that pattern, once there is one."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for path in Path().glob(pattern):
            return path
        time.sleep(0.02)
    raise AssertionError(f"no {pattern}")


def idle(pid: int) -> None:
    """Wait until a process has nothing to do: a worker begins its next cell before that is so."""
    deadline = time.monotonic() + 120
    looks = 0
    while looks < 10:
        assert time.monotonic() < deadline
        time.sleep(0.1)
        looks = looks + 1 if psutil.Process(pid).status() == psutil.STATUS_SLEEPING else 0


def gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 120
    while any(map(psutil.pid_exists, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(psutil.pid_exists, pids))


def test_killed_again_and_again_it_ends_with_the_same_table(folder: Path) -> None:
    (folder / "script.py").write_text(SCRIPT)
    reference = Sweep("noise.yml", AXES).run(jobs=2)
    assert len(reference.rows) == 200
    chance = random.Random()
    told = 0
    for _ in range(3):
        script = [sys.executable, "script.py"]
        out = subprocess.PIPE
        with ended(subprocess.Popen(script, stdout=out, stderr=out, text=True)) as process:
            assert process.stdout is not None
            first = int(process.stdout.readline())
            # What was told is kept; what was on its way may be kept too.
            assert told <= first <= told + 2
            target = min(first + chance.randint(1, 50), 195)
            while told < target:
                told = int(process.stdout.readline())
            workers = [child.pid for child in psutil.Process(process.pid).children()]
            process.kill()
            assert gone(workers), "a worker has outlived its parent"
            rest, _ = process.communicate()
            told = max([told, *map(int, rest.split())])
    assert 0 < told < 200
    assert not Path("out.csv").exists()
    counts: list[int] = []
    table = Sweep("noise.yml", AXES).run(
        "out.csv", jobs=2, on_progress=lambda p: counts.append(p.reused)
    )
    assert told <= counts[0] <= told + 2
    assert table.columns == reference.columns
    assert timeless(table) == timeless(reference)
    assert timeless(Table.read("out.csv")) == timeless(reference)


def test_ctrl_c_keeps_what_is_finished(folder: Path) -> None:
    command = Command(
        "sweep", "fate.yml", "what=pass,wait", "number=1..3",
        "--jobs", "1", "--allow-code", "--out", "out.csv",
    )  # fmt: skip
    with ended(command) as process:
        waited_for("waiting-*")
        idle(process.pid)
        # As a terminal does it: the whole group hears of it.
        for child in [*psutil.Process(process.pid).children(), psutil.Process(process.pid)]:
            child.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "interrupted: 3 cells are done, 3 are left; the same command goes on" in err
    assert "Traceback" not in err
    assert [(row["what"], row["number"]) for row in Table.read("out.csv").rows] == [
        ("pass", 1), ("pass", 2), ("pass", 3),
    ]  # fmt: skip
    assert not [p for p in folder.iterdir() if ".part" in p.name]


def test_two_sweeps_on_one_store(folder: Path, semradio_sweep: Callable[..., Any]) -> None:
    words = ("sweep", "fate.yml", "what=wait,pass", "--allow-code", "--out", "out.csv")
    with ended(Command(*words)) as process:
        worker = int(waited_for("waiting-*").name.split("-")[1])
        second = semradio_sweep("noise.yml", "seed=1..2", "--out", "out.parquet")
        assert second.returncode == 2
        assert "error: another sweep uses out.sweep.sqlite: wait for it" in second.stderr
        assert process.poll() is None
        # The end of a worker is the end of its sweep, and of the other worker.
        others = [child.pid for child in psutil.Process(process.pid).children()]
        psutil.Process(worker).kill()
        _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert f"error: cell 1 (what=wait): its worker process (pid {worker}) died: killed" in err
    assert gone(others)
    assert semradio_sweep("noise.yml", "seed=1..2", "--out", "out.csv").returncode == 0


@pytest.mark.parametrize(
    ("words", "fragments"),
    [
        (["noise.yml", "snr_db=0:20"], ["'0:20' is not first:last:step"]),
        (["noise.yml", "snr_db"], ["'snr_db' is not NAME=VALUES"]),
        (["noise.yml", "seed=1", "seed=2"], ["'seed' is given twice"]),
        (["noise.yml", "snr_bd=0,5"], ["unknown name 'snr_bd' (did you mean 'snr_db'?)"]),
        (["noise.yml", "seed=1,2", "--over", "sed"], ["'sed' is not an axis", "'seed'"]),
        (["noise.yml", "seed=1,2", "--out", "t.txt"], ["a .csv or a .parquet file"]),
        (["fate.yml", "number=1,2"], ["--allow-code"]),
    ],
)
def test_what_is_wrong_is_said(
    folder: Path,
    words: list[str],
    fragments: list[str],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    with pytest.raises(SystemExit) as status:
        main(["sweep", *words])
    assert status.value.code == 2
    out, err = capfd.readouterr()
    for fragment in fragments:
        assert fragment in err
    assert out == ""


def test_a_cell_that_fails(semradio_sweep: Callable[..., Any]) -> None:
    done = semradio_sweep("fate.yml", "what=pass,fail", "--allow-code", "--jobs", "1")
    assert done.returncode == 1
    assert "error: cell 2 (what=fail): fate.yml:7:3: block 'fate' failed" in done.stderr
    assert "no luck" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_cells_that_fail_are_told_whatever_else_is(semradio_sweep: Callable[..., Any]) -> None:
    done = semradio_sweep(
        "fate.yml", "what=pass,fail", "number=1..2", "--allow-code",
        "--jobs", "1", "--keep-going", "--quiet", "--out", "out.csv",
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "2 of 4 cells failed: see the column 'error'\n"
    assert [row["error"] is None for row in Table.read("out.csv").rows] == [
        True,
        True,
        False,
        False,
    ]


def test_an_address_that_is_none_ends_at_once(semradio_sweep: Callable[..., Any]) -> None:
    pytest.importorskip("distributed", reason="needs Dask: pip install 'semradio[cluster]'")
    done = semradio_sweep("noise.yml", "seed=1,2", "--cluster", "nonsense")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: 'nonsense' is no address of a Dask scheduler")
    assert len(done.stderr.splitlines()) == 1


def test_the_preparation_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rich.progress import Progress

    from semradio.flowgraphs.cli.sweep_display import _Bar, progress_display
    from semradio.flowgraphs.sweep import SweepProgress

    monkeypatch.setattr("semradio.flowgraphs.cli.sweep_display.LINE_EVERY", 0)
    with progress_display(quiet=False) as display:
        assert display is not None
        display.preparing(1500, 99_001)
    assert capsys.readouterr().err == "preparing 1,500 of 99,001 cells\n"
    bars = Progress()
    bar = _Bar(bars)
    bar.preparing(1500, 99_001)
    (task,) = bars.tasks
    assert (task.description, task.completed) == ("preparing 1,500 of 99,001 cells", 1500)
    bar(SweepProgress(2, 99_001, 1, 0, 1.0))
    (task,) = bars.tasks
    assert task.description == "2 cells done, 1 failed, 98998 left, 3 cells/s"
    assert (task.completed, task.total) == (3, 99_001)


def test_the_command_ends_with_a_summary(folder: Path, semradio_sweep: Callable[..., Any]) -> None:
    done = semradio_sweep(
        "noise.yml", "snr_db=0,10", "seed=1..3", "head.items=50", "--jobs", "1", "--out", "out.csv"
    )
    assert done.returncode == 0, done.stderr
    table, summary = Table.read("out.csv"), Table.read("out.summary.csv")
    assert (
        summary.rows
        == Table(table.columns, table.rows, ("snr_db", "head.items", "seed")).summary().rows
    )
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["snr_db=0", "snr_db=10"]
    mean, half = summary.rows[1]["power.power"], summary.rows[1]["power.power.ci95"]
    assert f"power.power = {mean:.4g} ± {half:.2g}" in done.stdout
    assert "6 cells: out.csv" in done.stderr


def test_the_one_seed_of_a_block_is_what_means_are_taken_over(
    folder: Path, semradio_sweep: Callable[..., Any]
) -> None:
    words = ("noise.yml", "air.seed=1..2", "head.items=50", "--jobs", "1", "--out", "out.csv")
    done = semradio_sweep(*words)
    assert done.returncode == 0, done.stderr
    assert "out.summary.csv" in done.stderr
    (row,) = Table.read("out.summary.csv").rows
    assert (row["n"], row["head.items"]) == (2, 50)
    assert row["power.power.ci95"] > 0


def test_a_parameter_given_as_a_variable_is_told_with_its_block(
    folder: Path, semradio_sweep: Callable[..., Any]
) -> None:
    done = semradio_sweep("noise.yml", "signal_power=1,2")
    assert done.returncode == 2
    assert "unknown name 'signal_power' (did you mean 'air.signal_power'?)" in done.stderr
