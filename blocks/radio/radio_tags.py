"""The tags of radio streams, by GNU Radio's names."""

from __future__ import annotations

import math
from typing import Any

RX_TIME = "rx_time"
"""Time of the very sample that carries it: [whole seconds, fraction]."""
RX_RATE = "rx_rate"
"""Sample rate from that sample on, in samples per second."""
RX_FREQ = "rx_freq"
"""Centre frequency from that sample on, in Hz."""

TX_SOB, TX_EOB = "tx_sob", "tx_eob"
"""First and last sample of a burst."""
TX_TIME = "tx_time"
"""When to send the sample that carries it: [whole seconds, fraction]."""
TX_FREQ = "tx_freq"
"""Centre frequency from that sample on, in Hz, or [channel, Hz]."""
TX_COMMAND = "tx_command"
"""What else to set from that sample on: a map of freq, gain, ..., chan."""
PACKET_LEN = "packet_len"
"""On the first sample of a burst: its number of samples."""

NS = 1_000_000_000


def time_value(ns: int) -> list[int | float]:
    """Return a time in nanoseconds as the value of a time tag."""
    seconds, rest = divmod(ns, NS)
    return [seconds, rest / NS]


def time_ns(value: Any) -> int | None:
    """Return the value of a time tag in nanoseconds; None if it is no time."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    seconds, fraction = value
    good = isinstance(seconds, int) and isinstance(fraction, int | float)
    if not good or isinstance(seconds, bool) or not math.isfinite(fraction):
        return None
    return int(seconds * NS + round(fraction * NS))


def number(value: Any) -> float | None:
    """Return the value of a tag that is a finite number as a float; None for any other."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
