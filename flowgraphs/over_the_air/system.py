"""What GNU Radio Companion first shows of the links over the air: nothing special."""

from __future__ import annotations

from semradio.flowgraphs.systems import System

SYSTEM = System()
