"""A stream collected in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from semradio.blocks.api import Array, Input, Sink, block, parameter, state


@block("vector_sink", category="sinks")
class VectorSink(Sink):
    """Collect the items of a stream; from Python they are in ``data``.

    What exceeds ``memory`` is only counted, and a note says so.

    Results:
        The number of ``items``, and the ``data`` of the first ``limit`` of them as nested lists;
        a complex value is a list [real, imaginary].

    Example:
        >>> VectorSink(limit=2)(np.float32([1, 2, 3]))
        {'items': 3, 'data': [1.0, 2.0]}
    """

    limit: int = parameter(1000, unit="items", low=0, doc="Items to list in the results.")
    memory: float = parameter(256.0, unit="MiB", above=0, doc="Memory for the collected items.")

    x = Input("any[...]", doc="Any stream.")

    items: int = state(0, doc="Items so far.")
    buffer: Array | None = state(None, doc="Room for the collected items, and they themselves.")
    kept: int = state(0, doc="Items collected.")

    def work(self, x: Array, at: int) -> None:
        self.items += len(x)
        most = int(self.memory * 2**20) // self.input_types["x"].nbytes
        if self.items > most:
            self.note(f"only the first {most} items were kept, which fill {self.memory:g} MiB")
            x = x[: most - self.kept]
        self._make_room(len(x), most)
        assert self.buffer is not None  # made by the line before
        self.buffer[self.kept : self.kept + len(x)] = x
        self.kept += len(x)

    def results(self) -> dict[str, Any]:
        listed = self.data[: self.limit]
        if np.iscomplexobj(listed):
            listed = np.stack([listed.real, listed.imag], axis=-1)
        return {"items": self.items, "data": listed.tolist()}

    @property
    def data(self) -> Array:
        """The collected items, shape (n, *item), read-only; (0,) before their type is known."""
        if self.buffer is None:
            item = self.input_types.get("x")
            return np.empty(0) if item is None else item.empty()
        data = self.buffer[: self.kept]
        data.flags.writeable = False
        return data

    def _make_room(self, count: int, most: int) -> None:
        """Let the buffer hold ``count`` items more; it doubles, so that copying stays rare."""
        needed = self.kept + count
        if self.buffer is not None and len(self.buffer) >= needed:
            return
        larger = self.input_types["x"].empty(min(most, max(needed, 2 * self.kept, 64)))
        if self.buffer is not None:
            larger[: self.kept] = self.buffer[: self.kept]
        self.buffer = larger
