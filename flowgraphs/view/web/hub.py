"""Stands between a run and the pages: the only one that asks the run, in a thread of its own.

However many pages look at a port there is one tap. A run that ends leaves what is known of it, with
a word on why; a server that follows goes on to the next run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import msgspec

from semradio.blocks.api.item_type import ItemType
from semradio.blocks.errors import ParameterError, SemradioError
from semradio.flowgraphs.control.client import Control, ControlError, RefusedError, find_runs
from semradio.flowgraphs.plain import for_json
from semradio.flowgraphs.runtime.watch import Drawn, Status
from semradio.flowgraphs.view.feed import Feed, Frame
from semradio.flowgraphs.view.reduce.recent import Recent
from semradio.flowgraphs.view.web.again import Again
from semradio.flowgraphs.view.web.alive import Alive
from semradio.flowgraphs.view.web.drawing import graph_data
from semradio.flowgraphs.view.web.knobs import knobs
from semradio.flowgraphs.view.web.recording import Recording

STATUS_S = 0.4
"""Seconds between two looks at how the run stands."""

SEARCH_S = 0.25
"""Seconds between two looks for the next run."""

HISTORY = 200
"""Changes that are remembered."""

Wants = dict[str, tuple[int, float]]
"""By port, items of a frame and frames a second."""


class Page(Protocol):
    """A page as the hub sees it."""

    def wants(self) -> Wants:
        """Return what it looks at."""

    def offer(self, frames: list[Frame]) -> None:
        """Take what has come."""

    def news(self, name: str, data: Any) -> None:
        """Take what replaces what was known before: ``run``, ``status``, ``knobs``, ``history``."""


@dataclass
class Known:
    """What is known of the present run, or of the last one."""

    run: dict[str, Any] = field(default_factory=lambda: {"state": "waiting"})
    graph: dict[str, Any] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)
    knobs: list[dict[str, Any]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    recordings: list[dict[str, Any]] = field(default_factory=list)


class Hub:
    """Looks at one run after the other, for all pages.

    Args:
        find: gives the run to look at; None while there is none.
        follow: whether to go on to the next run when one has ended.
    """

    def __init__(self, find: Callable[[], Control | None], follow: bool) -> None:
        self.find = find
        self.follow = follow
        self.known = Known()
        self.ended = threading.Event()
        """Set when the last run that is to be looked at has ended."""
        self.again: Again | None = None
        """What starts the run once more, where that is known."""
        self._restarted = threading.Event()
        self._pages: list[Page] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._control: Control | None = None
        self._words = threading.Lock()
        """Held where it is noted why a run ended: that comes from several threads."""
        self._why = ""
        self._starts = 0
        self._gone: str | None = None
        self._alive = Alive()
        self._orderly = False
        self._taps: dict[str, tuple[int, int, float]] = {}
        self._trouble: dict[str, str] = {}
        self._recordings: dict[str, Recording] = {}
        self._recent: dict[str, Recent] = {}
        self._types: dict[str, str] = {}
        self._thread = threading.Thread(target=self._look, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more; a run that was started from here ends."""
        self._closing.set()
        self._restarted.set()
        self._thread.join(10)
        if self.again is not None:
            self.again.close()

    def join(self, page: Page) -> None:
        """Let a page look."""
        with self._lock:
            self._pages.append(page)
        known = self.known
        for name in ("run", "graph", "status", "knobs", "history", "recordings"):
            page.news(name, getattr(known, name))

    def leave(self, page: Page) -> None:
        """Let a page look no more."""
        with self._lock:
            self._pages.remove(page)

    def told(self, why: str, start: int = 0) -> None:
        """Note in words how a run ended: whoever started it knows best.

        Args:
            start: which of the starts from here it was; 0 for the run before all of them.
        """
        with self._words:
            if start != self._starts:
                # The next one has begun since.
                return
            self._why = why
        if self.ended.is_set():
            self._tell_why()

    # What pages ask for; from any thread ------------------------------------------------------

    def change(self, values: dict[str, Any]) -> list[dict[str, Any]]:
        """Change live parameters; returns what counts now, and from which item on.

        Raises:
            SemradioError: refused, or no run is there.
        """
        control = self._present()
        before = {f"{k['block']}.{k['parameter']}": k["value"] for k in self.known.knobs}
        taken = control.change(values)
        now = control.values()
        changed = [
            {
                "name": name,
                "before": before.get(name),
                "value": for_json(now.get(name)),
                "item": taken[name],
                "at_s": self.known.status.get("elapsed_s", 0.0),
            }
            for name in values
        ]
        self._tell("history", [*self.known.history, *changed][-HISTORY:])
        for knob in self.known.knobs:
            name = f"{knob['block']}.{knob['parameter']}"
            knob["value"] = for_json(now.get(name))
            if name in taken:
                knob["item"] = taken[name]
        self._tell("knobs", self.known.knobs)
        return changed

    def stop(self) -> None:
        """Let the run end its sources, drain and report; SemradioError if there is none."""
        self._present().stop()

    def start_again(self) -> None:
        """Start the run once more that has ended; SemradioError if that cannot be."""
        if self.again is None:
            raise SemradioError("only a run that was started with 'run --view' can be started here")
        if not self.ended.is_set():
            raise SemradioError("the run has not ended yet")
        with self._words:
            self._starts += 1
            self._why, self._gone = "", None
        self._alive.close()
        pid = self.again.start(partial(self.told, start=self._starts))
        self.find = finder(pid)
        self.ended.clear()
        self._restarted.set()

    def nobody_looks(self) -> None:
        """Learn that the last page is gone: a run that was started from one ends with it."""
        if self.again is not None:
            self.again.stop()

    def record(self, port: str, kind: str) -> None:
        """Write what comes at a port to a file from now on, or end that.

        Args:
            kind: ``sigmf``, ``npy``, or ``stop``.

        Raises:
            SemradioError: there is no run, or no such port, or the file cannot be written.
        """
        with self._lock:
            if kind == "stop":
                recording = self._recordings.pop(port, None)
                if recording is not None:
                    recording.close()
            elif port not in self._recordings:
                self._present()
                item = self.type_of(port)
                if item is None:
                    raise ParameterError(f"no port '{port}' is known here")
                name = self.known.run["flowgraph"]
                self._recordings[port] = Recording(name, port, kind, item)
                self.known.recordings.append(self._recordings[port].about)
        self._tell("recordings", self.known.recordings)

    def type_of(self, port: str) -> ItemType | None:
        """Return the type of the items at a port; None where it is not known."""
        block, _, name = port.rpartition(".")
        for found in self.known.graph.get("blocks", ()):
            if found["name"] == block:
                text = found["outputs"].get(name) or found["inputs"].get(name)
                try:
                    return ItemType.parse(text) if text else None
                except SemradioError:
                    return None
        return None

    def _present(self) -> Control:
        if self._control is None:
            raise ControlError("the run has ended")
        return self._control

    # In the thread ----------------------------------------------------------------------------

    def _look(self) -> None:
        while not self._closing.is_set():
            control = self.find()
            if control is not None:
                try:
                    with Feed(control) as feed:
                        self._follow(feed)
                except SemradioError:
                    self._end()
            elif self.follow or not self._why:
                self._closing.wait(SEARCH_S)
                continue
            else:
                # It has ended before it could be looked at.
                self._end()
            if not self.follow:
                self.ended.set()
                self._tell_why()
                self._restarted.wait()
                self._restarted.clear()
            elif control is not None:
                self._why = ""

    def _follow(self, feed: Feed) -> None:
        """Look at a run until it ends, which is told as an error."""
        try:
            self._look_at(feed)
        except SemradioError:
            # While its last word is waited for, whoever started it may say more.
            word = "" if self._why else feed.why()
            with self._words:
                self._why = self._why or word
            raise

    def _look_at(self, feed: Feed) -> None:
        what = feed.running()
        drawn = feed.graph()
        self._begin(what.pid, drawn, feed)
        due = 0.0
        while not self._closing.is_set():
            self._settle(feed)
            frames = feed.poll(0.02)
            with self._lock:
                pages = list(self._pages)
                for frame in frames if self._recordings else ():
                    recording = self._recordings.get(frame.port)
                    if recording is not None:
                        recording.add(frame)
            for page in pages if frames else ():
                page.offer(frames)
            now = time.monotonic()
            self._watch(feed)
            if now >= due:
                due = now + STATUS_S
                self._stand(feed.status(), feed)

    def _begin(self, pid: int, drawn: Drawn, feed: Feed) -> None:
        self._taps.clear()
        self._trouble.clear()
        self._recent.clear()
        self._gone, self._orderly = None, False
        self._alive.close()
        self._types = {block.name: block.type for block in drawn.blocks}
        view = drawn.plan.view
        run = {
            "state": "running",
            "flowgraph": drawn.flowgraph,
            "doc": drawn.doc,
            "file": drawn.file,
            "pid": pid,
            "panels": [
                {
                    "title": p.title,
                    "show": p.show,
                    "of": p.of,
                    "sample_rate": p.sample_rate,
                    "center": p.center,
                    "unit": p.unit,
                }
                for p in view.panels
            ],
        }
        self._control = feed.control
        self._tell("history", [])
        self._tell("graph", graph_data(drawn))
        self._tell("knobs", knobs(feed.running().parameters, self._types))
        self._stand(feed.status(), feed)
        self._tell("run", run)

    def _stand(self, status: Status, feed: Feed) -> None:
        found = msgspec.to_builtins(status)
        now = time.monotonic()
        if feed.control.endpoint.startswith("ipc:"):
            # Elsewhere, process ids are others'.
            self._alive.watch({process.name: process.pid for process in status.processes})
        self._orderly = status.state != "running" or any(b.finished for b in status.blocks)
        found["gone"] = self._gone
        found["metrics"] = for_json(status.metrics)
        found["recent"] = {
            block: self._recent.setdefault(block, Recent()).add(_numbers(values), now)
            for block, values in found["metrics"].items()
        }
        found["trouble"] = dict(self._trouble)
        self._tell("status", found)
        if self._recordings:
            self._tell("recordings", self.known.recordings)

    def _watch(self, feed: Feed) -> None:
        """Notice a process that is gone before its time, while the run still stands."""
        if self._gone is not None or self._orderly:
            return
        gone = self._alive.gone()
        if len(gone) != 1:
            # Of several it cannot be seen which one took the others with it: the run says so.
            return
        name = gone[0]
        try:
            blocks = [b for b in feed.status().blocks if b.process == name]
            # In an orderly end its blocks have finished first.
            self._orderly = bool(blocks) and all(b.finished for b in blocks)
        except ControlError:
            self._orderly = len(self._alive.gone()) == len(self._alive.pids)
        if not self._orderly:
            self._gone = name
            self._tell("status", {**self.known.status, "gone": name})

    def _tell_why(self) -> None:
        """Tell why the run ended, where that was not known yet when its end was told."""
        if self._why != self.known.run.get("why", ""):
            self._tell("run", {**self.known.run, **self._reason()})

    def _reason(self) -> dict[str, Any]:
        """Return why the run ended, and the process whose end was the reason."""
        named = [name for name in self._alive.pids if f"process '{name}'" in self._why]
        if named:
            self._gone = named[0]
        return {"why": self._why, "gone": self._gone}

    def _end(self) -> None:
        self._control = None
        with self._lock:
            for recording in self._recordings.values():
                recording.close()
            self._recordings.clear()
        # Whoever started the run may say why, a moment later.
        waited = time.monotonic() + 5.0
        while not self._why and not self.follow and time.monotonic() < waited:
            time.sleep(0.02)
        self._tell("recordings", self.known.recordings)
        self._tell(
            "run",
            {
                **self.known.run,
                "state": "ended",
                **self._reason(),
                "again": self.again is not None,
            },
        )

    def _settle(self, feed: Feed) -> None:
        """Let taps be where pages look."""
        wanted: Wants = {}
        with self._lock:
            for page in self._pages:
                for port, (items, per_s) in page.wants().items():
                    known = wanted.get(port, (0, 0.0))
                    wanted[port] = max(known[0], items), max(known[1], per_s)
            for port, recording in self._recordings.items():
                wanted[port] = max(wanted.get(port, (0, 0.0))[0], recording.items), 200.0
        for port in self._taps.keys() - wanted.keys():
            feed.untap(self._taps.pop(port)[0])
        for port, (items, per_s) in wanted.items():
            number, *now = self._taps.get(port, (0, 0, 0.0))
            if now == [items, per_s] or port in self._trouble:
                continue
            try:
                if number:
                    feed.change_tap(number, items, per_s)
                else:
                    number = feed.tap(port, items, per_s)
            except RefusedError:
                # Its process is busy; it is asked again.
                continue
            except ControlError:
                raise
            except SemradioError as error:
                self._trouble[port] = str(error)
                continue
            self._taps[port] = number, items, per_s

    def _tell(self, name: str, data: Any) -> None:
        setattr(self.known, name, data)
        with self._lock:
            pages = list(self._pages)
        for page in pages:
            page.news(name, data)


def finder(run: str | int | None) -> Callable[[], Control | None]:
    """Return what finds the newest run that fits: a process id, a name, an endpoint, or any.

    A name is that of a flowgraph, or of a process that was started with ``--only``.
    """
    if run is not None and "://" in str(run):
        return lambda: _answering(Control(str(run)))

    def find() -> Control | None:
        fits = [
            (found.what.elapsed_s, found.endpoint)
            for found in find_runs()
            if found.what is not None
            and (
                run is None
                or str(run) in (str(found.what.pid), found.what.flowgraph, found.what.process)
            )
        ]
        return Control(min(fits)[1]) if fits else None

    return find


def _answering(control: Control) -> Control | None:
    try:
        control.running()
    except SemradioError:
        return None
    return control


def _numbers(values: dict[str, Any]) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
