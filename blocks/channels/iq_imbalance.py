"""Two rails that are not alike."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter


def imbalance(
    x: Array, gain_db: float, phase: float, side: Literal["transmitter", "receiver"]
) -> Array:
    """Return samples whose rails differ by a gain and an angle in degrees; see the block."""
    gain, angle = 10 ** (gain_db / 20), math.radians(phase)
    rails = x.view(np.float32).reshape(-1, 2)
    y = np.empty_like(rails)
    if side == "transmitter":
        y[:, 0] = np.float32(gain * math.cos(angle)) * rails[:, 0]
        y[:, 1] = rails[:, 1] + np.float32(gain * math.sin(angle)) * rails[:, 0]
    else:
        y[:, 0] = np.float32(gain * math.cos(angle)) * rails[:, 0]
        y[:, 0] += np.float32(gain * math.sin(angle)) * rails[:, 1]
        y[:, 1] = rails[:, 1]
    return y.view(np.complex64)[:, 0]


@block("iq_imbalance", category="channels")
class IqImbalance(SyncBlock):
    """Let the rails of a mixer differ by a gain g = 10^(gain_db/20) and an angle p.

    ``receiver``: ``I' = g (I cos p + Q sin p)``, ``Q' = Q``; ``transmitter``: ``I' = g I cos p``,
    ``Q' = Q + g I sin p``, as GNU Radio's ``iqbal_gen`` has them. In either case a conjugate
    image of the signal comes in, ``y = a x + b conj(x)`` with ``a = (1 + g exp(+-ip)) / 2`` and
    ``b = (g exp(ip) - 1) / 2``, so the image lies ``20 log10 |a / b|`` below it: 40 dB for 1
    degree and 0.1 dB, about.

    Example:
        >>> tone = np.exp(2j * np.pi * 0.125 * np.arange(64)).astype(np.complex64)
        >>> spectrum = np.abs(np.fft.fft(IqImbalance(phase=1, gain_db=0.1)(tone))) / 64
        >>> round(20 * np.log10(float(spectrum[8] / spectrum[56])))
        40

    Source:
        Valkama, Renfors & Koivunen, "Advanced methods for I/Q imbalance compensation in
        communication receivers", IEEE Trans. Signal Processing 49(10), 2001.
    """

    gain_db: float = parameter(
        0.0, low=-20, high=20, unit="dB", live=True, doc="Gain of I over that of Q."
    )
    phase: float = parameter(
        0.0, low=-45, high=45, unit="degrees", live=True, doc="Angle by which they miss 90 degrees."
    )
    side: Literal["receiver", "transmitter"] = parameter("receiver", doc="Whose mixer it is.")

    x = Input("complex64", doc="IQ samples.")
    y = Output(like="x", doc="The samples with unlike rails.")

    def work(self, x: Array, at: int) -> Array:
        return imbalance(np.ascontiguousarray(x), self.gain_db, self.phase, self.side)
