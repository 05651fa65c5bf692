"""Quantities in seconds and hertz, or in samples."""

from __future__ import annotations


def per_sample(value: float, sample_rate: float | None) -> float:
    """Return a frequency in cycles per sample: given in hertz where a rate is stated."""
    return value if sample_rate is None else value / sample_rate


def per_sample_squared(value: float, sample_rate: float | None) -> float:
    """Return a drift in cycles per sample and sample: given in Hz/s where a rate is stated."""
    return value if sample_rate is None else value / sample_rate**2
