"""What GNU Radio Companion first shows of the keyed blocks."""

from __future__ import annotations

from semradio.flowgraphs.systems import System

SYSTEM = System(
    first_values={
        "keyed_derotation": {"keys": "file:secret.key"},
        "keyed_rotation": {"keys": "file:secret.key"},
    }
)
