"""Links between the pages, and the pages that are made by commands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from docs_pages import DOCS

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.M)

LINKS = [
    pytest.param(page, target, id=f"{page.stem}-{target}")
    for page in sorted(DOCS.glob("*.md"))
    for target in dict.fromkeys(_LINK.findall(page.read_text(encoding="utf-8")))
]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = _HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize(("page", "target"), LINKS)
def test_link(page: Path, target: str) -> None:
    name, _, anchor = target.partition("#")
    assert not re.match(r"\w+:", target), "only links within the documentation are checked"
    linked = page.parent / name if name else page
    assert linked.is_file()
    if anchor:
        assert anchor in anchors(linked)


def test_the_pages_hang_together() -> None:
    reached, new = set(), {DOCS / "tutorial.md"}
    while new:
        page = new.pop()
        reached.add(page)
        targets = _LINK.findall(page.read_text(encoding="utf-8"))
        new |= {page.parent / t.partition("#")[0] for t in targets} & set(DOCS.glob("*.md"))
        new -= reached
    assert reached == set(DOCS.glob("*.md"))


def test_the_block_reference_is_what_the_command_prints() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "semradio.flowgraphs", "blocks", "--markdown"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert (DOCS / "blocks.md").read_text(encoding="utf-8") == printed, (
        "semradio blocks --markdown > docs/blocks.md"
    )
