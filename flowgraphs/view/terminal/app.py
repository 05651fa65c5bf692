"""The screen of ``semradio top``: how a run stands, its knobs, and what passes at a port."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any, ClassVar

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable, Footer, Static

from semradio.blocks.errors import ParameterError
from semradio.flowgraphs.control import messages
from semradio.flowgraphs.control.client import Control, ControlError, RefusedError
from semradio.flowgraphs.runtime.change import LiveParameter
from semradio.flowgraphs.runtime.watch import Drawn, Status
from semradio.flowgraphs.view.feed import Feed, Frame
from semradio.flowgraphs.view.pace import Pace, pace
from semradio.flowgraphs.view.terminal.half_blocks import shown
from semradio.flowgraphs.view.terminal.knob import can_turn, turned

STATUS_S = 0.5
"""Seconds between two looks at how the run stands."""

PICTURES_PER_S = 8.0
"""Pictures of a port a second: terminals are slow."""

Order = Callable[[Feed], None]
"""Something to be asked of the run, in the thread that talks to it."""


class Top(App[str]):
    """Looks at one run until it ends or somebody presses q; returns why it ended.

    Args:
        control: the run.
        port: of which items are shown first; None for the first output that is worth it.
    """

    TITLE = "semradio top"
    CSS = """
    #head { height: 1; padding: 0 1; text-style: bold; }
    #said { height: 1; padding: 0 1; color: $warning; }
    #left { width: 2fr; }
    #right { width: 1fr; }
    DataTable, #metrics, #view { border: round $foreground 40%; border-title-color: $foreground;
      border-subtitle-color: $foreground 80%; }
    DataTable { height: 1fr; }
    DataTable:focus { border: round $accent; border-title-color: $accent; }
    #processes { height: auto; max-height: 9; }
    #metrics { height: auto; max-height: 12; padding: 0 1; }
    #view { height: 2fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "quit"),
        Binding("s", "stop", "stop the run"),
        Binding("p", "next_port", "next port"),
        Binding("P", "next_port(-1)", "port before", show=False),
        Binding("left", "turn(-1)", "less", priority=True),
        Binding("right", "turn(1)", "more", priority=True),
        Binding("shift+left", "turn(-10)", "much less", show=False, priority=True),
        Binding("shift+right", "turn(10)", "much more", show=False, priority=True),
        Binding("d", "toggle_dark", "dark/light"),
    ]

    def __init__(self, control: Control, port: str | None = None) -> None:
        super().__init__()
        self.control = control
        self.port = port
        self.ports: list[str] = [] if port is None else [port]
        self.knobs: list[LiveParameter] = []
        self.orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self.turning: dict[str, list[Any]] = {}
        """Values that knobs were turned to, which the run has not taken yet."""
        self.before: Status | None = None
        self.looks = 0
        """How often it was told how the run stands."""
        self.last: Frame | None = None
        self.ending = False

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield Static("", id="head")
        with Horizontal():
            with Vertical(id="left"):
                yield DataTable(id="processes", cursor_type="none")
                yield DataTable(id="blocks", cursor_type="row")
                yield DataTable(id="edges", cursor_type="row")
            with Vertical(id="right"):
                yield Static("", id="view")
                yield DataTable(id="knobs", cursor_type="row")
                yield Static("", id="metrics")
        yield Static("", id="said")
        yield Footer()

    def on_mount(self) -> None:
        """Begin to look."""
        for name, columns in (
            ("processes", ("process", "CPU %", "waits %", "MiB", "inside")),
            ("blocks", ("block", "process", "items", "items/s", "busy %")),
            ("edges", ("edge", "items/s", "fill", "kept", "drop", "held", "starved")),
            ("knobs", ("parameter", "value", "limits")),
        ):
            self.table(name).add_columns(*columns)
            self.table(name).border_title = name
        self.query_one("#metrics", Static).border_title = "metrics"
        self.table("knobs").focus()
        self.watch_the_run()

    def table(self, name: str) -> DataTable[Any]:
        """Return a table by its name."""
        return self.query_one(f"#{name}", DataTable)

    # The run, in a thread of its own --------------------------------------------------------

    @work(thread=True, exclusive=True)
    def watch_the_run(self) -> None:
        """Talk to the run until it ends."""
        try:
            with Feed(self.control) as feed:
                self.call_from_thread(self.begin, feed.running(), feed.graph())
                self.talk(feed)
        except ControlError as error:
            self.call_from_thread(self.exit, f"the run has ended ({error})")

    def talk(self, feed: Feed) -> None:
        """Pass on what the run tells, and ask it what was ordered."""
        tapped: int | None = None
        at: str | None = None
        looks = 0
        while not self.ending:
            while not self.orders.empty():
                self.orders.get()(feed)
            if at != self.port:
                if tapped is not None:
                    feed.untap(tapped)
                at, tapped = self.port, None
                try:
                    tapped = None if at is None else feed.tap(at, per_s=PICTURES_PER_S)
                except RefusedError:
                    # Its process is busy; it is asked again.
                    at = None
            for frame in feed.poll(STATUS_S / 5):
                self.call_from_thread(self.show_frame, frame)
            looks += 1
            if looks % 5 == 1:
                self.call_from_thread(self.show_status, feed.status(), feed.running())

    # What it tells --------------------------------------------------------------------------

    def begin(self, what: messages.IsRunning, graph: Drawn) -> None:
        """Learn what runs."""
        self.sub_title = what.flowgraph
        outputs = [
            (f"{block.name}.{port}", item)
            for block in graph.blocks
            for port, item in block.outputs.items()
            if item
        ]
        outputs.sort(key=lambda named: not named[1].startswith("complex"))
        self.ports = [port for port, _ in outputs]
        if self.port is None and self.ports:
            self.port = self.ports[0]

    def show_status(self, status: Status, what: messages.IsRunning) -> None:
        """Show how the run stands."""
        went = pace(self.before or status, status)
        self.before = status
        self.looks += 1
        slow = went.held_back_by
        process = f", process {what.process}" if what.process else ""
        held = f"; the others wait for {slow}" if slow else ""
        name = f"{what.flowgraph}{process} (pid {what.pid})"
        stands = f"{status.state} for {status.elapsed_s:.0f} s{held}"
        self.query_one("#head", Static).update(f"{name}, {stands}")
        self._fill("processes", _processes(status, went))
        self._fill("blocks", _blocks(status, went))
        self._fill("edges", _edges(status, went))
        self.knobs = [knob for knob in what.parameters if can_turn(knob)]
        for knob in self.knobs:
            knob.value = self.turning.get(_name(knob), [knob.value])[-1]
        self._fill("knobs", [_knob_row(knob) for knob in self.knobs])
        self.query_one("#metrics", Static).update(_metrics(status))

    def _fill(self, name: str, rows: list[tuple[Any, ...]]) -> None:
        """Put rows into a table, whose cursor stays where it is."""
        table = self.table(name)
        if table.row_count != len(rows):
            table.clear()
            for row in rows:
                table.add_row(*row)
            return
        for k, row in enumerate(rows):
            for column, cell in enumerate(row):
                if table.get_cell_at((k, column)) != cell:  # type: ignore[arg-type]
                    table.update_cell_at((k, column), cell)  # type: ignore[arg-type]

    def show_frame(self, frame: Frame) -> None:
        """Show items of the port that is looked at."""
        if frame.port != self.port or not len(frame.array):
            return
        self.last = frame
        view = self.query_one("#view", Static)
        view.border_title = f"{frame.port}: {frame.item}"
        view.border_subtitle = f"item {frame.index:,}, {frame.skipped:,} left out before"
        size = view.content_size
        view.update(shown(frame.array, frame.item, size.width, size.height))

    def say(self, text: str) -> None:
        """Show one line."""
        self.query_one("#said", Static).update(text)

    # Keys -----------------------------------------------------------------------------------

    def action_turn(self, steps: int) -> None:
        """Turn the knob that the cursor is on."""
        table = self.table("knobs")
        if not self.knobs or table.cursor_row >= len(self.knobs):
            return
        knob = self.knobs[table.cursor_row]
        knob.value = turned(knob, steps)
        name, value = _name(knob), knob.value
        self.turning.setdefault(name, []).append(value)

        def order(feed: Feed) -> None:
            try:
                item = feed.change({name: value})[name]
                said = f"{name} = {value} from item {item:,}"
            except (ParameterError, RefusedError) as error:
                said = str(error)
            self.call_from_thread(self.taken, name, said)

        table.update_cell_at((table.cursor_row, 1), _value(value))  # type: ignore[arg-type]
        self.orders.put(order)

    def taken(self, name: str, said: str) -> None:
        """Hear what became of the oldest turn of a knob."""
        self.turning[name].pop(0)
        if not self.turning[name]:
            del self.turning[name]
        self.say(said)

    def action_next_port(self, step: int = 1) -> None:
        """Look at another port."""
        if self.ports and self.port in self.ports:
            self.port = self.ports[(self.ports.index(self.port) + step) % len(self.ports)]

    def action_stop(self) -> None:
        """Let the run end its sources and drain."""
        self.orders.put(lambda feed: feed.stop())
        self.say("stopping")

    def action_toggle_dark(self) -> None:
        """Change between a dark and a light screen."""
        self.theme = "textual-light" if self.theme == "textual-dark" else "textual-dark"

    async def action_quit(self) -> None:
        """Leave; the run goes on."""
        self.ending = True
        self.exit("")


def _processes(status: Status, went: Pace) -> list[tuple[Any, ...]]:
    slow = went.held_back_by
    rows = []
    for p in status.processes:
        found = went.processes.get(p.name)
        style = "bold reverse" if p.name == slow else "dim" if p.silent else ""
        inside = "does not answer" if p.silent else p.inside or ""
        rows.append(
            (
                _styled(p.name, style),
                _percent(found.cpu if found else 0),
                _percent(found.waited if found else 0),
                _right(f"{p.rss_bytes / 2**20:.0f}"),
                inside,
            )
        )
    return rows


def _blocks(status: Status, went: Pace) -> list[tuple[Any, ...]]:
    rows = []
    for b in status.blocks:
        found = went.blocks.get(b.name)
        rows.append(
            (
                _styled(b.name, "dim" if b.finished else ""),
                b.process,
                _right(f"{b.items_out or b.items_in:,}"),
                _right(f"{found.rate if found else 0:,.0f}"),
                _percent(found.busy if found else 0),
            )
        )
    return rows


def _edges(status: Status, went: Pace) -> list[tuple[Any, ...]]:
    rows = []
    for e in status.edges:
        found = went.edges.get(e.label)
        direct = e.capacity is None and not e.fill
        rows.append(
            (
                e.label.replace("->", "→"),
                _right(_short(found.rate if found else 0)),
                _right("" if direct else f"{_short(e.fill)}/{_short(e.capacity or 0)}"),
                _right(f"{_short(e.kept)}/{_short(e.kept_most)}" if e.kept_most else ""),
                Text(_short(e.dropped) if e.dropped else "", "bold red", justify="right"),
                _percent(found.held if found else 0),
                _percent(found.starved if found else 0),
            )
        )
    return rows


def _knob_row(knob: LiveParameter) -> tuple[Any, ...]:
    limits = ", ".join(part for part in (knob.limits, knob.unit) if part)
    return _name(knob), _value(knob.value), limits


def _name(knob: LiveParameter) -> str:
    return f"{knob.block}.{knob.parameter}"


def _metrics(status: Status) -> Text:
    """Return the metrics that are single numbers, a line each block."""
    text = Text()
    for block, figures in status.metrics.items():
        text.append(f"{block}  ", "bold")
        numbers = [f"{k} {v:.4g}" for k, v in figures.items() if isinstance(v, int | float)]
        text.append("  ".join(numbers) + "\n")
    return text


def _value(value: Any) -> Text:
    text = (
        ("on" if value else "off")
        if isinstance(value, bool)
        else f"{value:.6g}"
        if isinstance(value, float)
        else str(value)
    )
    return Text(text, justify="right")


def _styled(text: str, style: str) -> Text:
    """Return a text whose style counts when it is compared with another."""
    found = Text(text)
    found.stylize(style)
    return found


def _short(number: float) -> str:
    """Return a number with three digits and a prefix."""
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= factor:
            return f"{number / factor:.3g}{prefix}"
    return f"{number:.0f}"


def _right(text: str) -> Text:
    return Text(text, justify="right")


def _percent(share: float) -> Text:
    return Text(f"{100 * share:.0f}" if share >= 0.005 else "", justify="right")
