"""Precoders and receive filters by interference alignment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

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
from semradio.blocks.mimo.alignment import feasible, minmax_mse
from semradio.blocks.mimo.links import antennas_of
from semradio.blocks.mimo.snr import noise_variance


@block("ia_transceiver", category="mimo")
class IaTransceiver(SyncBlock):
    """Design the precoders V_k of all transmitters and the filters U_k^H of all receivers.

    They minimise the largest mean square error of a user, under ``tr(V_k V_k^H) <= P Nt``. Each
    user sends d streams, white and of power 1: X_k = V_k S_k (``mimo_precoder``), and estimates
    U_k^H Y_k (``mimo_filter``). The design needs the whole channel state at every transmitter. It
    runs by turns from the strongest direction of each own link and keeps the best iterate; it
    finds a local optimum. An SNR above 70 dB counts as 70 dB.

    Interference of K users can be aligned only where d (K + 1) <= Nt + Nr; beyond that the error
    does not vanish with the noise, at two antennas mostly because some streams are switched off.
    Such a design is refused, or made with a note.

    Raises:
        ItemTypeError: infeasible and not allowed, more streams than antennas, or not as many
            transmitters as receivers.
        StreamError: a channel state holds NaN or infinity.

    Example:
        >>> h = ChannelStateSource(users=3, rx_antennas=2, tx_antennas=2, frames=4)()
        >>> precoders, filters = IaTransceiver(snr_db=20, iterations=10)(h)
        >>> precoders.shape, filters.shape
        ((4, 3, 2, 1), (4, 3, 1, 2))

    Source:
        Cadambe & Jafar, "Interference alignment and degrees of freedom of the K-user interference
        channel", 2008; arXiv 2406.16878, eq. (10); feasibility: Yetis, Gou, Jafar & Kayran, 2010.
    """

    streams: int = parameter(1, low=1, doc="d, streams of each user.")
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
    iterations: int = parameter(
        60, low=1, high=100_000, doc="How often filters and precoders are found."
    )
    infeasible: Literal["refuse", "allow"] = parameter(
        "refuse", doc="What to do where the streams cannot be aligned."
    )

    h = Input("complex64[*,*,*,*]", doc="The channel state of each frame, as known.")
    precoders = Output("complex64[*,*,*]", doc="V of each user: (user, transmit antenna, stream).")
    filters = Output("complex64[*,*,*]", doc="U^H of each user: (user, stream, receive antenna).")

    def configure(self) -> None:
        self._noise_variance = noise_variance(self.snr_db, self.power)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        users, rx, tx = antennas_of(self.name, inputs["h"])
        d = self.streams
        if d > min(rx, tx):
            raise ItemTypeError(
                f"block '{self.name}': {d} streams for each user do not fit {tx} transmit and "
                f"{rx} receive antennas; use at most streams: {min(rx, tx)}"
            )
        if not feasible(d, users, rx, tx) and self.infeasible == "refuse":
            raise ItemTypeError(f"block '{self.name}': {self._verdict(users, rx, tx)}")
        return {
            "precoders": ItemType("complex64", (users, tx, d)),
            "filters": ItemType("complex64", (users, d, rx)),
        }

    def _verdict(self, users: int, rx: int, tx: int) -> str:
        """What stands against an infeasible design, and what to do."""
        d, most = self.streams, (tx + rx) // (users + 1)
        text = (
            f"{d} stream{'s' * (d > 1)} for each of {users} users cannot be aligned: "
            f"d(K+1) = {d * (users + 1)} > Nt+Nr = {tx + rx}"
        )
        if self.infeasible == "allow":
            return f"{text}; the error will not vanish at high SNR"
        return f"{text}; use " + f"streams: {most}, or " * (most > 0) + "infeasible: allow"

    def start(self) -> None:
        users, rx, tx = antennas_of(self.name, self.input_types["h"])
        if not feasible(self.streams, users, rx, tx):
            self.note(self._verdict(users, rx, tx))

    def work(self, h: Array, at: int) -> tuple[Array, Array]:
        check_finite(h, at, "h")
        precoders, filters, _ = minmax_mse(
            h, self._noise_variance, self.streams, self.power, self.iterations
        )
        return precoders.astype(np.complex64), filters.astype(np.complex64)
