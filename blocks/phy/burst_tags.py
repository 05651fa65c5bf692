"""The tags that bursts leave on the frames they brought."""

from __future__ import annotations

from typing import Any

from semradio.blocks.phy.receiver import Burst

FRAME = "frame"
"""Number of the frame on its item, counted from the sender's first, lost ones included."""
COUNTER = "counter"
"""Number of the burst in its header, modulo 65536."""
SNR = "snr_db"
"""Es/N0 behind the equaliser, in dB."""
CFO = "cfo"
"""Carrier frequency offset, in cycles per symbol."""
DELAY = "delay"
"""Sample of the stream, fraction included, at which the burst's first symbol stands."""
CLOCK = "clock_ppm"
"""How much longer the receiver's samples are than the sender's, in millionths."""
METRIC = "metric"
"""Share of the preamble's energy that the preamble explains, 0 to 1."""
OVERLAP = "overlap"
"""Stands, with True, on a burst that another one overlaps."""
DOUBTFUL = "doubtful"
"""Stands, with True, on a burst whose later known symbols fit the first ones badly."""
CLIPPED = "clipped"
"""Stands, with True, on a burst with samples at full scale."""

PREAMBLE = "preamble"
"""Between the receiver's blocks: what the detector found, a dictionary."""
HEADER = "header"
"""Between the receiver's blocks: what the header says, a dictionary."""
PART, LAST = "part", "last"
"""Between the sender's blocks: frames of a burst that has not all; the burst is the last."""


def tags_of(burst: Burst) -> dict[str, Any]:
    """Return the tags of a burst, all but the number of its first frame."""
    tags: dict[str, Any] = {
        COUNTER: burst.counter,
        SNR: burst.snr_db,
        CFO: burst.cfo,
        DELAY: burst.delay,
        CLOCK: burst.clock_ppm,
        METRIC: burst.metric,
    }
    said = {OVERLAP: burst.overlaps, DOUBTFUL: burst.doubtful, CLIPPED: burst.clipped}
    return tags | {key: True for key, true in said.items() if true}
