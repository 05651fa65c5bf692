"""What the tests of deployments share: a link, and what a run on one host gives for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from deployed import LINK, done, results_of


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the link in it, where deployments are kept too."""
    (tmp_path / "link.yml").write_text(LINK)
    return tmp_path


@pytest.fixture
def here(place: Path) -> Any:
    """What one process finds."""
    return results_of(done(place, "run", "link.yml", "--in-process", "--json", "-"))
