"""Sphinx extension: writes the pages that are made from blocks and flowgraphs themselves.

Before Sphinx reads its sources, ``reference/`` gets a page for each block, whose example runs here,
a page for each shipped flowgraph, which is drawn and runs here, and the API by topic. What fails
fails the build.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import matplotlib as mpl
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from terminal import write_recording
from words import PAGES, words_of

from semradio.blocks.api import registry
from semradio.blocks.api.block import Block
from semradio.flowgraphs.cli.block_example import failures
from semradio.flowgraphs.cli.block_page import page
from semradio.flowgraphs.cli.block_reference import by_category, summary
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.language import load
from semradio.flowgraphs.language.shipped import shipped
from semradio.flowgraphs.plan import FlowgraphError, Plan
from semradio.flowgraphs.show import to_svg
from semradio.flowgraphs.show.symbol import symbol_svg

log = logging.getLogger(__name__)

CHECKOUT = Path(__file__).parents[2]
STAND_INS = CHECKOUT / "tests" / "blocks" / "radio" / "standin"
"""Modules that stand in for radios: the examples of blocks that need one run against them."""

PICTURES = (".png", ".svg")

_PATIENCE_S = 600
"""For one command: what takes longer hangs, however busy the machine is."""

RUNS: dict[str, tuple[str, ...]] = {
    "arn_fgsm": ("frames=64",),
    "arn_link": ("frames=64",),
    "iq_link": ("frames=64",),
    "fm_station": ("seconds=0.5",),
    "fm_receiver": (),
    "spectrum_monitor": (),
    "irsc_link": ("frames=16",),
    "photo_link": ("frames=4",),
    "cifar_link": (),
    "conventional_link": ("frames=2",),
    "codec_at_capacity": ("frames=2",),
    "keyed_link": ("keys=file:link.key", "frames=64"),
    "over_the_air": ("frames=256",),
    "over_the_air_keyed": ("keys=file:link.key", "session=2", "frames=256"),
    "record": ("frames=256",),
    "play": ("frames=256",),
    "virtual_radio": ("frames=256",),
}
"""Shipped flowgraphs that run at build, in one folder: with few frames."""

FIRST = {
    "fm_receiver": "fm_station",
    "spectrum_monitor": "fm_station",
    "play": "record",
    "over_the_air_keyed": "keyed_link",
}
"""Of those that go on from what another one writes into the folder: which that is."""

_WAITS = "It waits for {}, so it is not run when this page is built."

NOT_RUN = {
    "gnuradio_link": _WAITS.format("a flowgraph of GNU Radio"),
    "over_the_air_gnuradio": _WAITS.format("a flowgraph of GNU Radio"),
    "radio_broker": _WAITS.format("srsRAN's radios"),
    "cifar_keyed": "It needs CIFAR-10's test pictures, unpacked.",
    "irsc_over_the_air": "It needs two data sets and takes longer than a build may.",
}

LOOKING = {
    "semradio view over_the_air --picture view.png --size 1280x1150": "view.png",
    "semradio view over_the_air --picture view-wide.png --size 2560x1200 --theme dark": (
        "view-wide.png"
    ),
    "semradio top over_the_air --picture top.svg": "top.svg",
}
"""Commands that draw a run which is looked at, and their pictures."""

API = {
    "flowgraphs": (
        "Compose, load, run",
        ["semradio.flowgraphs.flowgraph", "semradio.flowgraphs.runtime.result"],
    ),
    "blocks": (
        "Write a block",
        [
            "semradio.blocks.api.block",
            "semradio.blocks.api.kinds",
            "semradio.blocks.api.port",
            "semradio.blocks.api.tag",
            "semradio.blocks.api.item_type",
            "semradio.blocks.testing",
        ],
    ),
    "errors": ("Errors", ["semradio.blocks.errors"]),
    "export": ("Export a network", ["semradio.export.onnx_export"]),
    "sweeps": ("Sweep", ["semradio.flowgraphs.sweep.sweep"]),
}
"""Topic -> its title, and the modules that belong to it."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx when to call."""
    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "reference"))
    app.connect("source-read", _to_pages)
    return {"version": "1", "parallel_read_safe": True}


_PLACES = {
    "blocks.md": "reference/blocks/index.md",
    "../CONTRIBUTING.md": "reference/contributing.md",
}
"""Where a link of the repository leads on the site."""


def _to_pages(app: Sphinx, docname: str, source: list[str]) -> None:
    """In the repository all blocks stand on one page, here each on its own."""
    if "/" in docname:
        return
    for written, here in _PLACES.items():
        source[0] = source[0].replace(f"]({written})", f"]({here})")


def write(folder: Path) -> None:
    """Write all pages into an empty folder."""
    mpl.use("agg")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    _write_blocks(folder / "blocks")
    made = _write_flowgraphs(folder / "flowgraphs")
    _write_gallery(folder / "gallery.md", made)
    _write_api(folder / "api")
    for name, title in (("CONTRIBUTING", "Contributing"), ("CHANGELOG", "Versions")):
        text = (CHECKOUT / f"{name}.md").read_text(encoding="utf-8")
        text = re.sub(r"\]\(docs/", "](../", text).replace("](CHANGELOG.md)", "](changelog.md)")
        text = re.sub(r"\A# .*", f"# {title}", text)
        (folder / f"{name.lower()}.md").write_text(text, encoding="utf-8")


# Blocks ----------------------------------------------------------------------------------------


def _write_blocks(folder: Path) -> None:
    folder.mkdir()
    sys.path.insert(0, str(STAND_INS))
    words = {whose: words_of(page, set(registry.names())) for whose, page in PAGES.items()}
    index = ["# Blocks", "", "What there is to wire, by category.", ""]
    for category, classes in by_category().items():
        index += [f"## {category}", "", "| | |", "| --- | --- |"]
        for cls in classes:
            name = cls.block_type
            index.append(f"| [`{name}`]({name}.md) | {summary(cls).replace('|', chr(92) + '|')} |")
            others = {whose: found.get(name, []) for whose, found in words.items()}
            (folder / f"{name}.md").write_text(_block_page(cls, folder, others), encoding="utf-8")
        names = "\n".join(cls.block_type for cls in classes)
        index += ["", "```{toctree}\n:hidden:\n\n" + names + "\n```", ""]
    sys.path.remove(str(STAND_INS))
    (folder / "index.md").write_text("\n".join(index), encoding="utf-8")


def _block_page(cls: type[Block], folder: Path, others: dict[str, list[str]]) -> str:
    name = cls.block_type
    (folder / f"{name}.svg").write_text(symbol_svg(cls), encoding="utf-8")
    pictures = _run_example(cls, folder)
    title, rest = page(cls).split("\n", 1)
    head = [title, ""]
    entries = [name, *(word for found in others.values() for word in found)]
    head += ["```{eval-rst}", ".. index::"]
    head += [*(f"   single: {_entry(entry)}" for entry in entries), "```", ""]
    head += [f"![The block {name} with its ports]({name}.svg)"]
    body = rest
    shown = "\n".join(f"\n![What the example draws]({picture})" for picture in pictures)
    body = body.replace("\n## Source\n", f"{shown}\n\n## Source\n")
    tail = []
    if any(others.values()):
        tail = ["", "## In other words", ""]
        tail += [f"- {whose}: {', '.join(found)}" for whose, found in others.items() if found]
    # By its name, for it may be installed elsewhere.
    code = cls.__module__.removeprefix("semradio.").replace(".", "/") + ".py"
    tail += ["", f"Code: `{code}`. On the command line: `semradio blocks {name}`."]
    return "\n".join([*head, body, *tail]) + "\n"


def _entry(word: str) -> str:
    """Return a word as an index takes it: these have a meaning of their own there."""
    return word.replace(";", " ").replace("!", " ").strip()


def _run_example(cls: type[Block], folder: Path) -> list[str]:
    """Run a block's example; returns the pictures that it made, which are copied to the folder."""
    with _elsewhere() as place:
        if told := failures(cls):
            raise ExtensionError(f"the example of block '{cls.block_type}' fails:\n{told}")
        found = sorted(file for file in place.iterdir() if file.suffix in PICTURES)
        names = [f"{cls.block_type}-{file.name}" for file in found]
        for file, name in zip(found, names, strict=True):
            shutil.copy(file, folder / name)
    return names


@contextlib.contextmanager
def _elsewhere() -> Iterator[Path]:
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        try:
            yield Path(place)
        finally:
            os.chdir(here)


# Flowgraphs ------------------------------------------------------------------------------------


def _write_flowgraphs(folder: Path) -> list[tuple[str, str]]:
    """Write the pages; returns the commands that drew something, each with its picture."""
    folder.mkdir()
    made: list[tuple[str, str]] = []
    files = shipped()
    index = ["# Flowgraphs", "", "What `semradio run NAME` runs, each from one file.", "", "| | |"]
    index += ["| --- | --- |"]
    with tempfile.TemporaryDirectory() as place:
        runs = _run_all([name for name in RUNS if name in files], Path(place))
        for name, file in files.items():
            plan = load(name, ())
            index.append(f"| [`{name}`]({name}.md) | {plan.doc} |")
            text = _flowgraph_page(name, file, plan, runs.get(name), folder, Path(place))
            (folder / f"{name}.md").write_text(text, encoding="utf-8")
            made.append((f"semradio show {name} --svg {name}.svg", f"{name}.svg"))
            command = runs[name][0] if name in runs else ""
            pictures = sorted(folder.glob(f"{name}-*"))
            made += [(command, picture.name) for picture in pictures]
    index += ["", "```{toctree}\n:hidden:\n\n" + "\n".join(files) + "\n```", ""]
    (folder / "index.md").write_text("\n".join(index), encoding="utf-8")
    return made


def _write_gallery(page: Path, made: list[tuple[str, str]]) -> None:
    """Write a page of pictures, each below the one command that makes it."""
    lines = ["# Gallery", "", "Each picture is made by the command above it.", ""]
    lines += ["## At the terminal", "", "```console\n$ python docs/site/terminal.py\n```", ""]
    write_recording(page.with_name("terminal.svg"))
    lines += ["![A terminal: check, run, results](terminal.svg)", "", "## While it runs", ""]
    lines += ["Made beside `semradio run over_the_air --view`; not made at build.", ""]
    for command, picture in LOOKING.items():
        lines += [f"```console\n$ {command}\n```", "", f"![{picture}](../images/{picture})", ""]
    lines += ["## Runs and drawings", ""]
    for command, picture in sorted(made, key=lambda row: row[0].startswith("semradio show")):
        lines += [f"```console\n$ {command}\n```", "", f"![{picture}](flowgraphs/{picture})", ""]
    lines += [
        "## Figures",
        "",
        "Minutes to hours, from training to the plot; not made at build.",
        "",
    ]
    for file in sorted((CHECKOUT / "docs" / "figures").glob("*.svg")):
        lines += [f"```console\n$ semradio figure {file.stem}\n```", ""]
        lines += [f"![The figure {file.stem}](../figures/{file.name})", ""]
    page.write_text("\n".join(lines), encoding="utf-8")


Ran = tuple[str, dict[str, Any]]
"""A command, and the results by block."""


class _NoDataError(Exception):
    """A flowgraph's data set is not on the machine that builds the site."""


def _run_all(names: list[str], place: Path) -> dict[str, Ran]:
    """Run flowgraphs, as many at a time as there are CPUs; what comes of each is the same."""
    _semradio(["key", "link.key"], place)
    found: dict[str, Future[Ran]] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name in names:
            # It has been taken before this one is.
            first = found.get(FIRST.get(name, ""))
            found[name] = pool.submit(_run, name, RUNS[name], place, first)
        return {name: made.result() for name, made in found.items()}


def _run(name: str, given: tuple[str, ...], place: Path, first: Future[Ran] | None) -> Ran:
    """Run a flowgraph; returns the command and its results, none where its data are missing."""
    if first is not None:
        first.result()
    words = ["run", name, *given, "--in-process"]
    command = f"semradio {' '.join(words)}"
    try:
        _semradio([*words, "--quiet", "--json", f"{name}.json"], place)
    except _NoDataError:
        return command, {}
    return command, json.loads((place / f"{name}.json").read_text())["results"]


def _semradio(words: list[str], place: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "semradio", *words],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    if done.returncode and "the data set" in done.stderr and "was not found" in done.stderr:
        raise _NoDataError
    if done.returncode:
        raise ExtensionError(f"semradio {' '.join(words)}: {done.stdout}{done.stderr}")


def _flowgraph_page(
    name: str,
    file: Path,
    plan: Plan,
    run: Ran | None,
    folder: Path,
    place: Path,
) -> str:
    try:
        graph = Graph(plan)
        picture = to_svg(graph.plan, graph.edge_types)
    except FlowgraphError:
        picture = to_svg(plan, {})
    (folder / f"{name}.svg").write_text(picture, encoding="utf-8")
    lines = [f"# `{name}`", "", plan.doc, "", f"![The flowgraph {name}]({name}.svg)", ""]
    lines += ["## Run", ""]
    if run is None:
        lines += [f"`semradio run {name}`. {NOT_RUN[name]}", ""]
    else:
        command, results = run
        if not results:
            command += "  # needs data: semradio data"
            lines += ["Not run when this page was built: its data set was not there.", ""]
        lines += [f"```console\n$ {command}\n```", ""]
        if results:
            lines += ["When this page was built, that gave", ""]
            lines += ["| block | result | value |", "| --- | --- | --- |"]
        for block, found in results.items():
            for key, value in found.items():
                if isinstance(value, int | float) and not isinstance(value, bool):
                    lines.append(f"| `{block}` | {key} | {value:.4g} |")
        drawn = [v for found in results.values() for v in found.values() if isinstance(v, str)]
        for made in drawn:
            if Path(made).suffix in PICTURES and (place / made).is_file():
                shutil.copy(place / made, folder / f"{name}-{Path(made).name}")
                lines += ["", f"![What {name} drew]({name}-{Path(made).name})"]
    source = file.read_text(encoding="utf-8").rstrip()
    lines += ["", "## The file", "", f"```yaml\n{source}\n```", ""]
    return "\n".join(lines)


# API -------------------------------------------------------------------------------------------


def _write_api(folder: Path) -> None:
    folder.mkdir()
    index = [
        "# Python",
        "",
        "By topic; what most need is on the face: `from semradio import ...`.",
        "",
    ]
    for topic, (title, modules) in API.items():
        index.append(f"- [{title}]({topic}.md)")
        lines = [f"# {title}", ""]
        for module in modules:
            lines += [f"## {module}", "", "```{eval-rst}", f".. automodule:: {module}"]
            lines += ["   :members:", "   :show-inheritance:", "```", ""]
        (folder / f"{topic}.md").write_text("\n".join(lines), encoding="utf-8")
    index += ["", "```{toctree}\n:hidden:\n\n" + "\n".join(API) + "\n```", ""]
    (folder / "index.md").write_text("\n".join(index), encoding="utf-8")
