"""How long a run that was asked to end may take; what starts and watches processes counts on it."""

from __future__ import annotations

DRAIN_S = 10.0
"""Seconds that a stopped flowgraph may take to drain before it is broken off."""

REPORT_S = 2.0
"""Seconds that its processes have after that, to report and to be gone."""
