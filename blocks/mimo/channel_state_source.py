"""The state of a MIMO interference channel, frame by frame."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from semradio.blocks.api import (
    Array,
    ItemType,
    Output,
    ParameterError,
    Source,
    block,
    parameter,
    state,
)
from semradio.blocks.channels.counter_noise import CounterNoise
from semradio.blocks.channels.jakes import JakesFading
from semradio.blocks.mimo.state_file import StateFile

States = npt.NDArray[np.complex64]


@block("channel_state_source", category="mimo")
class ChannelStateSource(Source):
    """Give the channel matrices H_kj of K interfering links for each frame.

    An item is complex64[K,K,Nr,Nt], index [receiver k, transmitter j, receive antenna, transmit
    antenna], constant over the slots of a frame. Entries have E|h|^2 = 1 on the direct links (k =
    j), and ``cross_gain_db`` in relation to that on the interfering ones.

    - ``rayleigh``: ``H_kj = Rr^(1/2) G_kj Rt^(1/2)^T``, with G of independent CN(0, 1) and
      ``R[a, b] = rho^|a - b|`` (Kronecker model, exponential correlation). G is new every
      ``coherence`` frames: independent, or, with ``doppler``, with the correlation
      J0(2 pi doppler m) over m frames.
    - ``rician``: that, scaled, plus a line of sight of ``k_factor_db`` times its power:
      ``exp(i psi) a(theta) a(phi)^T`` with the responses ``a(t)[m] = exp(i pi m sin t)`` of
      half-wavelength arrays; one fixed draw of the three angles per link.
    - ``none``: H_kk is the identity and H_kj zero: neither fading nor interference.
    - With ``file``: the states of a file, each for ``coherence`` frames.

    H of frame i is a function of seed, block name and i alone, bit for bit.

    Raises:
        ParameterError: ``file`` is missing, is no .npy file of complex numbers of shape
            (n, K, K, Nr, Nt), is empty, holds NaN or infinity, or contradicts other parameters.

    Example:
        >>> h = ChannelStateSource(users=2, rx_antennas=2, tx_antennas=1, frames=5, seed=1)()
        >>> h.shape, h.dtype
        ((5, 2, 2, 2, 1), dtype('complex64'))

    Source:
        Kermoal et al., "A stochastic MIMO radio channel model with experimental validation",
        2002; Loyka, "Channel capacity of MIMO architecture using the exponential correlation
        matrix", 2001; for ``doppler`` see :class:`~semradio.blocks.channels.jakes.JakesFading`.
    """

    users: int | None = parameter(
        None, low=1, high=256, doc="K, transmitter-receiver pairs; 2 or that of the file if null."
    )
    rx_antennas: int | None = parameter(
        None, low=1, high=256, doc="Nr, antennas of a receiver; 2 or that of the file if null."
    )
    tx_antennas: int | None = parameter(
        None, low=1, high=256, doc="Nt, antennas of a transmitter; 2 or that of the file if null."
    )
    frames: int | None = parameter(
        None, unit="items", low=0, doc="Frames to give; without end (of the file) if null."
    )
    seed: int = parameter(0, doc="Seed of the draws.")
    fading: Literal["rayleigh", "rician", "none"] = parameter(
        "rayleigh", doc="Law of the entries; see above."
    )
    k_factor_db: float = parameter(
        6.0, unit="dB", low=-100, high=100, doc="rician: line of sight over scattered power."
    )
    rx_correlation: float = parameter(
        0.0, low=0, high=0.999, doc="rho of neighbouring antennas of a receiver."
    )
    tx_correlation: float = parameter(
        0.0, low=0, high=0.999, doc="rho of neighbouring antennas of a transmitter."
    )
    cross_gain_db: float = parameter(
        0.0, unit="dB", low=-200, high=200, doc="Power of interfering links over direct ones."
    )
    coherence: int = parameter(1, unit="items", low=1, doc="Frames for which H stays constant.")
    doppler: float | None = parameter(
        None,
        low=0,
        high=0.5,
        doc="Maximal Doppler shift times the frame duration; independent draws if null.",
    )
    file: str | None = parameter(
        None, doc="Path of a .npy file of channel states, shape (n, K, K, Nr, Nt), complex."
    )
    repeat: bool = parameter(False, doc="Whether to begin the file again after its last state.")

    h = Output(doc="The channel state of each frame.")

    constant: Array | None = state(None, doc="States of the longest chunk so far, without fading.")

    def configure(self) -> None:
        self._file = None if self.file is None else self._opened(self.file)
        self._shape = (
            (self.users or 2, self.users or 2, self.rx_antennas or 2, self.tx_antennas or 2)
            if self._file is None
            else self._file.shape
        )
        self._last = self.frames
        if self._file is not None and not self.repeat:
            end = len(self._file) * self.coherence
            self._last = end if self.frames is None else min(end, self.frames)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        if self._file is not None:
            self._file.check_finite()
        return {"h": ItemType("complex64", self._shape)}

    def start(self) -> None:
        self._size = math.prod(self._shape)
        fading = self.fading if self._file is None else "none"
        self._noise = CounterNoise(self.seed, self.name)
        self._jakes = None
        if self.doppler is not None and fading != "none":
            rate = self.doppler * self.coherence
            self._jakes = JakesFading(self.seed, self.name, self._shape, rate)
        self._rx_root = _correlation_root(self.rx_correlation, self._shape[2])
        self._tx_root = _correlation_root(self.tx_correlation, self._shape[3])
        gain = self._link_gain()
        self._sight = None
        if fading == "rician":
            k_factor = 10 ** (self.k_factor_db / 10)
            self._sight = self._line_of_sight() * gain * math.sqrt(k_factor / (k_factor + 1))
            self._sight = self._sight.astype(np.complex64)
            gain = gain / math.sqrt(k_factor + 1)
        # CounterNoise gives two rails of variance 1 for each entry.
        rails = self._per_rail(gain if self._jakes is not None else gain * math.sqrt(0.5))
        # One factor for all is much the faster to multiply by.
        self._rails = rails[:1] if (rails == rails[0]).all() else rails

    def work(self, n: int, at: int) -> Array:
        if self._last is not None and at + n >= self._last:
            self.finish()
            n = self._last - at
        if self._file is None and self.fading == "none":
            return self._unfaded(n)
        if self.coherence == 1:
            return self._drawn(at, n)
        first = at // self.coherence
        draws = np.arange(at, at + n) // self.coherence - first
        return self._drawn(first, int(draws[-1]) + 1 if n else 0)[draws]

    def _drawn(self, at: int, n: int) -> States:
        """Return the draws ``at`` to ``at + n - 1``, complex64[n, K, K, Nr, Nt]."""
        if self._file is not None:
            total = len(self._file)
            inside = at + n <= total
            return self._file[slice(at, at + n) if inside else np.arange(at, at + n) % total]
        size = 2 * self._size
        if self._jakes is not None:
            rails = self._jakes.gains(at, n).reshape(n, -1).view(np.float32)
        else:
            rails = self._noise.normal(at * size, n * size).reshape(n, size)
        h: States = (rails * self._rails).view(np.complex64).reshape(n, *self._shape)
        # One product for each link, so that the rounding does not depend on their number.
        if self._rx_root is not None:
            h = np.matmul(self._rx_root, h)
        if self._tx_root is not None:
            h = np.matmul(h, self._tx_root.T)
        if self._sight is not None:
            h += self._sight
        return h

    def _unfaded(self, n: int) -> States:
        """Return ``n`` states without fading and interference."""
        if self.constant is None or len(self.constant) < n:
            users = np.eye(self._shape[0], dtype=np.complex64)[:, :, None, None]
            item = users * np.eye(*self._shape[2:], dtype=np.complex64)
            self.constant = np.repeat(item[None], n, axis=0)
            self.constant.flags.writeable = False
        return self.constant[:n]

    def _opened(self, file: str) -> StateFile:
        """Map the file; ParameterError if another parameter contradicts it."""
        found = StateFile(file)
        stated = {
            "users": (self.users, found.shape[0]),
            "rx_antennas": (self.rx_antennas, found.shape[2]),
            "tx_antennas": (self.tx_antennas, found.shape[3]),
        }
        for name, (value, holds) in stated.items():
            if value not in (None, holds):
                raise ParameterError(
                    f"parameter '{name}' is {value}, but the channel states of file '{file}' are "
                    f"for {holds}: leave '{name}' out, or set it to {holds}",
                    name,
                )
        unused = {
            "fading": self.fading != "rayleigh",
            "doppler": self.doppler is not None,
            "rx_correlation": self.rx_correlation != 0,
            "tx_correlation": self.tx_correlation != 0,
            "cross_gain_db": self.cross_gain_db != 0,
        }
        for name, given in unused.items():
            if given:
                raise ParameterError(
                    f"parameter '{name}' does not go with 'file', which gives the states as they "
                    "are",
                    name,
                )
        return found

    def _link_gain(self) -> npt.NDArray[np.float64]:
        """Amplitude of each link, float64[K, K, 1, 1]."""
        users = self._shape[0]
        cross = 10 ** (self.cross_gain_db / 20)
        gain = np.where(np.eye(users, dtype=bool), 1.0, cross)
        return gain[:, :, None, None]

    def _per_rail(self, gain: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """Spread the gains of links, float64[K, K, 1, 1], over all rails of an item."""
        entries = np.broadcast_to(gain, self._shape).reshape(-1)
        return np.repeat(entries, 2).astype(np.float32)

    def _line_of_sight(self) -> npt.NDArray[np.complex128]:
        """Rank-one matrices of unit entries from random angles, complex128[K, K, Nr, Nt]."""
        users, _, rx, tx = self._shape
        noise = CounterNoise(self.seed, f"{self.name}/sight")
        pairs = noise.normal(0, 6 * users * users).astype(np.float64).reshape(users, users, 3, 2)
        # The angle of a pair of normals is uniform.
        arrival, departure, phase = np.moveaxis(np.arctan2(pairs[..., 1], pairs[..., 0]), 2, 0)
        receive = np.sin(arrival)[..., None, None] * np.arange(rx)[:, None]
        transmit = np.sin(departure)[..., None, None] * np.arange(tx)
        sight: npt.NDArray[np.complex128] = np.exp(
            1j * (np.pi * (receive + transmit) + phase[..., None, None])
        )
        return sight


def _correlation_root(rho: float, antennas: int) -> States | None:
    """The Cholesky factor of the correlation matrix rho^|a - b|; None where it is the identity."""
    if not rho or antennas == 1:
        return None
    index = np.arange(antennas)
    root = np.linalg.cholesky(rho ** np.abs(np.subtract.outer(index, index)))
    return root.astype(np.complex64)
