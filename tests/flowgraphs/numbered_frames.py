"""Frames that carry their own number, for tests that look at every single one."""

from __future__ import annotations

from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    Output,
    Sink,
    Source,
    SyncBlock,
    block,
    parameter,
    state,
)

SIZE = 23
_BITS = 1 << np.arange(SIZE)


@block("numbered_frames", category="sources")
class NumberedFrames(Source):
    """Give frames of length 1 whose signs are the bits of their index."""

    items: int = parameter(1000, doc="Frames to give.")
    y = Output(f"float32[{SIZE}]", doc="The frames.")

    def work(self, n: int, at: int) -> Array:
        n = min(n, self.items - at)
        if at + n >= self.items:
            self.finish()
        bits = np.arange(at, at + n)[:, None] & _BITS > 0
        return np.where(bits, 1, -1).astype(np.float32) / np.float32(np.sqrt(SIZE))


@block("slow_frames", category="stream")
class SlowFrames(SyncBlock):
    """Take no more than eight frames at once, and a while for them."""

    max_batch = 8
    x = Input("any[...]", doc="Frames.")
    y = Output(like="x", doc="The same.")

    def work(self, x: Array, at: int) -> Array:
        import time

        time.sleep(0.002)
        return x


@block("frame_numbers", category="sinks")
class FrameNumbers(Sink):
    """Read the numbers of the frames; those whose values are not as they were sent are bad."""

    x = Input(f"float32[{SIZE}]", doc="The frames.")
    numbers: list[int] = state(factory=list, doc="Numbers so far.")
    bad: int = state(0, doc="Bad frames so far.")

    def work(self, x: Array, at: int) -> None:
        self.numbers += (x > 0).dot(_BITS).tolist()
        self.bad += int((abs(abs(x) * np.sqrt(SIZE) - 1).max(axis=1) > 1e-4).sum())

    def results(self) -> dict[str, Any]:
        return {"numbers": self.numbers, "bad": self.bad}
