"""``semradio top``: on a real run, used by its keys, and once for scripts."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from semradio.blocks.api import ItemType
from semradio.flowgraphs.cli.main import main
from semradio.flowgraphs.runtime.change import LiveParameter
from semradio.flowgraphs.runtime.watch import EdgeStatus, ProcessStatus, Status
from semradio.flowgraphs.view.pace import pace
from semradio.flowgraphs.view.terminal.half_blocks import UPPER_HALF, half_blocks, shown
from semradio.flowgraphs.view.terminal.knob import can_turn, turned

pytest.importorskip("textual", reason="the screen needs textual (extra [view])")

from semradio.flowgraphs.view.terminal.app import Top

Start = Callable[..., Any]


def knob(value: Any, **more: Any) -> LiveParameter:
    """A live parameter."""
    kind = more.pop("type", type(value).__name__)
    return LiveParameter("air", "snr_db", value, kind, "dB", "", **more)


@pytest.mark.parametrize(
    ("parameter", "steps", "value"),
    [
        (knob(10.0, low=-50.0, high=100.0), 1, 12.0),
        (knob(10.0, low=-50.0, high=100.0), 10, 30.0),
        (knob(10.5, low=-50.0, high=100.0), -1, 8.0),
        (knob(10.0, low=-40.0, high=60.0), 1, 11.0),
        (knob(99.5, low=-50.0, high=100.0), 10, 100.0),
        (knob(-50.0, low=-50.0, high=100.0), -1, -50.0),
        (knob(True), -1, False),
        (knob(False), 10, True),
        (knob(3, low=0.0, high=10.0), 1, 4),
        (knob(3), -1, 2),
        (knob("b", choices=["a", "b", "c"]), 10, "c"),
        (knob("b", choices=["a", "b", "c"]), -1, "a"),
        (knob(2000.0, above=0.0), 1, 2200.0),
        (knob(0.001, above=0.0), -1, 0.0009),
        (knob(0.0), 1, 0.1),
    ],
)
def test_a_knob_turns_within_its_limits(parameter: LiveParameter, steps: int, value: Any) -> None:
    found = turned(parameter, steps)
    assert found == value
    assert type(found) is type(value)


def test_a_knob_never_reaches_what_it_must_stay_above() -> None:
    parameter = knob(1.0, above=0.0)
    for _ in range(200):
        parameter.value = turned(parameter, -10)
        assert parameter.value > 0


def test_a_text_is_no_knob() -> None:
    assert not can_turn(knob("env:KEY"))
    assert not can_turn(knob([1.0, 2.0]))
    assert can_turn(knob(1))


def test_pictures_and_points_are_drawn_in_half_blocks() -> None:
    picture = np.zeros((3, 2, 3), np.uint8)
    picture[0, 1] = (255, 0, 0)
    picture[1, 1] = (0, 255, 0)
    text = half_blocks(picture)
    assert text.plain == f"{UPPER_HALF * 2}\n" * 2
    assert "#ff0000 on #00ff00" in [str(span.style) for span in text.spans]
    images = np.full((5, 8, 8), 200, np.uint8)
    lines = shown(images, ItemType("uint8", (8, 8)), 30, 10).plain.splitlines()
    assert [len(line) for line in lines] == [26] * 4  # three pictures, two gaps
    points = np.array([1 + 1j, -1 - 1j], np.complex64)
    lines = shown(points, ItemType("complex64"), 20, 10).plain.splitlines()
    assert [len(line) for line in lines] == [20] * 10
    numbers = shown(np.arange(1000.0), ItemType("float64"), 20, 5)
    assert len(numbers.plain.splitlines()) == 5
    assert shown(points[:0], ItemType("complex64"), 20, 10).plain == "nothing has come yet"


def status(elapsed: float, waited: dict[str, float]) -> Status:
    """How a run of some processes stands."""
    processes = [ProcessStatus(n, 1, elapsed, 0, None, w) for n, w in waited.items()]
    edge = EdgeStatus("a.y -> b.x", "a.y", "b.x", 0, int(1000 * elapsed), held_s=elapsed / 2)
    return Status("running", elapsed, processes, [], [edge], {})


def test_who_holds_the_others_back_is_who_hardly_waits() -> None:
    before = status(1.0, {"a": 0.5, "b": 0.0, "c": 0.9})
    went = pace(before, status(3.0, {"a": 1.9, "b": 0.1, "c": 2.8}))
    assert went.held_back_by == "b"
    assert went.processes["a"].waited == pytest.approx(0.7)
    assert went.edges["a.y -> b.x"].rate == pytest.approx(1000)
    assert went.edges["a.y -> b.x"].held == pytest.approx(0.5)
    assert pace(before, status(3.0, {"a": 1.9, "b": 1.1, "c": 2.8})).held_back_by is None
    assert pace(before, before).held_back_by is None
    assert pace(status(1.0, {"a": 0.0}), status(2.0, {"a": 0.0})).held_back_by is None


def test_once_tells_how_a_run_stands(
    start: Start, looked_at: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = start(looked_at, "items=10000000")
    deadline = time.monotonic() + 120
    while run.control.status().metrics.get("sink", {}).get("items", 0) == 0:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    while True:
        with pytest.raises(SystemExit) as ended:
            main(["top", str(run.process.pid), "--once", "--json"])
        assert ended.value.code == 0
        found = json.loads(capsys.readouterr().out)
        # One that does not answer in time, on a busy machine, is told as it stood before.
        if not any(process["silent"] for process in found["processes"]):
            break
        assert time.monotonic() < deadline, found["processes"]
    assert found["flowgraph"] == "looked_at"
    assert found["pid"] == run.process.pid
    blocks = {block["name"]: block for block in found["blocks"]}
    while blocks["air"]["rate"] <= 0:
        assert time.monotonic() < deadline, blocks["air"]
        with pytest.raises(SystemExit):
            main(["top", str(run.process.pid), "--once", "--json"])
        again = json.loads(capsys.readouterr().out)
        blocks = {block["name"]: block for block in again["blocks"]}
    assert {p["name"] for p in found["processes"]} == {"one", "two", "three", "four"}
    assert all(0 <= p["waited"] <= 1 for p in found["processes"])
    assert {"air.snr_db", "pace.rate"} <= {
        f"{p['block']}.{p['parameter']}" for p in found["parameters"]
    }
    assert found["metrics"]["sink"]["items"] > 0
    with pytest.raises(SystemExit):
        main(["top", "looked_at", "--once"])
    assert "looked_at (pid" in capsys.readouterr().out


def test_wrong_words_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in [
        (["top", "--once"], "no flowgraph is running"),
        (["top", "--json"], "--json goes with --once"),
        (["top"], "needs a terminal"),
    ]:
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
        assert said in capsys.readouterr().err


async def until(pilot: Any, holds: Callable[[], bool]) -> None:
    """Wait for a condition while the screen goes on."""
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline
        await pilot.pause(0.05)


def used(app: Top, steps: Callable[[Any], Awaitable[None]]) -> Any:
    """Use a screen; returns what it ended with."""

    async def use() -> None:
        async with app.run_test(size=(160, 50)) as pilot:
            await steps(pilot)

    asyncio.run(use())
    return app.return_value


def text(app: Top, name: str) -> str:
    return str(app.query_one(name).render())


@pytest.mark.slow
def test_the_screen_shows_and_steers_a_run(start: Start, looked_at: str) -> None:
    run = start(looked_at, "items=100000000", "rate=2000")
    app = Top(run.control)

    async def steps(pilot: Any) -> None:
        await until(pilot, lambda: app.table("blocks").row_count == 9)
        await until(pilot, lambda: app.last is not None and app.before is not None)
        assert app.table("edges").row_count == 9
        assert app.table("processes").row_count == 4
        assert "looked_at (pid" in text(app, "#head")
        assert UPPER_HALF in text(app, "#view")
        await until(pilot, lambda: "sink" in text(app, "#metrics"))
        names = [f"{k.block}.{k.parameter}" for k in app.knobs]
        for _ in range(names.index("air.snr_db") - app.table("knobs").cursor_row):
            await pilot.press("down")
        await pilot.press("right", "right", "left", "right")
        await until(pilot, lambda: run.control.values()["air.snr_db"] == 14.0)
        await until(pilot, lambda: "air.snr_db = 14.0 from item" in text(app, "#said"))
        first = app.port
        await pilot.press("p")
        assert app.port != first
        await until(pilot, lambda: app.last is not None and app.last.port == app.port)
        await pilot.press("d")
        assert app.theme == "textual-light"
        await pilot.press("s")
        await until(pilot, lambda: app.return_value is not None)

    assert "the run has ended" in used(app, steps)
    run.end(130)


def test_leaving_the_screen_leaves_the_run(start: Start, looked_at: str) -> None:
    run = start(looked_at, "items=100000000", "rate=2000")
    app = Top(run.control, port="side.x")

    async def steps(pilot: Any) -> None:
        await until(pilot, lambda: app.last is not None)
        assert app.last is not None
        assert app.last.port == "side.x"
        await pilot.press("q")

    assert used(app, steps) == ""
    assert run.control.running().flowgraph == "looked_at"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_picture_of_the_screen(start: Start, looked_at: str, tmp_path: Path, theme: str) -> None:
    run = start(looked_at, "items=100000000", "rate=2000")
    file = tmp_path / "top.svg"
    words = ["top", str(run.process.pid), "--picture", str(file), "--size", "140x44"]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--theme", theme, "--after", "0.5", "--port", "air.y"])
    assert ended.value.code == 0
    svg = file.read_text()
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg")
    told = " ".join("".join(root.itertext()).replace("\xa0", " ").split())
    for word in ("looked_at (pid", "air.y → side.x", "metrics", "air.snr_db", "starved"):
        assert word in told
    # Nothing is fetched from elsewhere.
    assert "url(" not in svg.replace("url(#", "")
    assert "@import" not in svg
    assert run.control.running().flowgraph == "looked_at"
    with pytest.raises(SystemExit) as refused:
        main([*words[:3], str(file), "--size", "120"])
    assert refused.value.code == 2
