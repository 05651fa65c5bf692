"""A stream from a file of GNU Radio's File Meta Sink."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate

import numpy as np

from semradio.blocks.api import Array, ItemType, Output, ParameterError, Source, block, parameter
from semradio.blocks.gnuradio.meta_file import MetaFile
from semradio.blocks.stored_file import fill, opened


@block("file_meta_source", category="gnuradio")
class FileMetaSource(Source):
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

    file: str = parameter(doc="Path of the file.")
    repeat: bool = parameter(False, doc="Whether to begin again after the last item.")

    y = Output(doc="The items.")

    _descriptor: int | None = None

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": MetaFile(self.file).item}

    def start(self) -> None:
        self._found = found = MetaFile(self.file)
        for text in found.notes:
            self.note(f"'{found.path}': {text}")
        if self.repeat and not found.items:
            raise ParameterError(
                f"parameter 'repeat': file '{found.path}' gives no items to repeat", "repeat"
            )
        self._starts = [0, *accumulate(stretch.items for stretch in found.stretches)]
        self._descriptor = opened(found.path)

    def restore(self, saved: None) -> None:
        """Do nothing: what comes next follows from its index."""

    def stop(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def work(self, n: int, at: int) -> Array:
        found = self._found
        start = at % found.items if self.repeat else at
        if start >= found.items:
            self.finish()
            return found.item.empty()
        k = bisect_right(self._starts, start) - 1
        stretch, first = found.stretches[k], self._starts[k]
        count = min(n, first + stretch.items - start)
        if start == first:
            self._announce(k, at)
        if not self.repeat and start + count == found.items:
            self.finish()
        return self._read(stretch.begin + (start - first) * found.item.nbytes, count)

    def _announce(self, k: int, at: int) -> None:
        """Leave what the k-th header tells on item ``at``."""
        before = self._found.stretches[k - 1].about if k else {}
        for key, value in self._found.stretches[k].about.items():
            if key not in before or before[key] != value:
                self.tag(key, value, at)

    def _read(self, place: int, n: int) -> Array:
        assert self._descriptor is not None  # between start() and stop()
        item = self._found.item
        chunk = np.empty((n, *item.shape), item.numpy)
        room = chunk.reshape(-1).view(np.uint8).data
        fill(self._descriptor, room, place, f"file '{self._found.path}'")
        return chunk
