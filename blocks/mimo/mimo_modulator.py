"""Frames of several antennas to the samples of bursts."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from scipy.signal import upfirdn  # type: ignore[import-untyped]

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    Output,
    ParameterError,
    RateBlock,
    block,
    parameter,
)
from semradio.blocks.mimo.mimo_burst import MimoBurst


@block("mimo_modulator", category="mimo")
class MimoModulator(RateBlock):
    """Put the frames of a user's antennas into bursts of samples, with a preamble for each antenna.

    A frame is complex64[Nt,NB] (antenna, slot), of unit power; a burst, one item complex64[Nt,
    samples], has ``frames`` of them, a slot to a symbol. All users send at the same time, and the
    preambles of all K Nt antennas are orthogonal: rows of a Hadamard matrix with the same random
    phases, of unit power. Pulses are root raised cosine, roll-off 0.35, 12 symbols long. A burst
    that the last frames do not fill is left out, and a note says so. ``mimo_demodulator`` with
    the same parameters receives it.

    Raises:
        ParameterError: the preamble is no power of two or too short for all antennas, or there is
            no such user.

    Example:
        >>> frames = np.ones((8, 2, 16), np.complex64)
        >>> MimoModulator(users=1, frames=4, preamble=4)(frames).shape
        (2, 2, 320)

    Source:
        Biguesh & Gershman, "Training-based MIMO channel estimation", IEEE Trans. Signal
        Processing 54(3), 2006: orthogonal preambles are the best for least squares.
    """

    users: int = parameter(2, low=1, high=64, doc="K, transmitters that send at the same time.")
    user: int = parameter(0, low=0, doc="Which of them this is, counted from 0.")
    frames: int = parameter(16, low=1, high=4096, unit="frames", doc="Frames of a burst.")
    preamble: int = parameter(
        32, low=2, high=4096, unit="symbols", doc="Length of the preamble, a power of two."
    )
    samples_per_symbol: int = parameter(4, choices=(2, 4, 8), doc="Samples of a symbol.")
    level: float = parameter(
        -12.0, low=-100, high=20, unit="dBFS", doc="Power of each antenna against full scale."
    )

    x = Input("complex64[*,*]", doc="The frames [antenna, slot].")
    y = Output(doc="The bursts [antenna, sample].")

    def configure(self) -> None:
        if self.user >= self.users:
            raise ParameterError(
                f"parameter 'user' must be one of 0 to {self.users - 1}, not {self.user}", "user"
            )

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        antennas, slots = inputs["x"].shape
        self._burst = MimoBurst(
            self.users * antennas, self.preamble, slots, self.frames, self.samples_per_symbol
        )
        return {"y": ItemType("complex64", (antennas, self._burst.samples))}

    def rate(self) -> tuple[int, int]:
        return self.frames, 1

    def start(self) -> None:
        antennas = self.input_types["x"].shape[0]
        first = self.user * antennas
        self._preamble = self._burst.preambles[first : first + antennas]
        amplitude = 10 ** (self.level / 20) * math.sqrt(self.samples_per_symbol)
        self._taps = self._burst.taps * np.float32(amplitude)

    def work(self, x: Array, at: int) -> Array:
        burst, antennas = self._burst, x.shape[1]
        bursts = len(x) // self.frames
        symbols = np.empty((bursts, antennas, burst.symbols), np.complex64)
        symbols[:, :, : self.preamble] = self._preamble
        # (burst, frame, antenna, slot) to (burst, antenna, frame and slot).
        frames = x.reshape(bursts, self.frames, antennas, burst.slots).swapaxes(1, 2)
        symbols[:, :, self.preamble :] = frames.reshape(bursts, antennas, -1)
        y = np.zeros((bursts, antennas, burst.samples), np.complex64)
        shaped = upfirdn(self._taps, symbols, up=burst.step)
        y[:, :, : shaped.shape[2]] = shaped
        return y
