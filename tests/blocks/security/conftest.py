"""Keys for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from link_keys import KEYS


@pytest.fixture
def keys(tmp_path: Path) -> list[str]:
    """References to two key files."""
    found = []
    for number, digits in enumerate(KEYS):
        file = tmp_path / f"{number}.key"
        file.write_text(digits + "\n", encoding="ascii")
        file.chmod(0o600)
        found.append(f"file:{file}")
    return found
