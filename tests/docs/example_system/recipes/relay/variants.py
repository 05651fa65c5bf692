"""Named variants of the recipe ``relay``."""

from __future__ import annotations

VARIANTS = {"double": {}, "half": {"gain": 0.5}}
