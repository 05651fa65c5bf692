"""Sinks that write one file, which gets its name when it is complete."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from semradio.blocks.api import Sink, parameter, state
from semradio.blocks.written_file import WrittenFile


class PartFileSink(Sink):
    """Base of sinks that write to ``FILE.part``, which takes the place of FILE at the end."""

    file: str = parameter(doc="Path of the file; its folder must exist.")

    items: int = state(0, doc="Items written.")

    def configure(self) -> None:
        self._path = Path(self.file).expanduser()
        # A live change comes here, too, while the file is open.
        if not self.started:
            self._destination: WrittenFile | None = None

    @property
    def _written(self) -> WrittenFile:
        if self._destination is None:
            self._destination = self.destination()
        return self._destination

    # What a kind of file defines ------------------------------------------------------------

    def destination(self) -> WrittenFile:
        """Return the file, not open yet."""
        return WrittenFile(self._path)

    def begin(self, stream: BinaryIO) -> None:
        """Write what stands before the first item."""

    def complete(self, stream: BinaryIO) -> None:
        """Write what is known only when all items are written."""

    def publish(self) -> None:
        """Give the file, which is closed, its name."""
        self._written.take_name()

    # What is the same for all of them -------------------------------------------------------

    def start(self) -> None:
        if self.enabled and not self.resumes:
            self._open()

    def save(self) -> Any:
        return self._written.place()

    def unsynced(self) -> Sequence[int]:
        return self._written.unsynced()

    def restore(self, saved: Any) -> None:
        if saved is not None:
            self._written.reopen(saved)

    def write(self, data: bytes | memoryview) -> None:
        """Add to the file, which is opened if it is not yet."""
        if self._written.stream is None:
            self._open()
        with self._written.writing() as stream:
            stream.write(data)

    def flush(self) -> None:
        if self._written.stream is None:
            return
        with self._written.writing() as stream:
            self.complete(stream)
            self._written.close()
            self.publish()

    def stop(self) -> None:
        if why := self._written.abandon():
            self.note(why)

    def _open(self) -> None:
        self._written.open()
        with self._written.writing() as stream:
            self.begin(stream)
