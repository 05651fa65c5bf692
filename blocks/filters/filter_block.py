"""What all FIR filters have in common: how a stream of any cut becomes steps of one size."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from semradio.blocks.api import (
    Array,
    ItemType,
    ParameterError,
    StreamBlock,
    Tag,
    parameter,
    state,
)
from semradio.blocks.api.tag import GAP, items_lost
from semradio.blocks.filters.overlap_save import OverlapSave
from semradio.blocks.filters.remembering import Remembering
from semradio.blocks.filters.tap_matrix import TapMatrix

LONGEST_DIRECT = {"f": 320, "c": 160}
"""Products for each input up to which the matrix is as fast as the FFT, by the kind of taps."""


class Kernel(Protocol):
    """Computes a filter's outputs in steps of ``step`` inputs and ``given`` outputs."""

    history: int
    step: int
    given: int
    eager: bool

    def apply(self, line: Array) -> Array:
        """Return the outputs of whole steps; ``line`` is the history and the steps' inputs."""


class FilterBlock(Remembering, StreamBlock):
    """Base of FIR filters ``y[m] = sum_k taps[k] u[m D - k]``, u: x with I - 1 zeros after each.

    Before the first sample stand zeros, and the last output is the last that begins within the
    stream: n samples give ceil(n I / D). A subclass calls :meth:`use_taps` in ``configure``.

    A loss ends a stretch of samples as the end of the stream does, and begins another, with zeros
    before it. Its outputs are those of the same m as without the loss; the tag ``gap`` goes on with
    the number of outputs that are missing between, which may be 0.
    """

    tag_delay: int = parameter(
        0, unit="items", doc="Outputs by which tags move on, beside the change of rate."
    )

    before: Array | None = state(None, doc="The latest samples: history and the open step.")
    received: int = state(0, doc="Samples of this stretch, and zeros to begin at a whole D.")
    given: int = state(0, doc="Outputs of this stretch, and those that these zeros would give.")
    begun: int = state(0, doc="Sample with which the stretch began.")
    lost: int = state(0, doc="Samples lost so far.")
    skipped: int = state(0, doc="Outputs that are missing for it.")
    gaps: list[int] = state(factory=list, doc="The outputs missing at each gap not yet passed on.")
    released: list[Array] = state(factory=list, doc="Outputs that the end of a stretch has given.")

    def use_taps(
        self, taps: Array, interpolation: int, decimation: int, method: str = "auto"
    ) -> None:
        """Set the filter: taps (float64 or complex128) at I times the input's rate.

        Raises:
            ParameterError: a method or, while the block runs, a change that cannot be.
        """
        # GNU Radio's resampler reduces the ratio as well: the taps between are never met.
        common = math.gcd(interpolation, decimation)
        self._interpolation, self._decimation = interpolation // common, decimation // common
        if method == "fft" and self._interpolation > 1:
            raise ParameterError(
                "parameter 'method' may be 'fft' only where the rate is not interpolated", "method"
            )
        if self.started and self._output_dtype(taps) != self.output_item_types["y"].dtype:
            raise ParameterError(
                f"the new taps would turn the stream of {self.output_item_types['y']} into one of "
                f"{self._output_dtype(taps)}, which cannot be while it runs",
                "taps",
            )
        self._taps = taps[::common]
        self._method = method

    @property
    def taps_in_use(self) -> Array:
        """The taps, float64 or complex128."""
        return self._taps

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        self._dtype = inputs["x"].dtype
        return {"y": ItemType(self._output_dtype(self._taps))}

    def start(self) -> None:
        self.kernel = self._made_kernel()

    def changed(self, name: str, at: int) -> None:
        # The new taps count from the next output on, and meet the samples that are still here.
        self.kernel = self._made_kernel()
        if self.before is None:
            return
        start = self._step_of(self.given) * self.kernel.step - self.kernel.history
        missing = self.received - len(self.before) - start
        if missing > 0:
            self.before = np.concatenate([np.zeros(missing, self.before.dtype), self.before])
        else:
            self.before = self.before[-missing:].copy()

    def work(self, x: Array, at: int) -> Array | None:
        kernel, first = self.kernel, self.given
        end = at - self.begun + self._led() + len(x)
        step = self._step_of(first)
        left = end - step * kernel.step
        steps = -(-left // kernel.step) if kernel.eager else left // kernel.step
        last = self._due(end if kernel.eager else end - end % kernel.step)
        line = self._line(kernel.history + max(steps * kernel.step, left), x)
        self.received, self.given = end, max(first, last)
        kept = self._step_of(self.given) - step
        self.before = line[kept * kernel.step : kernel.history + left].copy()
        if last <= first:
            return self._with_released(None)
        y = self.filtered(line[: kernel.history + steps * kernel.step])
        return self._with_released(y[first - step * kernel.given : last - step * kernel.given])

    def flush(self) -> Array | None:
        return self._with_released(self._rest())

    def restart(self, at: int, lost: int) -> None:
        rest = self._rest()
        if rest is not None:
            self.released = [*self.released, rest]
        before = self._first_at(at + self.lost)
        self.begun, self.lost = at, self.lost + lost
        missing = self._first_at(at + self.lost) - before
        self.skipped += missing
        self.gaps = [*self.gaps, missing]
        # From the latest whole D on, which may have been lost: zeros stand there.
        self.received = self._led()
        self.given = -(-self.received * self._interpolation // self._decimation)
        self.before = None
        if self.received:
            size = self.kernel.history + self.received
            self.before = np.zeros(size, self.input_types["x"].numpy)

    def _led(self) -> int:
        """The zeros before the stretch since a whole D."""
        return (self.begun + self.lost) % self._decimation

    def _first_at(self, sample: int) -> int:
        """The first output that begins at a sample or later, both as if nothing had been lost."""
        return -(-sample * self._interpolation // self._decimation)

    def _with_released(self, y: Array | None) -> Array | None:
        """Return outputs behind those that the end of a stretch has given."""
        if not self.released:
            return y
        parts, self.released = [*self.released, *([] if y is None else [y])], []
        return np.concatenate(parts)

    def _rest(self) -> Array | None:
        """Return the outputs that begin within the stretch and wait for samples after it."""
        kernel, first = self.kernel, self.given
        last = -(-self.received * self._interpolation // self._decimation)
        if last == first:
            return None
        step = self._step_of(first)
        steps = -(-(self.received - step * kernel.step) // kernel.step)
        line = self._line(kernel.history + steps * kernel.step, np.empty(0))
        return self.filtered(line)[first - step * kernel.given : last - step * kernel.given]

    def carried(self, tag: Tag) -> Tag | None:
        if self.gaps and items_lost(tag):
            missing, *self.gaps = self.gaps
            return Tag(self._begins(), GAP, missing)
        return super().carried(tag)

    def _begins(self) -> int:
        """The output with which the stretch begins."""
        return self._first_at(self.begun + self.lost) - self.skipped

    def moved(self, index: int) -> int | None:
        # As GNU Radio does: to the nearest output, the later one if two are as near.
        place = 2 * (index + self.lost) * self._interpolation
        moved = (place + self._decimation) // (2 * self._decimation) - self.skipped
        return max(self._begins(), moved + self.tag_delay)

    def _made_kernel(self) -> Kernel:
        dtype = self.input_types["x"].numpy
        products = len(self._taps) / self._decimation
        long = self._interpolation == 1 and products > LONGEST_DIRECT[self._taps.dtype.kind]
        if self._method == "fft" or (self._method == "auto" and long):
            return OverlapSave(self._taps, self._decimation, dtype)
        return TapMatrix(self._taps, self._interpolation, self._decimation, dtype)

    def _output_dtype(self, taps: Array) -> str:
        return "complex64" if taps.dtype.kind == "c" else self._dtype

    def _due(self, count: int) -> int:
        """Outputs that go with the first ``count`` inputs: those of whole steps of I to D."""
        return count // self._decimation * self._interpolation

    def _step_of(self, output: int) -> int:
        """The step of the kernel that makes an output."""
        return output // self.kernel.given

    def _line(self, size: int, x: Array) -> Array:
        """Return the kept samples, those of ``x`` and zeros: ``size`` in all."""
        kept = self.before
        start = self.kernel.history if kept is None else len(kept)
        line = np.empty(size, self.input_types["x"].numpy)
        if kept is None:
            line[:start] = 0
        else:
            line[:start] = kept
        line[start : start + len(x)] = x
        line[start + len(x) :] = 0
        return line

    def filtered(self, line: Array) -> Array:
        """Return the outputs of whole steps; NaN where the taps reach a NaN or an infinity."""
        flat = line.view(np.float32)
        if math.isfinite(np.dot(flat, flat)):
            return self.kernel.apply(line)
        bad = ~np.isfinite(line)
        y = self.kernel.apply(np.where(bad, line.dtype.type(0), line))
        # A zero in the matrix times an infinity would reach outputs that the taps do not.
        up = (np.flatnonzero(bad) - self.kernel.history) * self._interpolation
        reached = np.zeros(len(y) + 1, np.int64)
        for sign, places in ((1, up), (-1, up + len(self._taps))):
            ends = np.clip(-(-places // self._decimation), 0, len(y))
            np.add.at(reached, ends, sign)
        y[np.cumsum(reached[:-1]) > 0] = np.nan
        return y
