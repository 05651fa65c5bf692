"""The key of keyed links while they are measured for figures.

It is published here and protects nothing; the figures shall be the same everywhere.
"""

from __future__ import annotations

VARIABLE = "SEMRADIO_KEY"
"""Variable of the environment in which keyed_link looks for its key."""

KEY = "c0de" * 16
