"""How well sound arrived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from semradio.blocks.api import Array, Input, block
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.arithmetic.ordered_sums import added
from semradio.blocks.arithmetic.power import decibels
from semradio.blocks.metrics.groups import GroupedSink

_GROUP = 64


@dataclass
class Ratios:
    """Sums over some frames."""

    items: int = 0
    decibels: float = 0.0
    """Sum of the ratios of frames that have one."""
    silent: int = 0
    perfect: int = 0
    orthogonal: int = 0
    reference: float = 0.0
    """Sum of s^2 over all samples, and so on."""
    received: float = 0.0
    product: float = 0.0

    def plus(self, other: Ratios) -> Ratios:
        """Return the measure of these frames and those that follow."""
        return Ratios(
            self.items + other.items,
            self.decibels + other.decibels,
            self.silent + other.silent,
            self.perfect + other.perfect,
            self.orthogonal + other.orthogonal,
            self.reference + other.reference,
            self.received + other.received,
            self.product + other.product,
        )


@block("si_sdr", category="metrics")
class SiSdr(GroupedSink[Ratios]):
    """Measure the scale-invariant signal-to-distortion ratio of sound, in frames and altogether.

    With a frame s and what was received for it, r: a = <r, s> / <s, s>, and SI-SDR = 10 log10(||a
    s||^2 / ||r - a s||^2). The gain of a link does not count, its sign neither. No mean is taken
    out first: ``dc_blocker`` does that. ``stream_to_vector`` makes frames of samples.

    Results:
        ``items``; ``si_sdr_db``, the mean over frames, but for three kinds, which have no number:
        ``silent`` counts frames where s or r is zero throughout, ``perfect`` those where r is
        exactly a s, and ``orthogonal`` those where a is 0; ``total_db``, the same ratio with all
        frames as one signal, so that loud ones count more. Both are null where they have no number.
        Where the tag ``segments`` changes its
        value on the way, a list ``segments`` has the same for each stretch. Where tags tell of
        losses, ``missing`` counts them.

    Raises:
        StreamError: a sample is NaN or infinity; the message names the item.

    Example:
        >>> sent = np.float32([[1, 1, 1, 1]])
        >>> received = np.float32([[0.6, 0.4, 0.6, 0.4]])
        >>> round(SiSdr()(received, sent)["si_sdr_db"], 2)
        13.98

    Source:
        J. Le Roux, S. Wisdom, H. Erdogan & J. Hershey, "SDR - half-baked or well done?", ICASSP
        2019, eq. (4).
    """

    received = Input("float32[*]", doc="Frames as they arrived.")
    reference = Input("float32[*]", like="received", doc="Frames as they were sent.")

    def start(self) -> None:
        self.make_groups(_GROUP)

    def work(self, received: Array, reference: Array, at: int) -> None:
        check_finite(received, at, "received")
        check_finite(reference, at, "reference")
        self.gather(at, received, reference)

    def blank(self) -> Ratios:
        return Ratios()

    def add(self, measure: Ratios, *group: Array) -> None:
        # In double precision: what is left beside the signal may be a millionth of it.
        r, s = (part.astype(np.float64) for part in group)
        reference, product = (s * s).sum(axis=1), (r * s).sum(axis=1)
        gains = np.divide(product, reference, out=np.zeros_like(product), where=reference > 0)
        distortion = np.square(r - gains[:, None] * s).sum(axis=1)
        received = (r * r).sum(axis=1)
        silent = (reference == 0) | (received == 0)
        perfect = ~silent & (distortion == 0)
        signal = gains * gains * reference
        orthogonal = ~silent & (signal == 0)
        good = ~(silent | perfect | orthogonal)
        ratios = 10 * np.log10(signal[good] / distortion[good])
        measure.decibels = added(measure.decibels, ratios)
        measure.silent += int(silent.sum())
        measure.perfect += int(perfect.sum())
        measure.orthogonal += int(orthogonal.sum())
        measure.reference = added(measure.reference, reference)
        measure.received = added(measure.received, received)
        measure.product = added(measure.product, product)

    def figures(self, measure: Ratios) -> dict[str, Any]:
        left_out = measure.silent + measure.perfect + measure.orthogonal
        counted = measure.items - left_out
        total = None
        if measure.reference:
            signal = measure.product**2 / measure.reference
            distortion = max(0.0, measure.received - signal)
            total = decibels(signal / distortion) if distortion else None
        return {
            "items": measure.items,
            "si_sdr_db": measure.decibels / counted if counted else None,
            "silent": measure.silent,
            "perfect": measure.perfect,
            "orthogonal": measure.orthogonal,
            "total_db": total,
        }
