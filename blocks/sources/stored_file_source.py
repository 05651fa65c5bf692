"""Sources that read one file, which is open as long as they run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from semradio.blocks.api import ParameterError, Source, parameter
from semradio.blocks.stored_file import StoredFile


class StoredFileSource(Source):
    """Base of sources that read one file."""

    file: str = parameter(doc="Path of the file.")

    def configure(self) -> None:
        self._path = Path(self.file).expanduser()
        # A live change comes here, too, while the file is open.
        if not self.started:
            self._stored = StoredFile(self._path)

    def start(self) -> None:
        self._stored.open()

    def reads(self) -> Sequence[Path]:
        return [self._path]

    def restore(self, saved: None) -> None:
        """Do nothing: what comes next follows from its index, or from declared state."""

    def stop(self) -> None:
        self._stored.close()

    def _wrong(self, text: str) -> ParameterError:
        return self._stored.wrong(text)
