"""The user's cache of this project."""

from __future__ import annotations

from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return the user's cache of this project, where fetched files go unless told otherwise."""
    return Path(platformdirs.user_cache_dir("semradio")).expanduser()
