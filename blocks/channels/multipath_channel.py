"""The frequency-selective channel: a tapped delay line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    Output,
    ParameterError,
    SyncBlock,
    block,
    parameter,
    state,
)
from semradio.blocks.channels.fading import RayleighGains


@block("multipath_channel", category="channels")
class MultipathChannel(SyncBlock):
    """Add up delayed copies of a signal: ``y[n] = sum_l h_l[n] x[n - delays[l]]``, x[n < 0] = 0.

    A tapped delay line on samples. The mean powers E|h_l|^2 of the taps are those of
    ``gains_db``, scaled so that they add up to 1. ``static``: h_l is constant, and real and
    positive unless ``phases`` says otherwise. ``rayleigh``: independent fading taps, with Doppler
    shift and block fading as in ``rayleigh_channel``. The channel adds no noise: put
    ``awgn_channel`` behind it. As many samples come out as went in; what would ring on after the
    last is not sent. The taps at sample n are functions of seed, block name and n alone.

    Raises:
        ParameterError: not as many gains as delays, none, a delay below 0, not as many phases, or
            phases of fading taps, or a Doppler shift of static ones.

    Example:
        >>> impulse = np.complex64([1, 0, 0, 0])
        >>> y, h = MultipathChannel(delays=[0, 2], gains_db=[0, -6])(impulse)
        >>> y.round(3)
        array([0.894+0.j, 0.   +0.j, 0.448+0.j, 0.   +0.j], dtype=complex64)

    Source:
        Bello, "Characterization of randomly time-variant linear channels", 1963.
    """

    delays: list[int] = parameter([0, 1, 2], unit="samples", doc="Delay of each tap.")
    gains_db: list[float] = parameter(
        [0.0, -3.0, -6.0], unit="dB", doc="Mean power of each tap; only differences matter."
    )
    phases: list[float] = parameter(
        [], unit="turns", doc="Phase of each static tap; all 0 if empty."
    )
    fading: Literal["static", "rayleigh"] = parameter("static", doc="Whether the taps fade.")
    doppler: float | None = parameter(
        None, low=0, high=0.5, doc="fD, Doppler shift over the rate; null: independent draws."
    )
    coherence: int = parameter(1, low=1, unit="samples", doc="Samples that share a draw.")
    seed: int = parameter(0, doc="Seed of the taps.")

    x = Input("complex64", doc="The sent signal.")
    y = Output(like="x", doc="The received signal.")
    h = Output("complex64[*]", doc="The taps at each sample, in the order of 'delays'.")

    before: Array | None = state(None, doc="The latest samples, as many as the longest delay.")

    def configure(self) -> None:
        if not self.delays or len(self.delays) != len(self.gains_db):
            raise ParameterError(
                f"parameters 'delays' and 'gains_db' must name the same taps, one at least, not "
                f"{len(self.delays)} delays and {len(self.gains_db)} gains",
                "gains_db",
            )
        if min(self.delays) < 0:
            raise ParameterError(
                f"parameter 'delays' must be at least 0 samples each, not {min(self.delays)}",
                "delays",
            )
        if self.phases and (len(self.phases) != len(self.delays) or self.fading != "static"):
            raise ParameterError(
                "parameter 'phases' must have one phase for each of the static taps, "
                f"{len(self.delays)}, not {len(self.phases)}; fading taps have random phases",
                "phases",
            )
        if self.doppler is not None and self.fading == "static":
            raise ParameterError(
                "parameter 'doppler' needs 'fading: rayleigh'; static taps do not move", "doppler"
            )
        gains = np.array(self.gains_db)
        power = 10 ** ((gains - gains.max()) / 10)
        self._amplitudes = np.sqrt(power / power.sum()).astype(np.float32)
        if self.phases:
            turns = np.exp(2j * np.pi * np.array(self.phases))
            self._amplitudes = self._amplitudes * turns.astype(np.complex64)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"h": ItemType("complex64", (len(self.delays),))}

    def start(self) -> None:
        taps = len(self.delays)
        self._gains = RayleighGains(self.seed, self.name, self.doppler, self.coherence, taps)

    def work(self, x: Array, at: int) -> tuple[Array, Array | None]:
        longest = max(self.delays)
        before = np.zeros(longest, np.complex64) if self.before is None else self.before
        line = np.concatenate([before, x])
        self.before = line[len(x) :].copy()
        fading = self.fading == "rayleigh"
        h = self._gains.gains(at, len(x)) * self._amplitudes if fading else self._amplitudes[None]
        y = np.zeros(len(x), np.complex64)
        for tap, delay in enumerate(self.delays):
            y += line[longest - delay :][: len(x)] * h[:, tap]
        if "h" not in self.wanted:
            return y, None
        return y, h if fading else np.tile(h.astype(np.complex64), (len(x), 1))
