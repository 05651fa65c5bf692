"""A run in a notebook: progress, and pictures of some ports, below the cell that runs it."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import numpy as np
from PIL import Image

from semradio.blocks.api.item_type import Array, ItemType
from semradio.blocks.errors import ParameterError, SemradioError
from semradio.flowgraphs.control.client import Control, RefusedError
from semradio.flowgraphs.runtime.change import Steerable
from semradio.flowgraphs.runtime.watch import Drawn, Status
from semradio.flowgraphs.view.feed import Feed, Frame
from semradio.flowgraphs.view.pace import Pace, pace
from semradio.flowgraphs.view.picture_of import picture_of
from semradio.flowgraphs.view.reduce.picture import is_picture

SHOWN_S = 0.5
"""Seconds between two pictures."""

MOST_PORTS = 4
"""Ports that are shown where nobody says which."""

SIZE = 168
"""Pixels of a picture that is not made of the items' own."""

Show = Callable[[str], None]
"""Shows a piece of HTML in place of the one before."""


class NotebookView:
    """Shows a run below a notebook's cell while it runs, in a thread of its own.

    Args:
        endpoints: of the run's control sockets.
        ports: what is shown, as ``block.port``; without any, some outputs that are worth it.
        show: where; by default the notebook's cell.

    Raises:
        ParameterError: there is no notebook, or no control socket.
    """

    def __init__(
        self, endpoints: Sequence[str], ports: Sequence[str] = (), show: Show | None = None
    ) -> None:
        if not endpoints:
            raise ParameterError("view: the run has no control socket, so nothing can be shown")
        self._control = Control(endpoints[0])
        self._ports = list(ports)
        self._show = show or _cell()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._before: Status | None = None
        self._latest: dict[str, Frame] = {}

    def serve(self, host: Steerable) -> None:
        """Begin to look at a run that has begun."""
        self._ports = self._ports or _worth_showing(host.drawn())
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Show what came last, and look no more."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def _look(self) -> None:
        try:
            with Feed(self._control) as feed:
                ports = list(self._ports)
                while not self._ending.is_set():
                    ports = [port for port in ports if not _tapped(feed, port)]
                    self._take(feed)
        except SemradioError:
            # The run has ended; what was shown last stays.
            return

    def _take(self, feed: Feed) -> None:
        status = feed.status()
        went = pace(self._before or status, status)
        self._before = status
        for _ in range(5):
            for frame in feed.poll(SHOWN_S / 5):
                if len(frame.array):
                    self._latest[frame.port] = frame
        self._show(page(status, went, list(self._latest.values())))


def _tapped(feed: Feed, port: str) -> bool:
    """Look at a port; returns whether its process could be asked."""
    try:
        feed.tap(port, per_s=1 / SHOWN_S)
    except RefusedError:
        return False
    return True


def page(status: Status, went: Pace, frames: Sequence[Frame]) -> str:
    """Return how a run stands, and pictures of some frames, as HTML."""
    rows = "".join(
        f"<tr><td>{escape(block.name)}</td><td>{block.items_out or block.items_in:,}</td>"
        f"<td>{went.blocks[block.name].rate:,.0f}</td></tr>"
        for block in status.blocks
        if block.name in went.blocks
    )
    metrics = "".join(
        f"<tr><td>{escape(block)}</td><td>{escape(name)}</td><td>{value:.4g}</td></tr>"
        for block, figures in status.metrics.items()
        for name, value in figures.items()
        if isinstance(value, int | float)
    )
    pictures = "".join(_figure(frame) for frame in sorted(frames, key=lambda frame: frame.port))
    return (
        f"<div>{status.state} for {status.elapsed_s:.1f} s</div>"
        '<div style="display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start">'
        f"<table><tr><th>block</th><th>items</th><th>items/s</th></tr>{rows}</table>"
        f"<table>{metrics}</table>{pictures}</div>"
    )


def _figure(frame: Frame) -> str:
    made = is_picture(frame.item.dtype, frame.item.shape)
    picture = picture_of(frame.array[-8:] if made else frame.array, frame.item, 512, SIZE)
    height = max(SIZE // 2, len(picture)) if made else SIZE
    return (
        '<figure style="margin:0">'
        f'<img style="image-rendering:pixelated;height:{height}px" src="{_png(picture)}">'
        f"<figcaption>{escape(frame.port)}, item {frame.index:,}</figcaption></figure>"
    )


def _png(picture: Array) -> str:
    """Return a picture, uint8 of shape (rows, columns, 3), as the address of an image."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _worth_showing(graph: Drawn) -> list[str]:
    """Return outputs that are worth showing: complex numbers, then pictures."""
    found: list[tuple[int, str]] = []
    for block in graph.blocks:
        for port, text in block.outputs.items():
            item = ItemType.parse(text)
            if item.dtype.startswith("complex"):
                found.append((0, f"{block.name}.{port}"))
            elif is_picture(item.dtype, item.shape):
                found.append((1, f"{block.name}.{port}"))
    return [port for _, port in sorted(found, key=lambda entry: entry[0])[:MOST_PORTS]]


def _cell() -> Show:
    """Return what shows HTML below the cell that runs."""
    try:
        from IPython import display as ipython
        from IPython import get_ipython
    except ModuleNotFoundError:
        raise ParameterError("view=True shows a run in a notebook: IPython is not here") from None
    if get_ipython() is None:
        raise ParameterError(
            "view=True shows a run in a notebook; elsewhere use 'semradio top', or control=True"
        )
    # Not typed: any other package may be in its place.
    shown: Any = ipython
    handle = shown.display(shown.HTML("starting"), display_id=True)
    return lambda html: handle.update(shown.HTML(html))
