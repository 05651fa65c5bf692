"""The MIMO interference channel."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    ItemTypeError,
    Output,
    SyncBlock,
    block,
    parameter,
)
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.channels.counter_noise import CounterNoise
from semradio.blocks.mimo.link_matrix import stacked
from semradio.blocks.mimo.snr import noise_variance

_PIECE = 1 << 14
"""Reals received at once: what it takes to work them out stays in the caches."""


@block("mimo_interference_channel", category="mimo")
class MimoInterferenceChannel(SyncBlock):
    """Let K transmitters send at once to K receivers: ``Y_k = sum_j H_kj X_j + N_k``.

    A frame X_j is complex64[Nt,NB] (transmit antenna, slot), what is received complex64[Nr,NB].
    H, complex64[K,K,Nr,Nt], is constant over the slots of a frame and comes as a stream, such as
    that of ``channel_state_source``. With one user it is a plain MIMO channel.

    SNR = P / sigma^2: P = ``power`` is the mean power per transmit antenna and slot, a frame
    having the energy P Nt NB; sigma^2 = E|n|^2 is that of the complex noise per receive antenna
    and slot. The noise on frame i is a function of seed, block name and i alone.

    Raises:
        ItemTypeError: users or antennas of ``h`` do not fit ``users`` or the frames.
        StreamError: a frame or a channel state holds NaN or infinity.

    Example:
        >>> h = ChannelStateSource(users=2, frames=5)()
        >>> x = np.ones((5, 2, 16), np.complex64)
        >>> y = MimoInterferenceChannel(users=2, snr_db=10)(x, x, h)
        >>> len(y), y[0].shape
        (2, (5, 2, 16))

    Source:
        Wang et al., "Benchmarking Semantic Communications for Image Transmission Over MIMO
        Interference Channels", arXiv 2406.16878, eq. (3).
    """

    users: int = parameter(2, low=1, high=256, doc="K, transmitter-receiver pairs.")
    snr_db: float = parameter(
        10.0,
        unit="dB",
        low=-100,
        high=200,
        live=True,
        doc="P / sigma^2 per receive antenna and slot.",
    )
    power: float = parameter(
        1.0, above=0, doc="P, mean power per transmit antenna and slot (linear)."
    )
    seed: int = parameter(0, doc="Seed of the noise.")

    x = Input("complex64[*,*]", count="users", doc="The frame of each transmitter.")
    h = Input("complex64[*,*,*,*]", doc="The channel state of each frame.")
    y = Output(count="users", doc="What each receiver gets.")

    def configure(self) -> None:
        self._rail = np.float32(math.sqrt(noise_variance(self.snr_db, self.power) / 2))

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        frame, links = inputs["x[0]"], inputs["h"]
        if links.shape[:2] != (self.users, self.users):
            raise ItemTypeError(
                f"input 'h' of block '{self.name}' carries the links of {links.shape[1]} "
                f"transmitters to {links.shape[0]} receivers ({links}), but parameter 'users' of "
                f"'{self.name}' is {self.users}: set both to the same number"
            )
        receive, transmit = links.shape[2:]
        antennas, slots = frame.shape
        if transmit != antennas:
            raise ItemTypeError(
                f"input 'h' of block '{self.name}' is for {transmit} transmit antennas ({links}), "
                f"but the frames on input 'x[0]' are for {antennas} ({frame}): set 'tx_antennas' "
                f"of the channel state to {antennas}, or send frames for {transmit} antennas"
            )
        return {"y": ItemType("complex64", (receive, slots))}

    def start(self) -> None:
        self._noise = CounterNoise(self.seed, self.name)
        item = self.output_item_types["y[0]"]
        self._shape = (self.users * item.shape[0], item.shape[1])
        self._reals = 2 * math.prod(self._shape)
        self._piece = max(1, _PIECE // self._reals)

    def work(self, x: list[Array], h: Array, at: int) -> tuple[Array, ...]:
        n, antennas = len(h), self._shape[0] // self.users
        y = np.empty((n, *self._shape), np.complex64)
        with np.errstate(invalid="ignore", over="ignore"):
            for start in range(0, n, self._piece):
                piece = slice(start, start + self._piece)
                self._transmit([frames[piece] for frames in x], h[piece], at + start, y[piece])
        # What is not finite shows in what is received, whoever sent it; then only is it sought.
        if not math.isfinite(np.vdot(y, y).real):
            self._check_inputs(x, h, at)
        return tuple(y[:, k : k + antennas] for k in range(0, len(x) * antennas, antennas))

    def _transmit(self, x: list[Array], h: Array, at: int, y: Array) -> None:
        """Put what all receivers get of the frames from ``at`` on into y, (n, K Nr, NB)."""
        noise = self._noise.normal(at * self._reals, len(y) * self._reals) * self._rail
        np.matmul(stacked(h), np.concatenate(x, axis=1), out=y)
        y += noise.view(np.complex64).reshape(y.shape)

    def _check_inputs(self, x: list[Array], h: Array, at: int) -> None:
        """Raise StreamError if an input holds NaN or infinity."""
        for k, frames in enumerate(x):
            check_finite(frames, at, f"x[{k}]")
        check_finite(h, at, "h")
