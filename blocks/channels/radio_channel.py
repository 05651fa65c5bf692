"""All that a radio and the air do to a signal, in one block."""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np

from semradio.blocks.api import (
    Array,
    Block,
    Input,
    Output,
    ParameterError,
    StreamBlock,
    block,
    parameter,
    state,
)
from semradio.blocks.channels.awgn_channel import AwgnChannel
from semradio.blocks.channels.clipping import Clipping
from semradio.blocks.channels.clock_offset import ClockOffset
from semradio.blocks.channels.dc_offset import DcOffset
from semradio.blocks.channels.fractional_clock import MOST_PPM
from semradio.blocks.channels.frequency_offset import FrequencyOffset
from semradio.blocks.channels.iq_imbalance import IqImbalance
from semradio.blocks.channels.multipath_channel import MultipathChannel
from semradio.blocks.channels.phase_noise import PhaseNoise
from semradio.blocks.channels.quantiser import Quantiser
from semradio.blocks.channels.random_gap import RandomGap
from semradio.blocks.stream.complex_value import ComplexValue, as_complex
from semradio.blocks.stream.delay import Delay

_LIVE = {
    "snr_db": ("noise", "snr_db"),
    "frequency_offset": ("offset", "frequency"),
    "linewidth": ("phase", "linewidth"),
}
"""Live parameters: which stage each is for, and its name there."""


@block("radio_channel", category="channels")
class RadioChannel(StreamBlock):
    """Do to samples what two radios and the air between them do.

    In the order of GNU Radio's ``channel_model``, and on through the receiver: ``delay`` and
    clock (``clock_offset``), ``taps`` (``multipath_channel``), carrier (``frequency_offset``) and
    its ``linewidth`` (``phase_noise``), noise (``awgn_channel``), then the receiver's mixer
    (``iq_imbalance``, ``dc_offset``), its converter (``clipping``, ``quantiser``), and what its
    host loses (``random_gap``). Each stage is the block named here, and one that would do nothing
    is left out; by default only noise is added. The names of GNU Radio's parameters: ``epsilon``
    is 1 + clock_ppm 1e-6, ``frequency_offset`` the same, in cycles per sample, unless
    ``sample_rate`` is given; its taps are as they stand, these are scaled to energy 1.

    **SNR.** ``snr_db`` is Es/N0, the energy of a symbol over the density of the noise. With P =
    10^(level/10) the mean power of the signal while it is on, Es is P times
    ``samples_per_symbol``, and N0 the power of the noise on a sample, half of it on each rail:
    GNU Radio's ``noise_voltage`` is its square root. A receiver with a matched filter then sees
    this SNR on each symbol, as ``awgn_channel`` would add it there.

    Noise, phase, gaps are drawn by counter, as functions of seed and block name; the noise is
    that of an ``awgn_channel`` of this name.

    Results:
        ``items``; ``noise_voltage``; ``clipped``, ``lost`` and ``gaps`` of the stages that are
        there.

    Raises:
        ParameterError: no taps, or none but zeros.

    Example:
        >>> tone = 0.25 * np.exp(0.1j * np.arange(1000)).astype(np.complex64)
        >>> y = RadioChannel(snr_db=20, frequency_offset=0.001, clock_ppm=20, delay=3.5)(tone)
        >>> y.dtype, len(y)
        (dtype('complex64'), 1003)
    """

    snr_db: float = parameter(
        10.0, unit="dB", low=-100, high=200, live=True, doc="Es/N0 of a symbol."
    )
    level: float = parameter(
        -12.0, low=-100, high=20, unit="dBFS", doc="Mean power of the signal while it is on."
    )
    samples_per_symbol: int = parameter(4, low=1, doc="Samples of each symbol.")
    frequency_offset: float = parameter(
        0.0, live=True, doc="Carrier, in cycles per sample, or in Hz where sample_rate is given."
    )
    frequency_drift: float = parameter(0.0, doc="Its drift, per sample^2, or in Hz/s.")
    phase: float = parameter(0.0, unit="turns", doc="Phase of the carrier at the first sample.")
    linewidth: float = parameter(
        0.0, low=0, live=True, doc="Of the carrier's phase noise, per sample, or in Hz."
    )
    clock_ppm: float = parameter(
        0.0, low=-MOST_PPM, high=MOST_PPM, unit="ppm", doc="How far the sample clock is off."
    )
    delay: float = parameter(
        0.0, low=0, high=1e8, unit="samples", doc="Silence in front; may be a fraction."
    )
    taps: list[ComplexValue] = parameter(
        [1.0], doc="Response of the air, sample by sample: numbers, '1+2j' or [real, imaginary]."
    )
    sample_rate: float | None = parameter(
        None, above=0, unit="Hz", doc="Rate of the samples; null: frequencies are per sample."
    )
    iq_gain_db: float = parameter(0.0, low=-20, high=20, unit="dB", doc="Gain of I over Q.")
    iq_phase: float = parameter(
        0.0, low=-45, high=45, unit="degrees", doc="Angle by which the rails miss 90 degrees."
    )
    dc: ComplexValue = parameter(0.0, doc="Constant that the mixer adds, of full scale.")
    clip: float | None = parameter(None, above=0, doc="Limit of each rail; null: none.")
    bits: int | None = parameter(
        None, low=1, high=24, doc="Of the converter on each rail, at full scale 1; null: no steps."
    )
    gap_every: float | None = parameter(
        None, above=0, unit="samples", doc="Mean distance of losses; null: none."
    )
    gap_length: float = parameter(1000.0, low=1, unit="samples", doc="Mean length of a loss.")
    gap_tell: bool = parameter(True, doc="Whether the tag 'gap' tells of each loss.")
    seed: int = parameter(0, doc="Seed of noise, phase and losses.")

    x = Input("complex64", doc="Sent samples.")
    y = Output(like="x", doc="Received samples.")

    items: int = state(0, doc="Samples that came.")
    taken: dict[str, int] = state(factory=dict, doc="Samples that each stage has taken.")
    stages: dict[str, dict[str, Any]] = state(factory=dict, doc="State of each stage.")

    _chain: dict[str, Block] = {}

    def configure(self) -> None:
        taps = [as_complex(tap, "taps") for tap in self.taps]
        self._path = [(delay, tap) for delay, tap in enumerate(taps) if tap]
        if not self._path:
            raise ParameterError(
                "parameter 'taps' must have one number at least that is not 0", "taps"
            )
        self._dc = as_complex(self.dc, "dc")
        self._energy = 10 ** (self.level / 10) * self.samples_per_symbol

    def start(self) -> None:
        self._chain = self._make()
        self._known: dict[str, dict[str, Any]] | None = None
        for part in self._chain.values():
            part.wanted = frozenset({"y"})
            part.resolve({"x": self.input_types["x"]})
            part.start()

    def restore(self, saved: None) -> None:
        """Do nothing: the states of the stages are part of its own."""

    def stop(self) -> None:
        for part in self._chain.values():
            part.stop()

    def changed(self, name: str, at: int) -> None:
        stage, known_as = _LIVE.get(name, ("", ""))
        if stage:
            self._restore()
            part = self._chain[stage]
            part.set(known_as, getattr(self, name))
            part.changed(known_as, self.taken.get(stage, 0))
            self._keep()

    def work(self, x: Array, at: int) -> Array:
        self._restore()
        y = self._through(x, list(self._chain))
        self.items += len(x)
        self._keep()
        return y

    def flush(self) -> Array:
        self._restore()
        names, parts = list(self._chain), [np.empty(0, np.complex64)]
        for k, name in enumerate(names):
            part = self._chain[name]
            if isinstance(part, StreamBlock):
                rest = part.flush()
                self._take_over(part)
                if isinstance(rest, np.ndarray):
                    parts.append(self._through(rest, names[k + 1 :]))
        self._keep()
        return np.concatenate(parts)

    def moved(self, index: int) -> int | None:
        place: int | None = index
        for part in self._chain.values():
            if isinstance(part, StreamBlock) and place is not None:
                place = part.moved(place)
        return place

    def results(self) -> dict[str, Any]:
        noise = math.sqrt(self._energy / 10 ** (self.snr_db / 10))
        found: dict[str, Any] = {"items": self.items, "noise_voltage": noise}
        for part in self._chain.values():
            for key, value in part.results().items():
                if key in ("clipped", "lost", "gaps"):
                    found[key] = found.get(key, 0) + value
        return found

    def _make(self) -> dict[str, Block]:
        """The stages, in order, by name."""
        rate, seed, name = self.sample_rate, self.seed, self.name
        delays, taps = zip(*self._path, strict=True)
        whole = round(self.delay)
        chain: dict[str, Block] = {}
        if self.clock_ppm or self.delay != whole:
            chain["clock"] = ClockOffset(ppm=self.clock_ppm, delay=self.delay)
        elif whole:
            chain["delay"] = Delay(items=whole)
        if self._path != [(0, 1)]:
            chain["taps"] = MultipathChannel(
                delays=list(delays),
                gains_db=[20 * math.log10(abs(tap)) for tap in taps],
                phases=[cmath.phase(tap) / (2 * math.pi) for tap in taps],
            )
        chain["offset"] = FrequencyOffset(
            frequency=self.frequency_offset,
            drift=self.frequency_drift,
            phase=self.phase,
            sample_rate=rate,
        )
        chain["phase"] = PhaseNoise(
            linewidth=self.linewidth, sample_rate=rate, seed=seed, name=f"{name}/phase"
        )
        chain["noise"] = AwgnChannel(
            snr_db=self.snr_db, signal_power=self._energy, seed=seed, name=name
        )
        if self.iq_gain_db or self.iq_phase:
            chain["mixer"] = IqImbalance(gain_db=self.iq_gain_db, phase=self.iq_phase)
        if self._dc:
            chain["dc"] = DcOffset(offset=self.dc)
        if self.clip is not None:
            chain["clip"] = Clipping(limit=self.clip)
        if self.bits is not None:
            chain["converter"] = Quantiser(bits=self.bits)
        if self.gap_every is not None:
            chain["gaps"] = RandomGap(
                every=self.gap_every,
                length=self.gap_length,
                tell=self.gap_tell,
                seed=seed,
                name=f"{name}/gaps",
            )
        return chain

    def _through(self, x: Array, stages: list[str]) -> Array:
        """Take samples through some of the stages."""
        for name in stages:
            part, at = self._chain[name], self.taken.get(name, 0)
            found = part.work(x, at)  # type: ignore[attr-defined]  # every kind here has it
            self.taken = self.taken | {name: at + len(x)}
            x = found[0] if isinstance(found, tuple) else found
            self._take_over(part)
        return x

    def _take_over(self, part: Block) -> None:
        """Hand on what a stage has to say."""
        if part.tags_out:
            for output, tag in part.tags_out:
                self.tag(tag.key, tag.value, tag.index, output)
            part.tags_out = []
        for note in part.notes:
            self.note(note)

    def _keep(self) -> None:
        self.stages = {name: part.state() for name, part in self._chain.items()}
        self._known = self.stages

    def _restore(self) -> None:
        """Give the stages their states, where they are not those that they have."""
        if self.stages is not self._known:
            for name, values in self.stages.items():
                for key, value in values.items():
                    setattr(self._chain[name], key, value)
            self._known = self.stages
