"""What GNU Radio Companion first shows of the relay's blocks."""

from __future__ import annotations

from semradio.flowgraphs.systems import System

SYSTEM = System(first_values={"function": {"expression": "x"}})
