"""Named variants of the ``deepjscc`` recipe."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_PHOTOGRAPHS: Mapping[str, Any] = {
    "datasets": ("bsds500/train", "bsds500/val"),
    "validation": ("bsds500/test",),
    "test": ("kodak",),
    "crop": 64,
    "crops": 40,
    "batch": 16,
    "epochs": 8,
}

VARIANTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "cifar": {},
        "photo": _PHOTOGRAPHS,
        "published": {
            "architecture": "published",
            "rates": (6,),
            "prefixes": 0.0,
            "low_snr_db": 10.0,
            "high_snr_db": 10.0,
            "learning_rate": 1e-3,
            "batch": 64,
        },
    }
)
"""Settings of each that are not the defaults."""
