"""The waveform that carries frames through a real radio channel.

Its face without a flowgraph: ``waveform`` and ``Waveform``, ``modulate``, ``Receiver``.
"""

from semradio.blocks.phy.receiver import Burst, Receiver
from semradio.blocks.phy.transmitter import modulate
from semradio.blocks.phy.waveform import NAMED, Waveform, waveform

__all__ = ["NAMED", "Burst", "Receiver", "Waveform", "modulate", "waveform"]
