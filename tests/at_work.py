"""Where a run is that tests look at from outside."""

from __future__ import annotations

import time

from semradio.flowgraphs.control import Control


def inside(control: Control, block: str) -> None:
    """Wait until a run is in the code of a block, for good."""
    deadline = time.monotonic() + 120
    times = 0
    while times < 5:
        told = control.status()
        # A block at work is seen there now and then, one that stays there each time.
        times = times + 1 if any(p.inside == block for p in told.processes) else 0
        assert time.monotonic() < deadline, told
        time.sleep(0.05)
