"""A stream from a file of GNU Radio's File Meta Sink."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path

from semradio.blocks.api import Array, ItemType, Output, block, parameter
from semradio.blocks.gnuradio.meta_file import MetaFile, headers_of
from semradio.blocks.sources.portion import Portion
from semradio.blocks.sources.stored_file_source import StoredFileSource


@block("file_meta_source", category="gnuradio")
class FileMetaSource(StoredFileSource):
    """Give the items of a file that GNU Radio's File Meta Sink wrote, with what it tells of them.

    The headers stand within the file, or in ``FILE.hdr`` beside it. The type follows from them;
    complex integers are items of two. The first item after a header carries ``rx_time``,
    ``rx_rate`` and the header's other entries as tags, as far as they differ from those before.

    Raises:
        ParameterError: the file cannot be read, or is none of the kind.
        StreamError: the file became shorter while it was read.

    Example:
        >>> from pathlib import Path
        >>> from semradio.blocks.gnuradio import pmt
        >>> head = {"version": 0, "rx_rate": 1e6, "rx_time": (pmt.UInt64(7), 0.5), "size": 8}
        >>> size = {"type": 5, "cplx": True, "bytes": pmt.UInt64(16), "strt": pmt.UInt64(149)}
        >>> data = np.complex64([1, 2j]).tobytes()
        >>> _ = Path("capture.meta").write_bytes(pmt.serialize(head | size) + data)
        >>> FileMetaSource(file="capture.meta")()
        array([1.+0.j, 0.+2.j], dtype=complex64)

    Source:
        GNU Radio 3.10, gr-blocks.
    """

    repeat: bool = parameter(False, doc="Whether to begin again after the last item.")

    y = Output(doc="The items.")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": MetaFile(self._path).item}

    def start(self) -> None:
        super().start()
        self._found = found = MetaFile(self._path)
        for text in found.notes:
            self.note(f"'{self._path}': {text}")
        self._portion = Portion(found.items, f"file '{self._path}'", repeat=self.repeat)
        self._starts = [0, *accumulate(stretch.items for stretch in found.stretches)]

    def reads(self) -> Sequence[Path]:
        headers = headers_of(self._path)
        return [self._path, headers] if headers.exists() else [self._path]

    def work(self, n: int, at: int) -> Array:
        found = self._found
        start, count = self._portion.piece(at, n)
        if start >= found.items:
            self.finish()
            return found.item.empty()
        k = bisect_right(self._starts, start) - 1
        stretch, first = found.stretches[k], self._starts[k]
        count = min(count, first + stretch.items - start)
        if start == first:
            self._announce(k, at)
        if self._portion.ends(at, count):
            self.finish()
        return self._read(stretch.begin + (start - first) * found.item.nbytes, count)

    def _announce(self, k: int, at: int) -> None:
        """Leave what the k-th header tells on item ``at``."""
        before = self._found.stretches[k - 1].about if k else {}
        for key, value in self._found.stretches[k].about.items():
            if key not in before or before[key] != value:
                self.tag(key, value, at)

    def _read(self, place: int, n: int) -> Array:
        item = self._found.item
        raw = self._stored.read(place, n * item.nbytes)
        return raw.view(item.numpy).reshape(n, *item.shape)
