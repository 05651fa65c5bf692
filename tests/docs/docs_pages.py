"""The pages of ``docs/`` as programs: their fenced blocks, and a folder to run them in.

A page is a story: its blocks run in their order in one empty folder. ::

    ```yaml    a flowgraph: written to the file of its ``# file:`` line, loaded and checked
    ```python  a file, if it begins with ``# file:``; otherwise a cell, as in a notebook
    ```sh      commands, ``semradio`` and ``python`` only; ``# exit status 2`` states another
               status than 0, ``&`` lets one run beside the next
    ```text    after a cell or commands: what they print. A line ``...`` stands for any lines,
               ``...`` within one for any text; numbers with a point may differ by one percent

Other fences (``console``, ``ini``) are only shown.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import textwrap
import types
from dataclasses import dataclass, field
from pathlib import Path

from commands import PATH, Command
from ports import free_port

from semradio.blocks.api import registry
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.language import load

DOCS = Path(__file__).parents[2] / "docs"

RUN = ("yaml", "python", "sh", "text")
SHOWN = ("console", "ini")

PATIENCE_S = 240

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.M | re.S)
_FILE = re.compile(r"# file: (\S+)\n")
_STATUS = re.compile(r"#.*\bexit status (\d+)")
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_PORT = re.compile(r"\b475\d\d\b")
"""Ports that the pages use; each run gets free ones instead."""


Process = Command | subprocess.Popen[str]


@dataclass(frozen=True)
class Fence:
    """One fenced block of a page."""

    page: str
    language: str
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The file that the block is, if it says so in its first line."""
        found = _FILE.match(self.text)
        return found[1] if found else None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def fences(page: Path) -> list[Fence]:
    """Return the fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Fence(page.name, m[2], textwrap.dedent(m[1] + m[3]), text.count("\n", 0, m.start()) + 2)
        for m in _FENCE.finditer(text)
    ]


@dataclass
class Story:
    """A page that runs in a folder, block by block."""

    folder: Path
    environment: dict[str, str]
    printed: str | None = None
    """What the latest cell or commands wrote to standard output."""
    module: types.ModuleType = field(default_factory=lambda: types.ModuleType("docs_page"))
    ports: dict[str, str] = field(default_factory=dict)

    def run(self, fence: Fence) -> None:
        """Run one block; AssertionError or the block's own exception tells what is wrong."""
        text = _PORT.sub(lambda m: self._port(m[0]), fence.text)
        if fence.language == "text":
            assert self.printed is not None, f"{fence}: output of nothing"
            assert_printed(text, self.printed)
            self.printed = None
            return
        self.printed = None
        if fence.language == "yaml":
            self._flowgraph(fence, text)
        elif fence.language == "sh":
            self.printed = self._commands(text)
        elif fence.file is not None:
            (self.folder / fence.file).write_text(text, encoding="utf-8")
            self._finish(*self._start(f"python {fence.file}"), 0)
        else:
            self.printed = self._cell(fence, text)

    @contextlib.contextmanager
    def inside(self):  # type: ignore[no-untyped-def]
        """Make the folder the current one and the environment the process's own."""
        here, before, path = Path.cwd(), dict(os.environ), list(sys.path)
        modules, blocks = set(sys.modules), dict(registry._registered)
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.environment)
        sys.path.insert(0, str(self.folder))
        sys.modules[self.module.__name__] = self.module
        try:
            yield self
        finally:
            os.chdir(here)
            os.environ.clear()
            os.environ.update(before)
            sys.path[:] = path
            for name in set(sys.modules) - modules:
                # Modules of the page go; what it imported from elsewhere may stay.
                file = getattr(sys.modules[name], "__file__", None) or ""
                if name == self.module.__name__ or file.startswith(str(self.folder)):
                    del sys.modules[name]
            for name in set(registry._registered) - set(blocks):
                if registry._registered[name].__module__ not in sys.modules:
                    del registry._registered[name]

    def _port(self, written: str) -> str:
        if written not in self.ports:
            self.ports[written] = str(free_port())
        return self.ports[written]

    def _flowgraph(self, fence: Fence, text: str) -> None:
        assert fence.file is not None, f"{fence}: a flowgraph without a '# file:' line"
        path = self.folder / fence.file
        path.write_text(text, encoding="utf-8")
        plan = load(path, allow_code=True)
        assert set(Graph(plan).blocks) == set(plan.blocks)

    def _cell(self, fence: Fence, text: str) -> str:
        # Empty lines in front, so that a traceback shows the line of the page.
        code = compile("\n" * (fence.line - 1) + text, str(DOCS / fence.page), "exec")
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(code, self.module.__dict__)
        return out.getvalue()

    def _commands(self, text: str) -> str:
        printed = ""
        beside: list[tuple[Process, str, int]] = []
        for line in text.splitlines():
            command, _, _ = line.partition(" #")
            if not command.strip():
                continue
            status = int(found[1]) if (found := _STATUS.search(line)) else 0
            process, shown = self._start(command.rstrip().removesuffix("&"))
            if command.rstrip().endswith("&"):
                beside.append((process, shown, status))
            else:
                printed += self._finish(process, shown, status)
        for process, shown, status in beside:
            self._finish(process, shown, status)
        return printed

    def _start(self, command: str) -> tuple[Process, str]:
        words = shlex.split(command)
        environment = dict(self.environment)
        while re.fullmatch(r"[A-Z_]+=.*", words[0]):
            name, _, value = words.pop(0).partition("=")
            environment[name] = value
        assert words[0] in ("python", "semradio"), (
            f"only python, semradio may be run, not: {command}"
        )
        if words[0] == "semradio" and environment.get("PYTHONPATH") == PATH:
            training = words[1] in ("train", "export")
            return Command(
                *words[1:], folder=self.folder, environment=environment, training=training
            ), command.strip()
        start = [sys.executable, *(["-m", "semradio"] if words[0] == "semradio" else [])]
        process = subprocess.Popen(
            [*start, *words[1:]],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return process, command.strip()

    def _finish(self, process: Process, command: str, status: int) -> str:
        try:
            out, err = process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"{command}: not done after {PATIENCE_S} s\n{out}{err}") from None
        assert process.returncode == status, (
            f"{command}: exit status {process.returncode}, not {status}\n{out}{err}"
        )
        return out


def assert_printed(wanted: str, found: str) -> None:
    """Raise AssertionError if what was printed is not what the page shows."""
    lines = found.splitlines()
    anywhere = False
    for line in wanted.splitlines():
        if line == "...":
            anywhere = True
            continue
        while lines and anywhere and not _agree(line, lines[0]):
            lines.pop(0)
        assert lines, f"not printed: {line!r}; printed was:\n{found}"
        assert _agree(line, lines[0]), f"printed was {lines[0]!r}, not {line!r}"
        lines.pop(0)
        anywhere = False
    assert anywhere or not lines, f"printed as well: {lines}"


def _agree(wanted: str, found: str) -> bool:
    # Text must be the same, numbers with a point close.
    pattern = re.escape(_NUMBER.sub("\0", wanted)).replace(r"\.\.\.", ".*")
    match = re.fullmatch(pattern.replace(re.escape("\0"), f"({_NUMBER.pattern})"), found)
    if match is None:
        return False
    pairs = zip(_NUMBER.findall(wanted), match.groups(), strict=True)
    return all(abs(float(a) - float(b)) <= 0.01 * abs(float(a)) + 1e-6 for a, b in pairs)
