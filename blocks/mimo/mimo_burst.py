"""Bursts of several antennas: what the ends of a MIMO link over samples must agree on.

Every antenna of every user sends a preamble of its own at the same time; over their whole length
these are orthogonal, so a receiver learns all channels at once, as well as noise allows. Frames
follow, slot by slot. All ends share one clock: no burst has to be found, and no carrier is off.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import hadamard  # type: ignore[import-untyped]

from semradio.blocks.api import ParameterError
from semradio.blocks.phy.pulse import pulse_taps
from semradio.blocks.phy.sequences import quaternary

ROLLOFF, SPAN = 0.35, 12
"""Of the root-raised-cosine pulse: its roll-off, and its length in symbols."""


class MimoBurst:
    """The layout of a burst.

    Args:
        antennas: of all transmitters together.
        preamble: symbols of the preamble, a power of two.
        slots: of one frame.
        frames: of one burst.
        samples_per_symbol: 2, 4 or 8.

    Raises:
        ParameterError: the preamble is no power of two, or too short for so many antennas.
    """

    def __init__(
        self, antennas: int, preamble: int, slots: int, frames: int, samples_per_symbol: int
    ) -> None:
        if preamble < 2 or preamble & (preamble - 1):
            raise ParameterError(
                f"parameter 'preamble' must be a power of two, not {preamble}", "preamble"
            )
        if preamble < antennas:
            raise ParameterError(
                f"parameter 'preamble' must be at least {antennas}, one symbol for each antenna of "
                f"all transmitters, not {preamble}",
                "preamble",
            )
        self.frames, self.slots, self.step = frames, slots, samples_per_symbol
        # Row 0 of a Hadamard matrix is constant; with the same random phases all rows look alike.
        rows = hadamard(preamble)[:antennas] * quaternary("mimo preamble", preamble)
        self.preambles: npt.NDArray[np.complex64] = rows.astype(np.complex64)
        """Preamble of each antenna, complex64[antennas, preamble], of unit power."""
        self.symbols = preamble + frames * slots
        self.taps = pulse_taps(ROLLOFF, samples_per_symbol, SPAN).astype(np.float32)
        """The pulse on samples, of unit energy."""
        self.samples = self.symbols * samples_per_symbol + SPAN * samples_per_symbol
        """Samples of a burst, with the pulse's ends on either side."""
