"""A picture of the page, as a browser without a screen draws it."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

from semradio.blocks.errors import ParameterError, SemradioError
from semradio.flowgraphs.view.web.server import Server

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""How Chromium is started: without a screen, and fetching nothing for itself."""

PATIENCE_S = 30.0


def chromium() -> str:
    """Return the path of Chromium; ParameterError if there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        raise ParameterError("a picture needs Chromium: apt-get install chromium")
    return found


def take_picture(
    server: Server, file: Path, width: int, height: int, theme: str, seconds: float
) -> None:
    """Write what the page looks like after some seconds, as PNG.

    Raises:
        ParameterError: Chromium or Playwright is missing.
        SemradioError: nothing moved on the page.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        raise ParameterError("a picture needs Playwright: pip install playwright") from None
    path = chromium()
    ready = threading.Event()
    serving = threading.Thread(target=server.run, args=(ready.set,), daemon=True)
    serving.start()
    try:
        if not ready.wait(PATIENCE_S):
            raise SemradioError("the page could not be served")
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(server.url("change"))
            deadline = time.monotonic() + PATIENCE_S
            while not page.evaluate("() => window.semradio?.paints > 3"):
                if time.monotonic() > deadline:
                    raise SemradioError("nothing moves on the page")
                page.wait_for_timeout(100)
            if page.evaluate("() => document.documentElement.dataset.theme") != theme:
                page.keyboard.press("t")
            page.wait_for_timeout(seconds * 1000)
            page.screenshot(path=str(file))
            browser.close()
    finally:
        server.close()
        serving.join(10)
