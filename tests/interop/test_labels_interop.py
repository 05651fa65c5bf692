"""No block of ours has the label of one of GNU Radio's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from semradio.flowgraphs.gnuradio.description import described
from semradio.flowgraphs.gnuradio.labels import block_label

BLOCKS = Path("/usr/share/gnuradio/grc/blocks")


@pytest.mark.skipif(not BLOCKS.is_dir(), reason="GNU Radio is not installed")
def test_no_label_is_gnuradios_own() -> None:
    theirs = set()
    for file in BLOCKS.glob("*.block.yml"):
        found = re.search(r"^label: (.*)$", file.read_text(), re.M)
        if found is not None:
            theirs.add(found[1].strip().strip("'\"").lower())
    assert len(theirs) > 300
    assert [name for name in described() if block_label(name).lower() in theirs] == []
