"""What GNU Radio Companion first shows of the blocks of the interference channel."""

from __future__ import annotations

from semradio.flowgraphs.systems import System

_STATE = "complex64[2,2,2,2]"
_SIGNALS = "complex64[2,16]"

SYSTEM = System(
    first_values={
        "irsc_receiver": {"model": "irsc/csir/receiver_1"},
        "irsc_transmitter": {"model": "irsc/csir/transmitter_1"},
    },
    first_types={
        "csi_estimator": {"h": _STATE, "estimate": _STATE},
        "mimo_interference_channel": {"x": _SIGNALS, "h": _STATE, "y": _SIGNALS},
    },
)
