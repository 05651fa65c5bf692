"""``semradio view RUN``: of processes that were started one by one, and of a run that loses one."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import run
from looked_at import frames
from pages import LINK, Looker, Viewer

from semradio.blocks.errors import ParameterError
from semradio.flowgraphs.view.feed import Feed

pytest.importorskip("uvicorn", reason="the extra [view] is not installed")

Start = Callable[..., Any]


@pytest.fixture
def alone(start: Start, looked_at: str, tmp_path: Path) -> dict[str, Any]:
    """The four processes of a flowgraph, each started with ``--only``."""

    def placed(found: re.Match[str]) -> str:
        at = f"ipc://{tmp_path}/{found[1]}"
        return f"  {found[1]}: {{blocks: {found[2]}, bind: '{at}', endpoint: '{at}'}}"

    text = re.sub(r"^  (one|two|three|four): *(\[.*\])", placed, looked_at, flags=re.MULTILINE)
    names = ("one", "two", "three", "four")
    return {n: start(text, "items=100000000", "rate=4000", "--only", n) for n in names}


def test_each_process_shows_its_own_ports(alone: dict[str, Any]) -> None:
    ports = {"one": "pace.y", "two": "double.y", "three": "frames.x", "four": "side.x"}
    for name, port in ports.items():
        with Feed(alone[name].control) as feed:
            feed.tap(port, items=64, per_s=50)
            (found,) = frames(feed, port).values()
            for frame in found if name in ("one", "two") else ():
                n = np.arange(frame.index, frame.index + len(frame.array))
                factor = {"one": 1, "two": 2}[name]
                np.testing.assert_array_equal(frame.array[:, 0], factor * n)
            assert [p.name for p in feed.status().processes] == [name]
            other = ports["two" if name == "one" else "one"]
            home = "two" if name == "one" else "one"
            block = other.partition(".")[0]
            said = f"block '{block}' runs in process '{home}', which was started on its own"
            with pytest.raises(ParameterError, match=said):
                feed.tap(other)


def test_a_run_that_is_not_there(tmp_path: Path) -> None:
    done = run("view", "no_such_run", "--no-open", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: no run 'no_such_run'; 'semradio ctl' lists what runs\n"


def test_the_page_of_one_process(alone: dict[str, Any]) -> None:
    viewer = Viewer("two")
    try:
        _, cookie = viewer.enter(viewer.token())
        with viewer.socket(cookie) as line:
            page = Looker(line)
            while page.until("run")["state"] != "running":
                page.take()
            assert page.news["run"]["pid"] == alone["two"].process.pid
            blocks = {b["name"]: b for b in page.news["graph"]["blocks"]}
            assert blocks["double"]["outputs"] == {"y": "float32[4]"}
            # Of those elsewhere nothing is known.
            assert blocks["frames"]["inputs"] == {"x": ""}
            page.say(do="open", id=1, of=["double.y"], kind="time")
            page.say(do="open", id=2, of=["frames.x"], kind="time")
            while not page.headers[-1]["panels"]:
                page.take()
            assert {p["id"] for h in page.headers for p in h["panels"]} == {1}
            os.kill(alone["two"].process.pid, signal.SIGKILL)
            while page.news["run"]["state"] != "ended":
                page.take()
    finally:
        viewer.end()


@pytest.mark.parametrize("name", ["sender", "air", "receiver"])
def test_a_process_that_is_killed_is_named(start: Start, name: str) -> None:
    run = start(LINK)
    viewer = Viewer(str(run.process.pid))
    try:
        _, cookie = viewer.enter(viewer.token())
        with viewer.socket(cookie) as line:
            page = Looker(line)
            while not page.until("status").get("processes"):
                page.news.pop("status")
            pids = {p["name"]: p["pid"] for p in page.news["status"]["processes"]}
            assert pids.keys() == {"sender", "air", "receiver"}
            page.say(do="open", id=1, of=["air.y"], kind="time")
            while not page.headers[-1]["panels"]:
                page.take()
            os.kill(pids[name], signal.SIGKILL)
            deadline = time.monotonic() + 120
            while page.news["run"]["state"] != "ended":
                assert time.monotonic() < deadline
                page.take()
            assert page.news["run"]["gone"] == name
            assert f"process '{name}'" in page.news["run"]["why"]
    finally:
        viewer.end()
    run.process.communicate(timeout=120)
    assert run.process.returncode == 1
