"""Named variants of the ``intercept`` recipe."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

VARIANTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {"colour": {}, "colour-6": {"values_per_use": 6.0, "train_images": 6_000}}
)
"""Settings of each that are not the defaults."""
