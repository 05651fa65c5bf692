"""How fast the page of a run draws: paints a second, and milliseconds from the tap to the paint.

    python benchmarks/view_page.py [SECONDS]

A constellation of 1024 points, a spectrum, a waterfall and four pictures, all of them in sight, in
Chromium without a screen and without a GPU; then the same page stands still for four seconds. A
paint is over when the page has laid out and handed over what it drew. Prints the load of the
machine too: with more than its cores are worth of it, figures say little. The run, its viewer and
Chromium share the cores; their CPU time is told.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import psutil
from playwright.sync_api import Page, sync_playwright

from semradio.flowgraphs.view.web.picture import FLAGS, chromium

FLOWGRAPH = """
flowgraph: drawn
blocks:
  source: {block: noise_source, type: complex64, seed: 1}
  pace: {block: throttle, rate: 200000}
  air: {block: awgn_channel, snr_db: 10}
  sink: {block: null_sink}
  images: {block: image_source, dataset: mnist, repeat: true}
  slowly: {block: throttle, rate: 2000}
  end: {block: null_sink}
  labels: {block: null_sink}
connections:
  - source -> pace -> air -> sink
  - images.image -> slowly -> end
  - images.label -> labels
view:
  panels:
    symbols: {of: air.y, show: constellation}
    spectrum: {of: air.y, show: spectrum}
    waterfall: {of: air.y, show: waterfall}
    pictures: {of: slowly.y, show: pictures}
"""


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "drawn.yml"
        file.write_text(FLOWGRAPH)
        run = [sys.executable, "-m", "semradio.flowgraphs", "run", str(file), "--quiet"]
        process = subprocess.Popen(
            [*run, "--view", "--no-open"], stderr=subprocess.PIPE, text=True, cwd=folder
        )
        assert process.stderr is not None
        said = ""
        while not (urls := re.findall(r"http://\S+", said)):
            said += process.stderr.readline()
            assert process.poll() is None, said
        try:
            measure(urls[0], seconds, psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait(30)


def measure(url: str, seconds: float, run: psutil.Process) -> None:
    viewer = next(child for child in run.children() if "view" in child.cmdline())
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 1040})
        page.goto(url)
        page.wait_for_timeout(3000)
        hidden = page.evaluate("() => [...semradio.panels.shown.values()].map(p => !!p.hidden)")
        assert hidden == [False] * 4, "not all panels are in sight"
        page.evaluate("() => { semradio.latencies.length = 0; semradio.before = semradio.paints; }")
        before = shares(run, viewer)
        page.wait_for_timeout(seconds * 1000)
        after = shares(run, viewer)
        paints, latencies = page.evaluate(
            "() => [semradio.paints - semradio.before, semradio.latencies]"
        )
        p50, p99 = np.percentile(latencies, [50, 99])
        load = os.getloadavg()[0]
        print(f"load {load:.1f} on {os.cpu_count()} cores")
        print(f"paints: {paints / seconds:.1f}/s")
        print(
            f"tap to paint: median {p50:.1f} ms, 99 % within {p99:.1f} ms ({len(latencies)} panels)"
        )
        used = ", ".join(f"{name} {(after[name] - before[name]) / seconds:.2f}" for name in after)
        print(f"cores used: {used}")
        frozen(page, viewer)
        browser.close()


def shares(run: psutil.Process, viewer: psutil.Process) -> dict[str, float]:
    """Return CPU seconds so far."""
    browsers = [p for p in psutil.Process().children(True) if "--type=renderer" in p.cmdline()]
    return {
        "run": sum(run.cpu_times()[:2]),
        "viewer": sum(viewer.cpu_times()[:2]),
        "renderer": sum(sum(p.cpu_times()[:2]) for p in browsers),
    }


def frozen(page: Page, viewer: psutil.Process) -> None:
    """Let the page stand still for four seconds."""
    memory, skipped = viewer.memory_info().rss, page.evaluate("() => semradio.left_out")
    began = page.evaluate(
        "() => { const t = Date.now(); while (Date.now() < t + 4000); return t; }"
    )
    grown = viewer.memory_info().rss - memory
    page.wait_for_timeout(500)
    sent, counted = page.evaluate(
        "t => [semradio.sent.filter(s => s > t && s < t + 4000).length, semradio.left_out]", began
    )
    print(
        f"frozen for 4 s: {sent} messages under way, viewer's memory {grown / 2**20:+.1f} MiB, "
        f"{counted - skipped} frames counted as skipped"
    )


if __name__ == "__main__":
    main()
