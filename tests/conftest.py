"""Settings for all tests."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says nothing about whether it is right, and varies on a busy machine.
settings.register_profile("semradio", deadline=None)
settings.load_profile("semradio")
