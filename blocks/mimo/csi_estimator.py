"""What the ends of a MIMO link know of its channel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    ItemTypeError,
    Output,
    SyncBlock,
    block,
    parameter,
    state,
)
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.channels.counter_noise import CounterNoise
from semradio.blocks.mimo.link_matrix import stacked, unstacked
from semradio.blocks.mimo.snr import noise_variance


@block("csi_estimator", category="mimo")
class CsiEstimator(SyncBlock):
    """Give the channel state as the ends know it: perfect, estimated from pilots, or outdated.

    From the true state H of the present frame to what is known of it, in this order:

    - ``delay``: that of frame i - delay; before there is one, that of frame 0.
    - ``rho``: ``rho H + sqrt(1 - rho^2) W``, W of independent CN(0, 1): the channel has moved on
      since. (Jakes: rho = J0(2 pi fD tau).)
    - ``csi``: ``perfect``, or estimated from received pilots ``Yp = H S + N`` of K Nt slots, S of
      all transmit antennas, by least squares ``Yp S^H (S S^H)^-1``. ``single``: the antennas send
      one symbol each, in turn, ``S = sqrt(B P) I``; error variance sigma^2 / (B P) per entry.
      ``orthogonal``: all send in every slot, S = sqrt(B P) times the DFT matrix of order K Nt;
      error variance sigma^2 / (K Nt B P). B is ``pilot_boost_db``.
    - ``estimator: mmse`` divides least squares by 1 + error variance (over the variance of the
      entry): the conditional mean where entries are independent CN(0, 1), as in Rayleigh fading.

    With perfect, present knowledge the array passes untouched. Noise and W at frame i are
    functions of seed, block name and i alone. Pilots cost slots and energy besides the frames,
    which are not counted.

    Raises:
        ItemTypeError: the channel state has not as many transmitters as receivers.
        StreamError: a channel state holds NaN or infinity.

    Example:
        >>> h = ChannelStateSource(users=2, rx_antennas=1, tx_antennas=1, frames=1000)()
        >>> known = CsiEstimator(csi="orthogonal", snr_db=10)(h)
        >>> known.shape, round(float((np.abs(known - h) ** 2).mean()), 2)
        ((1000, 2, 2, 1, 1), 0.05)

    Source:
        Kay, "Fundamentals of Statistical Signal Processing: Estimation Theory", 1993, ch. 4 and
        11; Biguesh & Gershman, "Training-based MIMO channel estimation", 2006.
    """

    csi: Literal["perfect", "single", "orthogonal"] = parameter(
        "perfect", doc="How the channel is learned."
    )
    estimator: Literal["ls", "mmse"] = parameter("ls", doc="Least squares, or shrunk to the MMSE.")
    snr_db: float = parameter(10.0, unit="dB", low=-100, high=200, live=True, doc="P / sigma^2.")
    pilot_boost_db: float = parameter(
        0.0, unit="dB", low=-100, high=100, doc="B, power of a pilot symbol over P."
    )
    cross_gain_db: float = parameter(
        0.0,
        unit="dB",
        low=-200,
        high=200,
        doc="Power of interfering links over direct ones, which W and mmse go by.",
    )
    rho: float = parameter(
        1.0, low=0, high=1, live=True, doc="Correlation of the known state with the present one."
    )
    delay: int = parameter(0, unit="items", low=0, high=100_000, doc="Age of the known state.")
    seed: int = parameter(0, doc="Seed of the noise and of W.")

    h = Input("complex64[*,*,*,*]", doc="The true channel state of each frame.")
    estimate = Output(like="h", doc="The channel state as it is known.")

    earlier: Array | None = state(None, doc="The latest states, as many as the delay.")

    def configure(self) -> None:
        self._boost = 10 ** (self.pilot_boost_db / 10)
        # In units of P, which cancels.
        self._variance = noise_variance(self.snr_db)
        self._innovation = math.sqrt(1 - self.rho**2)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        receivers, transmitters = inputs["h"].shape[:2]
        if receivers != transmitters:
            raise ItemTypeError(
                f"input 'h' of block '{self.name}' carries the links of {transmitters} "
                f"transmitters to {receivers} receivers ({inputs['h']}); they must be as many"
            )
        return {"estimate": inputs["h"]}

    def start(self) -> None:
        self._item = self.input_types["h"]
        users, _, _, antennas = self._item.shape
        slots = users * antennas
        cross = 10 ** (self.cross_gain_db / 10)
        self._links = np.where(np.eye(users, dtype=bool), 1.0, cross)[:, :, None, None]
        self._noise = CounterNoise(self.seed, self.name)
        self._drift = CounterNoise(self.seed, f"{self.name}/drift")
        index = np.arange(slots)
        if self.csi == "orthogonal":
            sent = np.exp(-2j * np.pi * np.outer(index, index) / slots) * math.sqrt(self._boost)
            energy = slots * self._boost
        else:
            sent = np.eye(slots) * math.sqrt(self._boost)
            energy = self._boost
        self._pilots = sent.astype(np.complex64)
        self._inverse = (sent.conj().T / energy).astype(np.complex64)
        self._error_per_noise = 1 / energy

    def work(self, h: Array, at: int) -> Array:
        check_finite(h, at, "h")
        known = self._delayed(h) if self.delay else h
        if self.rho != 1:
            known = self._outdated(known, at)
        return known if self.csi == "perfect" else self._estimated(known, at)

    def _delayed(self, h: Array) -> Array:
        """The states ``delay`` frames ago."""
        earlier = self.earlier
        if earlier is None:
            earlier = np.repeat(h[:1], self.delay, axis=0)
        states = np.concatenate([earlier, h])
        self.earlier = states[len(h) :].copy()
        return states[: len(h)]

    def _outdated(self, h: Array, at: int) -> Array:
        """Rho H + sqrt(1 - rho^2) W for the frames from ``at`` on."""
        rail = (np.sqrt(self._links / 2) * self._innovation).astype(np.float32)
        known = _complex_normal(self._drift, at, h.shape)
        known *= rail
        known += h * np.float32(self.rho)
        return known

    def _estimated(self, h: Array, at: int) -> Array:
        """Send pilots over H and estimate it from what is received."""
        users, _, receive, _ = self._item.shape
        n, slots = len(h), len(self._pilots)
        # One product for each frame, so that the rounding does not depend on their number.
        received = np.matmul(stacked(h), self._pilots)
        noise = _complex_normal(self._noise, at, (n, users * receive, slots))
        noise *= np.float32(math.sqrt(self._variance / 2))
        received += noise
        estimate = unstacked(np.matmul(received, self._inverse), users)
        if self.estimator == "mmse":
            error = self._variance * self._error_per_noise
            estimate *= (self._links / (self._links + error)).astype(np.float32)
        return estimate


def _complex_normal(
    noise: CounterNoise, at: int, shape: tuple[int, ...]
) -> npt.NDArray[np.complex64]:
    """Return noise for the items from ``at`` on: complex64[shape], variance 1 on each rail."""
    reals = 2 * math.prod(shape[1:])
    rails = noise.normal(at * reals, shape[0] * reals)
    return rails.copy().view(np.complex64).reshape(shape)
