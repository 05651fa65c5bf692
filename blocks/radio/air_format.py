"""How samples stand in the messages of a virtual radio: srsRAN's ``tx_format``, ``rx_format``."""

from __future__ import annotations

from typing import Any

import numpy as np

from semradio.blocks.api import Array

FORMATS = ("cf32", "sc16")

_FULL = np.float32(32767)
"""Full scale of sc16, as srsRAN has it in both directions."""

_TINY, _HUGE = 1e-15, 1e6
"""Between these lie the rails of any signal; two int16 read as a float32 mostly do not."""


def sample_bytes(form: str) -> int:
    """Bytes of one sample."""
    return 4 if form == "sc16" else 8


def decode(raw: bytes, form: str) -> Array:
    """Return the samples of a message as complex64[n]; it holds a whole number of them."""
    if form == "sc16":
        rails = np.frombuffer(raw, "<i2").astype(np.float32) / _FULL
        return rails.view(np.complex64)
    return np.frombuffer(raw, np.complex64)


def encode(x: Array, form: str) -> tuple[Any, int]:
    """Return samples, complex64[n], as a buffer, and how many of them were clipped."""
    if form != "sc16":
        return np.ascontiguousarray(x).view(np.uint8).data, 0
    rails = np.ascontiguousarray(x).view(np.float32)
    beyond = ~(np.abs(rails) <= 1)
    whole = np.rint(np.clip(np.nan_to_num(rails, nan=0.0), -1, 1) * _FULL).astype("<i2")
    return whole.view(np.uint8).data, int(beyond.reshape(-1, 2).any(axis=1).sum())


def looks_like_sc16(x: Array) -> bool:
    """Whether samples that were read as cf32 can be no signal, but two int16 each could be."""
    rails = np.abs(x.view(np.float32))
    rails = rails[rails != 0]
    if len(rails) < 32:
        return False
    likely = np.isfinite(rails) & (rails > _TINY) & (rails < _HUGE)
    return 2 * int(likely.sum()) < len(rails)


def beyond_full_scale(x: Array) -> float | None:
    """The largest rail of samples if it is twice full scale or more; None otherwise."""
    peak = float(np.abs(x.view(np.float32)).max(initial=0.0))
    return peak if peak >= 2 else None
