"""A carrier that is off, and drifts."""

from __future__ import annotations

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter, state
from semradio.blocks.channels.oscillator import Oscillator
from semradio.blocks.channels.sample_units import per_sample, per_sample_squared


@block("frequency_offset", category="channels")
class FrequencyOffset(SyncBlock):
    """Shift the spectrum: ``y[n] = x[n] exp(2 pi i (phase + f n + d n^2 / 2))``.

    f is the offset in cycles per sample and d its drift in cycles per sample and sample; with
    ``sample_rate`` they are given in Hz and Hz/s instead. The phase is a function of n, computed
    without rounding at the start of each 4096 samples and in double precision between, so it is
    as good after a billion samples as at the first. A live change of frequency or drift turns on
    from the phase reached, with no jump.

    Example:
        >>> y = FrequencyOffset(frequency=0.25)(np.ones(4, np.complex64))
        >>> bool(np.allclose(y, [1, 1j, -1, -1j], atol=1e-5))
        True
    """

    frequency: float = parameter(
        0.0, live=True, doc="f, in cycles per sample, or in Hz where sample_rate is given."
    )
    drift: float = parameter(
        0.0, live=True, doc="d, in cycles per sample^2, or in Hz/s where sample_rate is given."
    )
    phase: float = parameter(0.0, unit="turns", doc="Phase of the first sample.")
    sample_rate: float | None = parameter(
        None, above=0, unit="Hz", doc="Rate of the samples; null: frequencies are per sample."
    )

    x = Input("complex64", doc="IQ samples.")
    y = Output(like="x", doc="The shifted samples.")

    since: int = state(0, doc="Sample of the latest change of the frequency.")
    turned: float | None = state(None, doc="Phase there in turns; None before any change.")

    def start(self) -> None:
        self._tune()

    def changed(self, name: str, at: int) -> None:
        if name in ("frequency", "drift"):
            self.turned, self.since = self._oscillator.turns(at), at
            self._tune()

    def work(self, x: Array, at: int) -> Array:
        if not (self.frequency or self.drift or self.phase or self.turned):
            return x
        y: Array = x * self._oscillator.samples(at, len(x))
        return y

    def _tune(self) -> None:
        self._oscillator = Oscillator(
            per_sample(self.frequency, self.sample_rate),
            per_sample_squared(self.drift, self.sample_rate),
            self.phase if self.turned is None else self.turned,
            self.since,
        )
