"""Lines of text to a file."""

from __future__ import annotations

from typing import Any, BinaryIO

from semradio.blocks.api import Array, Input, Tag, block, state
from semradio.blocks.media.text_items import CONTINUED, text_of
from semradio.blocks.sinks.part_file_sink import PartFileSink

_WRONG = "\N{REPLACEMENT CHARACTER}"


@block("text_sink", category="media")
class TextSink(PartFileSink):
    r"""Write items as the lines of a text file in UTF-8: undoes ``text_source``.

    The text of an item ends with its first zero. An item with the tag ``continued`` goes on with
    the line of the one before. What noise has made of a character becomes U+FFFD where it is no
    UTF-8, and so does the end of a line within an item: lines stay in step with items. The text
    goes to ``FILE.part``, which takes the place of FILE when the stream has ended.

    Results:
        ``items``; ``lines`` of the file; ``damaged``, items that held what no text holds: bytes
        that are no UTF-8, the end of a line, or anything behind the first zero; and the ``file``.

    Raises:
        ParameterError: the file cannot be written.
        StreamError: writing failed later, for instance because the disk is full.

    Example:
        >>> from pathlib import Path
        >>> TextSink(file="out.txt")(np.uint8([[72, 105, 0, 0], [121, 255, 117, 0]]))
        {'items': 2, 'lines': 2, 'damaged': 1, 'file': 'out.txt'}
        >>> Path("out.txt").read_text(encoding="utf-8")
        'Hi\ny�u\n'
    """

    listens = (CONTINUED,)

    x = Input("uint8[*]", doc="Texts in UTF-8, filled up with zeros.")

    lines: int = state(0, doc="Lines written.")
    damaged: int = state(0, doc="Items that held no text.")
    goes_on: bool = state(False, doc="Whether the next item goes on with the line.")

    def on_tag(self, tag: Tag) -> None:
        self.goes_on = bool(tag.value)

    def work(self, x: Array, at: int) -> None:
        written = []
        for item in x:
            text = text_of(item).replace("\n", _WRONG)
            raw = text.encode("utf-8")
            self.damaged += raw.ljust(len(item), b"\0") != item.tobytes()
            if not (self.goes_on and self.lines):
                written.append("\n" if self.lines else "")
                self.lines += 1
            self.goes_on = False
            written.append(text)
        self.write("".join(written).encode("utf-8"))
        self.items += len(x)

    def complete(self, stream: BinaryIO) -> None:
        if self.lines:
            stream.write(b"\n")

    def results(self) -> dict[str, Any]:
        return {
            "items": self.items,
            "lines": self.lines,
            "damaged": self.damaged,
            "file": str(self._path),
        }
