"""The samples of bursts of several antennas back to frames, and to what the channel did."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from scipy.signal import upfirdn  # type: ignore[import-untyped]

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    ItemTypeError,
    Output,
    RateBlock,
    block,
    parameter,
)
from semradio.blocks.mimo.mimo_burst import SPAN, MimoBurst


@block("mimo_demodulator", category="mimo")
class MimoDemodulator(RateBlock):
    """Receive the bursts of ``mimo_modulator``, one at each of K receivers: frames and channels.

    The matched filter gives a symbol for each slot. From the preamble, S of K Nt rows that are
    orthogonal, each receiver has the channels of all transmitters to it by least squares, ``H_k =
    Y_k S^H / L``, of error variance sigma^2 / (L P) per entry. ``h`` puts those of all receivers
    together, index [receiver, transmitter, receive antenna, transmit antenna], once for each
    frame, as ``irsc_receiver`` takes them: receivers here tell each other what they have learnt.
    The frames are not equalised.

    Transmitters and receivers share one clock and one carrier, which is assumed and not made: a
    burst begins with each item, no offset is looked for, and the channel is constant over a
    burst. ``level`` is that of the senders; ``h`` is in relation to it.

    Raises:
        ParameterError: the preamble is no power of two, or too short for all antennas.
        ItemTypeError: the bursts have another number of samples.

    Example:
        >>> frames = np.ones((4, 2, 16), np.complex64) / np.sqrt(np.float32(2))
        >>> settings = {"users": 1, "frames": 4, "preamble": 4}
        >>> bursts = MimoModulator(**settings)(frames)
        >>> y, h = MimoDemodulator(**settings)(bursts)
        >>> y.shape, h.shape
        ((4, 2, 16), (4, 1, 1, 2, 2))

    Source:
        Biguesh & Gershman, "Training-based MIMO channel estimation", IEEE Trans. Signal
        Processing 54(3), 2006.
    """

    users: int = parameter(2, low=1, high=64, doc="K, transmitters and receivers.")
    tx_antennas: int = parameter(2, low=1, high=64, doc="Nt, of each transmitter.")
    slots: int = parameter(16, low=1, high=65_536, doc="NB, of a frame.")
    frames: int = parameter(16, low=1, high=4096, unit="frames", doc="Frames of a burst.")
    preamble: int = parameter(
        32, low=2, high=4096, unit="symbols", doc="Length of the preamble, a power of two."
    )
    samples_per_symbol: int = parameter(4, choices=(2, 4, 8), doc="Samples of a symbol.")
    level: float = parameter(
        -12.0, low=-100, high=20, unit="dBFS", doc="Power of each sending antenna."
    )

    x = Input("complex64[*,*]", count="users", doc="The bursts at each receiver [antenna, sample].")
    y = Output(count="users", doc="The frames at each receiver [antenna, slot].")
    h = Output(doc="The channels, [receiver, transmitter, receive antenna, transmit antenna].")

    def configure(self) -> None:
        self._burst = MimoBurst(
            self.users * self.tx_antennas,
            self.preamble,
            self.slots,
            self.frames,
            self.samples_per_symbol,
        )

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        antennas, samples = inputs["x[0]"].shape
        if samples != self._burst.samples:
            raise ItemTypeError(
                f"block '{self.name}' gets bursts of {samples} samples, but a preamble of "
                f"{self.preamble} symbols and {self.frames} frames of {self.slots} slots make "
                f"{self._burst.samples}: give it the parameters of the senders"
            )
        links = (self.users, self.users, antennas, self.tx_antennas)
        return {
            "y": ItemType("complex64", (antennas, self.slots)),
            "h": ItemType("complex64", links),
        }

    def rate(self) -> tuple[int, int]:
        return 1, self.frames

    def start(self) -> None:
        amplitude = 10 ** (self.level / 20) * math.sqrt(self.samples_per_symbol)
        self._taps = self._burst.taps / np.float32(amplitude)
        self._known = np.ascontiguousarray(self._burst.preambles.conj().T / self.preamble)

    def work(self, x: list[Array], at: int) -> tuple[Array, ...]:
        bursts, antennas = x[0].shape[:2]
        frames, links = [], np.empty((bursts, *self.output_item_types["h"].shape), np.complex64)
        for k, samples in enumerate(x):
            filtered = upfirdn(self._taps, np.ascontiguousarray(samples), down=self._burst.step)
            symbols = filtered[:, :, SPAN : SPAN + self._burst.symbols].astype(np.complex64)
            preambles = np.ascontiguousarray(symbols[:, :, : self.preamble])
            found = preambles @ self._known
            links[:, k] = found.reshape(bursts, antennas, self.users, -1).swapaxes(1, 2)
            slots = symbols[:, :, self.preamble :].reshape(bursts, antennas, self.frames, -1)
            shaped = np.ascontiguousarray(slots.swapaxes(1, 2))
            frames.append(shaped.reshape(bursts * self.frames, antennas, self.slots))
        return (*frames, np.repeat(links, self.frames, axis=0))
