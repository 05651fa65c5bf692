"""The text of one flowgraph file, and the places in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from semradio.flowgraphs.plan import FlowgraphError, Location, Problem

SIZE_LIMIT = 1_000_000
"""Bytes of a flowgraph file at most: more is not a flowgraph."""

_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Source:
    """One text: a file, a string, or the value of an override."""

    name: str
    """What locations call it: the path as the user gave it, or ``<text>``."""
    text: str
    folder: Path
    """Where relative paths in the text start."""
    lines: tuple[str, ...]
    path: Path | None = None

    @classmethod
    def of_text(cls, text: str, name: str = "<text>") -> Source:
        """Return a source for text that stands in no file."""
        return cls(name, text, Path(), tuple(_LINE_END.split(text)))

    @classmethod
    def of_file(cls, path: Path) -> Source:
        """Read a file; FlowgraphError if it is missing, a folder, too large or not UTF-8."""
        name = str(path)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise FlowgraphError([Problem(f"no file '{path}'")]) from None
        except IsADirectoryError:
            raise FlowgraphError([Problem(f"'{path}' is a folder, not a flowgraph file")]) from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise FlowgraphError([Problem(f"cannot read '{path}': {reason}")]) from None
        if len(data) > SIZE_LIMIT:
            raise FlowgraphError([Problem(f"'{path}' is too large for a flowgraph file")])
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = data[: error.start].decode("utf-8-sig", errors="replace")
            lines = _LINE_END.split(before)
            place = Location(name, len(lines), len(lines[-1]) + 1)
            raise FlowgraphError(
                [Problem(f"the file is not UTF-8 text: byte 0x{data[error.start]:02x}", place)]
            ) from None
        return cls(name, text, path.parent, tuple(_LINE_END.split(text)), path)

    def at(self, line: int, column: int) -> Location:
        """Return the location of a line and column counted from 0, as YAML marks are."""
        text = self.lines[line] if line < len(self.lines) else ""
        return Location(self.name, line + 1, column + 1, text)
