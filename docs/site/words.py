"""What others call a block: the tables of the pages for their users, read as data."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[1]
PAGES = {"GNU Radio": DOCS / "gnuradio-users.md", "PyTorch": DOCS / "pytorch-users.md"}

_ROW = re.compile(r"^\| (?P<words>.+?) \| (?P<ours>.+?) \|$", re.M)
_CODE = re.compile(r"`([^`]+)`")


def words_of(page: Path, blocks: set[str]) -> dict[str, list[str]]:
    """Return block type -> what the page's users call it.

    Where a row has as many words as blocks they belong together in turn; else all to all.
    """
    found: dict[str, list[str]] = {}
    for row in _ROW.finditer(page.read_text(encoding="utf-8")):
        ours = [name for name in _CODE.findall(row["ours"]) if name in blocks]
        words = [w.strip().strip("`") for w in re.split(r"[,;]| and ", row["words"])]
        words = [w for w in words if w]
        for k, name in enumerate(ours):
            mine = [words[k]] if len(words) == len(ours) else words
            found.setdefault(name, []).extend(w for w in mine if w not in found.get(name, ()))
    return found
