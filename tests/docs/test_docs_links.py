"""Links between the pages, and the pages that are made by commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from commands import run
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


def test_the_site_lists_every_page() -> None:
    index = (DOCS / "index.rst").read_text(encoding="utf-8")
    listed = {line.strip() for line in index.splitlines()}
    # Of the blocks the site has a page each.
    assert {page.stem for page in DOCS.glob("*.md")} - {"blocks"} <= listed


def test_the_block_reference_is_what_the_command_prints() -> None:
    printed = run("blocks", "--markdown").stdout
    assert (DOCS / "blocks.md").read_text(encoding="utf-8") == printed, (
        "semradio blocks --markdown > docs/blocks.md"
    )
