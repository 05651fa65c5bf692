"""Worker processes that are killed, and started again by the command."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from semradio.flowgraphs import Flowgraph, RunError

pytestmark = pytest.mark.slow

KEPT = "checkpoint: 0.05\nrestart: 9\n"


def dying(pipe: str, folder: Path, *edges: tuple[str, str, int]) -> str:
    """Put blocks into edges that kill their process, once, at an item."""
    for k, (source, target, item) in enumerate(edges):
        wire = f"{source} -> {target}"
        assert wire in pipe
        pipe = pipe.replace(wire, f"{source} -> die{k} -> {target}")
        block = f"{{block: dies_once, at_item: {item}, mark: '{folder}/died{k}'}}"
        pipe = pipe.replace("connections:", f"  die{k}: {block}\nconnections:")
        homes = pipe.partition("processes:")[2].splitlines()
        home = next(line for line in homes if re.search(rf"\b{source}\b", line))
        pipe = pipe.replace(home, home[:-1] + f", die{k}]")
    return pipe


def results(text: str, **options: Any) -> dict[str, Any]:
    run = Flowgraph.load(text, ["items=20000"], allow_code=True).run(**options)
    return {name: found for name, found in run.results.items() if name in ("sink", "side")}


@pytest.mark.parametrize(
    "edges",
    [
        [("air", "side", 9000)],
        [("sum", "frames", 12000), ("flat", "sink", 11000)],
    ],
    ids=["one", "two"],
)
def test_a_killed_process_goes_on(
    pipe: str, tmp_path: Path, edges: list[tuple[str, str, int]], caplog: pytest.LogCaptureFixture
) -> None:
    expected = results(pipe, processes=False)
    assert results(KEPT + dying(pipe, tmp_path, *edges)) == expected
    assert caplog.text.count("it is started again") == len(edges)
    assert not list(tmp_path.glob("*.checkpoint"))


def test_it_ends_as_without_after_so_many_times(pipe: str, tmp_path: Path) -> None:
    text = "checkpoint: 0.05\nrestart: 0\n" + dying(pipe, tmp_path, ("air", "side", 9000))
    with pytest.raises(RunError, match=r"process 'two' .* died: killed by signal 9"):
        results(text)


def test_a_run_that_was_killed_goes_on_from_its_folder(pipe: str, tmp_path: Path) -> None:
    expected = results(pipe, processes=False)
    file = tmp_path / "pipe.yml"
    file.write_text("checkpoint: 0.05\n" + dying(pipe, tmp_path, ("air", "side", 9000)))
    command = [
        sys.executable, "-m", "semradio.flowgraphs", "run", str(file), "items=20000",
        "--allow-code", "--quiet", "--state", str(tmp_path / "state"),
    ]  # fmt: skip
    child = subprocess.Popen(command, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 120
    while not (tmp_path / "died0").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert results(file.read_text(), state=tmp_path / "state") == expected
    # It has ended: the same again, at once.
    assert results(file.read_text(), state=tmp_path / "state") == expected
