"""The flat Rayleigh fading channel."""

from __future__ import annotations

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter
from semradio.blocks.channels.fading import RayleighGains, faded


@block("rayleigh_channel", category="channels")
class RayleighChannel(SyncBlock):
    """Multiply each item by a Rayleigh fading gain: ``y = h x``, h ~ CN(0, 1), E|h|^2 = 1.

    Flat fading without line of sight: one complex gain for all values of an item, be it a sample
    or a frame. It adds no noise: put ``awgn_channel`` behind it. Receivers that know the channel
    take h from the output ``h``.

    With ``doppler`` the gain has the correlation J0(2 pi fD m) over m items (Clarke and Jakes:
    waves from all sides, as a moving antenna meets them); fD = v fc / (c fs) for a speed v, a
    carrier fc and a rate fs of items. Without it each draw is independent. ``coherence`` items
    share a draw: block fading. The gain of item i is a function of seed, block name and i alone.

    Example:
        >>> y, h = RayleighChannel(seed=1)(np.ones(100_000, np.complex64))
        >>> bool((y == h).all()), round(float(np.mean(np.abs(h) ** 2)), 1)
        (True, 1.0)

    Source:
        Clarke, "A statistical theory of mobile-radio reception", 1968.
    """

    doppler: float | None = parameter(
        None, low=0, high=0.5, doc="fD, Doppler shift over the item rate; null: independent draws."
    )
    coherence: int = parameter(1, low=1, unit="items", doc="Items that share a gain.")
    seed: int = parameter(0, doc="Seed of the gains.")

    x = Input("complex64[...]", doc="The sent signal.")
    y = Output(like="x", doc="The faded signal.")
    h = Output("complex64", doc="The gain of each item.")

    def start(self) -> None:
        self._gains = RayleighGains(self.seed, self.name, self.doppler, self.coherence)

    def work(self, x: Array, at: int) -> tuple[Array, Array]:
        h = self._gains.gains(at, len(x))[:, 0]
        return faded(x, h), h
