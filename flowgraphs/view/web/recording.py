"""Writes what a viewer is handed of a port to a file, and says how much was left out.

The blocks that record in flowgraphs do it: ``sigmf_sink`` and ``file_sink``.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from semradio.blocks.api import registry
from semradio.blocks.api.item_type import ItemType
from semradio.blocks.api.kinds import Sink
from semradio.blocks.api.tag import GAP, Tag
from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.view.feed import Frame

ITEMS = 1 << 15
"""Items of a frame at most."""

ENDINGS = {"sigmf": ".sigmf-data", "npy": ".npy"}
"""Kinds of recordings, and how their files are called."""


class Recording:
    """A file that grows while frames come: ``.npy``, or SigMF's pair of files.

    The file has a name ending with ``.part`` until the end. SigMF keeps where items were left out:
    each stretch is a capture with the number of its first item in the stream. What an .npy file
    lacks is only counted.

    Args:
        flowgraph, port: what the file is called after.
        kind: ``npy`` or ``sigmf``.
        item: type of the items.

    Raises:
        SemradioError: the file cannot be written, ``kind`` is none, or it has no such items.
    """

    items = ITEMS

    def __init__(self, flowgraph: str, port: str, kind: str, item: ItemType) -> None:
        if kind not in ENDINGS:
            raise SemradioError(f"'{kind}' is no kind of recording: {' or '.join(ENDINGS)}")
        stem = re.sub(r"[^\w.-]+", "_", f"{flowgraph}_{port}")
        name = f"{stem}{time.strftime('_%Y%m%d_%H%M%S')}{ENDINGS[kind]}"
        try:
            path = Path(name).absolute()
        except OSError as error:
            raise SemradioError(f"'{name}' cannot be written: {error.strerror}") from error
        if path.exists():
            raise SemradioError(f"'{path}' is there already: try again in a second")
        self.sink = _sink(kind, path, f"port {port} of {flowgraph}, items of {item}")
        try:
            self.sink.resolve({"x": item})
        except SemradioError as error:
            raise SemradioError(f"{kind} has no items of {item}: {error}") from error
        self.sink.start()
        self.about: dict[str, Any] = {
            "port": port,
            "file": str(path),
            "items": 0,
            "left_out": 0,
            "open": True,
            "trouble": "",
        }
        self._next: int | None = None

    def add(self, frame: Frame) -> None:
        """Write the items of a frame."""
        if not len(frame.array) or self.about["trouble"]:
            return
        try:
            self._add(frame)
        except SemradioError as error:
            # Full, say: what was written stays, and the run goes on.
            self.about["trouble"] = str(error)

    def _add(self, frame: Frame) -> None:
        if self._next is None:
            self._hear(Tag(0, GAP, frame.index))
        elif frame.index > self._next:
            self.about["left_out"] += frame.index - self._next
            self._hear(Tag(self.about["items"], GAP, frame.index - self._next))
        done = 0
        for tag in frame.tags:
            self._write(frame, done, tag.index - frame.index)
            done = tag.index - frame.index
            self._hear(tag)
        self._write(frame, done, len(frame.array))
        self._next = frame.index + len(frame.array)

    def _hear(self, tag: Tag) -> None:
        if self.sink.listens:
            self.sink.on_tag(tag)

    def _write(self, frame: Frame, start: int, end: int) -> None:
        if end > start:
            # The file has no gaps: its items are counted one after the other.
            self.sink.work(frame.array[start:end], self.about["items"])
            self.about["items"] += end - start

    def close(self) -> None:
        """Finish the file."""
        if not self.about["open"]:
            return
        self.about["open"] = False
        try:
            if not self.about["trouble"]:
                self.sink.flush()
        except SemradioError as error:
            self.about["trouble"] = str(error)
        self.sink.stop()


def _sink(kind: str, path: Path, about: str) -> Sink:
    if kind == "npy":
        made = registry.find("file_sink")(file=str(path))
    else:
        made = registry.find("sigmf_sink")(
            file=str(path), datetime="now", description=f"{about}; recorded by semradio view"
        )
    assert isinstance(made, Sink)
    return made
