"""The page as people use it: in Chromium, of runs as people start them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from commands import Command
from pages import LINK, Viewer
from runs_beside import Run

from semradio.flowgraphs.view.web.picture import FLAGS

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("uvicorn", reason="the extra [view] is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium"),
    pytest.mark.slow,
]

PATIENCE_MS = 120_000

Start = Callable[..., Run]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("chromium")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch_persistent_context(
            str(folder),
            executable_path=CHROMIUM,
            args=list(FLAGS),
            viewport={"width": 1280, "height": 900},
            timeout=PATIENCE_MS,
        )
        yield found
        found.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page that fails the test where its scripts fail, or the policy refuses something."""
    wrong: list[str] = []
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if "Content Security" in m.text else None)
    yield page
    page.evaluate("() => localStorage.clear()")
    page.close()
    assert wrong == []


@pytest.fixture
def viewer() -> Iterator[Callable[..., Viewer]]:
    """A function that starts viewers."""
    started: list[Viewer] = []

    def start(*options: str) -> Viewer:
        started.append(Viewer(*options))
        return started[-1]

    yield start
    for each in started:
        each.end()


def until(page: Any, what: str, argument: Any = None) -> Any:
    """Wait until a function of the page gives something true; returns that.

    Asked again and again: a function that the page evaluates by itself is what its policy forbids.
    """
    # Its own modules may still be on their way; and a page that loads itself again cannot be asked
    # just then, which is an error of the browser's. What was wrong last is told in the end.
    ready = "() => typeof semradio === 'object'"
    deadline = time.monotonic() + PATIENCE_MS / 1000
    wrong = ""
    while True:
        try:
            if page.evaluate(ready) and (found := page.evaluate(what, argument)):
                return found
        except playwright.Error as error:
            wrong = str(error)
        assert time.monotonic() < deadline, (what, wrong, page.inner_text("body")[:600])
        time.sleep(0.05)


def told_url(process: Command) -> str:
    """Return the address that a run tells of its page."""
    said = ""
    for line in process.stderr:
        said += line
        if urls := re.findall(r"http://\S+", said):
            return str(urls[0])
    raise AssertionError(said)


def state(page: Any) -> str:
    return str(page.inner_text("#state"))


POINTS = """title => {
  const panel = [...semradio.panels.shown.values()].find(p => p.title === title);
  return panel?.drawer.points ? Array.from(panel.drawer.points) : null;
}"""


SHOWN = """name => [...semradio.panels.shown.values()]
  .find(p => p.show === "metrics").drawer.lines.get(name).at(-1)[1]"""


def spread(page: Any, title: str) -> float:
    """Return how far the drawn points lie from those that were sent, of zeros and ones."""
    points = np.array(until(page, POINTS, title))
    return float(np.std(points - np.round(points)))


def test_a_slider_tightens_the_constellation(start: Start, viewer: Any, page: Any) -> None:
    run = start(LINK)
    page.goto(viewer().url)
    until(page, "() => semradio.paints > 10")
    assert "#" not in page.url
    wide = spread(page, "symbols")
    field = page.locator("input[data-knob='air.snr_db']")
    assert field.input_value() == "3"
    slider = page.locator("input[data-slider='air.snr_db']")
    slider.focus()
    slider.press("End")
    until(page, "() => document.querySelector('#history li')")
    # It says what took effect, and from where on; as the run does.
    said = page.inner_text("#history li")
    value = run.control.values()["air.snr_db"]
    assert value == 40.0
    assert re.search(r"air.snr_db: 3 → 40\s+from item [\d ]+", said), said
    item = int(re.findall(r"from item ([\d ]+)", said)[0].replace(" ", ""))
    assert item > 0
    deadline = time.monotonic() + 120
    while spread(page, "symbols") > 0.2 * wide:
        assert time.monotonic() < deadline

    # The change left its tag on that very item, which is seen where the item is: a busy process
    # shows some of its items only, so it may take several changes.
    def tags_say(item: int) -> bool:
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            if f"item {item:,}".replace(",", " ") in page.inner_text("#tags"):
                return True
        return False

    for step in range(40):
        if tags_say(item):
            break
        before = page.inner_text("#history li")
        slider.press("ArrowLeft" if step % 2 == 0 else "ArrowRight")
        until(page, "was => document.querySelector('#history li').innerText !== was", before)
        said = page.inner_text("#history li")
        item = int(re.findall(r"from item ([\d ]+)", said)[0].replace(" ", ""))
    else:
        raise AssertionError("no tag was ever seen on the item of its change")
    assert "snr_db" in page.inner_text("#tags")
    kept = run.control.values()["air.snr_db"]
    # By keys alone, back again; the field refuses what cannot be.
    field.fill("999")
    field.press("Enter")
    until(page, "() => document.querySelector('.knob small.wrong')")
    assert "-100 to 200" in page.inner_text(".knob small.wrong")
    assert run.control.values()["air.snr_db"] == kept


def test_alice_switched_off_lets_eve_read(page: Any, tmp_path: Path, sockets: Path) -> None:
    """The shipped link, by the one command of the README."""
    words = ("--view", "--no-open", "--quiet", f"picture={tmp_path}/x.png")
    process = Command("run", "arn_link", *words)
    try:
        page.goto(told_url(process))
        accuracy = "() => semradio.status?.recent.leakage?.accuracy ?? null"
        # Pictures sent and received, and what Eve reads.
        until(page, "() => [...semradio.panels.shown.values()][0]?.drawer.seen?.size === 3")
        until(page, f"() => semradio.status?.metrics.leakage?.items > 3000 && ({accuracy})() < 0.6")
        page.locator("input[data-knob='alice.enabled']").click()
        until(page, f"() => ({accuracy})() > 0.85")
        assert "alice.enabled: true → false" in page.inner_text("#history")
        # It is what the panel shows.
        assert page.evaluate(SHOWN, "leakage.accuracy") > 0.85
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
    assert process.returncode == 130
    until(page, "() => document.getElementById('state').innerText === 'ended'")


def test_a_killed_worker_is_named(page: Any, tmp_path: Path) -> None:
    file = tmp_path / "watched.yml"
    file.write_text(LINK)
    process = Command("run", str(file), "--view", "--no-open", "--quiet")
    page.goto(told_url(process))
    until(page, "() => semradio.paints > 3")
    workers = page.evaluate("() => semradio.status.processes")
    os.kill(next(w["pid"] for w in workers if w["name"] == "air"), signal.SIGKILL)
    until(page, "() => document.getElementById('state').innerText === 'ended'")
    assert "Process 'air' is gone" in page.inner_text("#banner")
    assert page.locator("[data-process='air'] .g-frame.gone").count() == 1
    assert page.locator(".g-frame.gone").count() == 1
    process.communicate(timeout=120)
    assert process.returncode == 1


def test_a_page_that_lacks_a_module_is_loaded_again(start: Start, viewer: Any, page: Any) -> None:
    """Connections are cut on busy machines; a page without its modules would stand there dead."""
    start(LINK)
    cut: list[str] = []

    def once(route: Any) -> None:
        cut.append(route.request.url)
        route.abort() if len(cut) == 1 else route.continue_()

    page.route("**/panels.js", once)
    page.goto(viewer().url)
    until(page, "() => semradio.paints > 3")
    assert len(cut) == 2


def test_a_reload_shows_the_same(start: Start, viewer: Any, page: Any) -> None:
    start(LINK)
    page.goto(viewer().url)
    until(page, "() => semradio.paints > 3")
    # The user's own arrangement: one panel closed, one opened by keys from a block.
    page.locator(".panel", has_text="signal").locator("button[aria-label^=close]").click()
    page.locator("[data-block='alice']").focus()
    page.keyboard.press("Enter")
    page.locator("#menu button", has_text="histogram").last.click()
    titles = ["symbols", "alice.y"]
    assert page.locator(".panel h2").all_inner_texts() == titles
    page.reload()
    until(page, "() => semradio.paints > 3")
    assert page.locator(".panel h2").all_inner_texts() == titles
    assert state(page) == "running"
    page.locator("#reset").click()
    assert page.locator(".panel h2").all_inner_texts() == ["symbols", "signal"]
    # Who has no cookie sees nothing.
    page.context.clear_cookies()
    page.reload()
    until(page, "() => document.getElementById('state').innerText === 'refused'")
    assert "Open the one that was printed" in page.inner_text("#banner")


def test_a_run_that_ends_and_a_second_one(start: Start, viewer: Any, page: Any) -> None:
    first = start(LINK)
    page.goto(viewer().url)
    until(page, "() => semradio.paints > 3")
    page.locator("#stop").click()
    until(page, "() => document.getElementById('state').innerText === 'ended'")
    first.end(130)
    # What was seen last stays.
    assert page.locator(".panel").count() == 2
    second = start(LINK, "air.snr_db=20")
    until(page, "() => document.getElementById('state').innerText === 'running'")
    before = page.evaluate("() => semradio.paints")
    until(page, "n => semradio.paints > n + 3", before)
    assert page.locator("input[data-knob='air.snr_db']").input_value() == "20"
    assert page.inner_text("#banner") == ""
    second.control.stop()
    second.end(130)


def came(run: Run) -> int:
    """How many items have come to the end of the link."""
    return next(b.items_in for b in run.control.status().blocks if b.name == "sink")


def test_a_frozen_tab_holds_nothing(start: Start, viewer: Any, page: Any) -> None:
    run = start(LINK)
    watching = viewer()
    page.goto(watching.url)
    until(page, "() => semradio.paints > 30")
    viewing = psutil.Process(watching.process.pid)
    memory: list[int] = []
    done = threading.Event()

    def measure() -> None:
        while not done.wait(0.2):
            memory.append(viewing.memory_info().rss)

    measuring = threading.Thread(target=measure)
    measuring.start()
    skipped = page.evaluate("() => semradio.left_out")
    went, deadline = 0, time.monotonic() + 120
    # The run goes on, at its pace; on a busy machine that takes longer.
    while went <= 0.5 * 4 * 20000:
        assert time.monotonic() < deadline, f"only {went} items came through"
        before = came(run)
        # The page does nothing for four seconds, whatever comes.
        began, ended = page.evaluate(
            "() => { const t = Date.now(); while (Date.now() < t + 4000); return [t, t + 4000]; }"
        )
        went += came(run) - before
        paints = page.evaluate("() => semradio.paints")
        until(page, "n => semradio.paints > n + 5", paints)
        under_way = page.evaluate(
            "([a, b]) => semradio.sent.filter(t => t > a && t < b).length", [began, ended]
        )
        assert under_way <= 2
    done.set()
    measuring.join()
    until(page, "n => semradio.left_out > n", skipped)
    assert max(memory) - memory[0] < 8 << 20
    # What the page left out is on it.
    until(page, "() => document.getElementById('skipped').innerText !== '0'")
    paints = page.evaluate("() => semradio.paints")
    until(page, "n => semradio.paints > n + 5", paints)


COUNTS = "() => [...semradio.panels.shown.values()].map(p => [!!p.hidden, p.count])"


def test_what_is_out_of_sight_is_not_asked_for(start: Start, viewer: Any, page: Any) -> None:
    more = "".join(f"    more {k}: {{of: alice.y, show: time}}\n" for k in range(12))
    start(LINK + more)
    page.goto(viewer().url)
    until(page, "() => semradio.paints > 20")
    until(page, "() => [...semradio.panels.shown.values()].at(-1).hidden")
    # What was under way when it went out of sight may come still.
    for _ in range(5):
        count = page.evaluate(COUNTS)[-1][1]
        paints = page.evaluate("() => semradio.paints")
        until(page, "n => semradio.paints > n + 20", paints)
        if page.evaluate(COUNTS)[-1] == [True, count]:
            break
    assert page.evaluate(COUNTS)[-1] == [True, count]
    assert page.evaluate(COUNTS)[0][1] > 20
    # Now the last is in sight, and the first is not.
    page.locator(".panel").last.scroll_into_view_if_needed()
    until(page, "n => [...semradio.panels.shown.values()].at(-1).count > n + 5", count)
    assert page.evaluate(COUNTS)[0][0]


def test_keys_themes_and_sizes(start: Start, viewer: Any, page: Any) -> None:
    start(LINK)
    page.goto(viewer("--look").url)
    until(page, "() => semradio.paints > 3")
    theme = "() => document.documentElement.dataset.theme"
    before = page.evaluate(theme)
    page.keyboard.press("t")
    assert page.evaluate(theme) != before
    # Looking only: nothing can be turned.
    assert page.locator("#knobs input:not([disabled])").count() == 0
    assert page.locator("#stop").is_disabled()
    # By keys from block to block.
    page.keyboard.press("g")
    assert page.evaluate("() => document.activeElement.dataset.block") == "source"
    page.keyboard.press("Enter")
    assert page.locator("#menu").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("#menu").is_hidden()
    for width in (1280, 2560):
        page.set_viewport_size({"width": width, "height": 900})
        until(page, "w => innerWidth === w", width)
        # Nothing is cut off at the side.
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
