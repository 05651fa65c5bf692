"""``run --view``: a run that was stopped on its page is started there again."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from pages import LINK, Looker, Viewer

from semradio.flowgraphs.cli.beside import command_again
from semradio.flowgraphs.cli.run_command import command

pytest.importorskip("uvicorn", reason="the extra [view] is not installed")

Show = Callable[..., Viewer]

COMMAND = [sys.executable, "-m", "semradio.flowgraphs", "run"]
"""Started for real: what it starts again is what it was started by."""


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Show]:
    """A function that starts ``run --view`` and returns its viewer."""
    runs: list[subprocess.Popen[str]] = []
    viewers: list[psutil.Process] = []

    def started(text: str, *options: str) -> Viewer:
        file = tmp_path / "watched.yml"
        file.write_text(text)
        words = [*COMMAND, str(file), "--view", "--no-open", "--quiet", *options]
        run = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
        runs.append(run)
        assert run.stderr is not None
        viewer = Viewer.__new__(Viewer)
        viewer.process, viewer.said, viewer.urls = run, "", []
        while len(viewer.urls) < 2:
            line = run.stderr.readline()
            assert line, viewer.said
            viewer.said += line
            viewer.urls += re.findall(r"http://\S+", line)
        viewers.extend(c for c in psutil.Process(run.pid).children() if "view" in c.cmdline())
        return viewer

    yield started
    for run in runs:
        if run.poll() is None:
            run.terminate()
        run.communicate(timeout=120)
    # A viewer stays for no longer than its pages, and no run that one has started for longer.
    _, left = psutil.wait_procs(viewers, 30)
    assert left == []


def until_state(page: Looker, state: str) -> dict[str, object]:
    deadline = time.monotonic() + 120
    while page.until("run")["state"] != state:
        assert time.monotonic() < deadline
        page.take()
    return dict(page.news["run"])


@pytest.mark.slow
def test_a_run_that_was_stopped_is_started_again(show: Show) -> None:
    viewer = show(LINK, "rate=5000", "air.snr_db=7")
    _, cookie = viewer.enter(viewer.token())
    _, look = viewer.enter(viewer.token(1))
    with viewer.socket(cookie) as line, viewer.socket(look) as other:
        page, looker = Looker(line), Looker(other)
        first = until_state(page, "running")
        said = page.ask(do="start")["error"]
        assert "has not ended yet" in said
        page.ask(do="stop")
        assert until_state(page, "ended")["again"] is True
        assert viewer.process.wait(120) == 130
        assert looker.ask(do="start")["error"] == "this page may look, not change"
        assert page.ask(do="start") == {"ask": 1, "done": True}
        second = until_state(page, "running")
        assert second["pid"] != first["pid"]
        # The same values as the first time, and it moves.
        knobs = {f"{k['block']}.{k['parameter']}": k["value"] for k in page.news["knobs"]}
        assert (knobs["air.snr_db"], knobs["pace.rate"]) == (7.0, 5000.0)
        while max(b["items_out"] for b in page.news["status"]["blocks"]) < 1000:
            page.take()
        page.ask(do="stop")
        until_state(page, "ended")
        while not page.news["run"]["why"]:
            page.take()
        assert page.news["run"]["why"] == "it ran to its end"
        # And a third time, which nobody stops: it ends with the last page.
        page.ask(do="start")
        third = psutil.Process(int(str(until_state(page, "running")["pid"])))
    third.wait(120)


def test_a_run_that_cannot_start_leaves_no_viewer(show: Show) -> None:
    viewer = show(LINK.replace("null_sink", "file_sink, file: /no/such/folder/x"))
    assert viewer.process.wait(120) == 1


def test_why_a_second_run_did_not_start_is_told(show: Show, tmp_path: Path) -> None:
    viewer = show(LINK)
    _, cookie = viewer.enter(viewer.token())
    with viewer.socket(cookie) as line:
        page = Looker(line)
        until_state(page, "running")
        page.ask(do="stop")
        until_state(page, "ended")
        (tmp_path / "watched.yml").write_text("blocks: 3")
        page.news.pop("run")
        page.ask(do="start")
        assert "watched.yml" in str(until_state(page, "ended")["why"])


def test_the_command_is_the_same() -> None:
    words = [
        *("x.yml", "a=1", "b.c=-2", "--view", "--no-open", "--quiet", "--in-process"),
        *("--chunk", "5", "--max-seconds", "2.5", "--at", "p=tcp://h:1", "--allow-code"),
    ]

    def again(words: list[str]) -> list[str] | None:
        with command.make_context("run", list(words)) as context:
            return command_again(context)

    found = again(words)
    assert found is not None
    before = command.make_context("run", list(words)).params
    after = command.make_context("run", found[found.index("run") + 1 :]).params
    kept = {"view": False, "no_open": False, "again": True}
    assert after == {**before, **kept}
    assert again(["-", "--view"]) is None
