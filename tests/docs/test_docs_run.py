"""Every command, every flowgraph and every piece of Python on every page does what it says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from docs_pages import DOCS, RUN, SHOWN, Fence, Story, assert_printed, fences

ELSEWHERE = ("language.md", "blocks.md")
"""Pages that other tests deal with."""

TRAINING = "training.md"

LONG = ("tutorial.md",)

PAGES = sorted(page for page in DOCS.glob("*.md") if page.name not in ELSEWHERE)

ORDINARY = [
    pytest.param(page, id=page.stem, marks=[pytest.mark.slow] if page.name in LONG else [])
    for page in PAGES
    if page.name != TRAINING
]


def run_page(page: Path, folder: Path, environment: dict[str, str]) -> None:
    story = Story(folder, environment)
    with story.inside():
        for fence in fences(page):
            if fence.language not in RUN:
                continue
            try:
                story.run(fence)
            except Exception as error:
                error.add_note(f"in the block at docs/{fence}")
                raise


@pytest.mark.parametrize("page", ORDINARY)
def test_page(page: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    run_page(page, tmp_path, environment)


@pytest.mark.slow
def test_training_page(tmp_path: Path, environment: dict[str, str], many_digits: Path) -> None:
    for package in ("torch", "onnx", "onnxscript"):
        if importlib.util.find_spec(package) is None:
            pytest.skip("needs torch: pip install 'semradio[train]'")
    run_page(DOCS / TRAINING, tmp_path, {**environment, "SEMRADIO_DATA": str(many_digits)})


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_every_block_says_what_it_is(page: Path) -> None:
    found = fences(page)
    assert page.read_text(encoding="utf-8").count("```") == 2 * len(found), "a fence is not closed"
    for fence in found:
        assert fence.language in (*RUN, *SHOWN), f"{fence}: {fence.language!r} is not run"


# The tool itself: it must find what is wrong, or passing it means nothing. -------------------


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("a = 1\n", "a = 1\n"),
        ("a = 0.5012\n", "a = 0.5\n"),
        ("...\nb\n...\n", "a\nb\nc\n"),
        ("done: ... processes\n", "done: 3 items, 4 processes\n"),
    ],
)
def test_output_that_agrees(wanted: str, found: str) -> None:
    assert_printed(wanted, found)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("a = 1\n", "a = 2\n"),
        ("a = 0.52\n", "a = 0.5\n"),
        ("a\n", ""),
        ("a\n", "a\nb\n"),
        ("...\nb\n", "a\n"),
        ("...\nb\n", "a\nb\nc\n"),
        ("a = 0.5\n", "b = 0.5\n"),
    ],
)
def test_output_that_does_not(wanted: str, found: str) -> None:
    with pytest.raises(AssertionError):
        assert_printed(wanted, found)


@pytest.mark.parametrize(
    ("language", "text", "message"),
    [
        ("sh", "semradio blocks nothing\n", "exit status 2, not 0"),
        ("sh", "semradio blocks  # exit status 2\n", "exit status 0, not 2"),
        ("sh", "semradio blocks nothing &\n", "exit status 2, not 0"),
        ("sh", "rm -r .\n", "only python, semradio"),
        ("python", "assert 1 == 2, 'not so'\n", "not so"),
        ("python", "# file: bad.py\n1 / 0\n", "ZeroDivisionError"),
        ("text", "anything\n", "output of nothing"),
        ("yaml", "flowgraph: x\n", "# file:"),
    ],
)
def test_what_is_wrong_is_found(
    language: str, text: str, message: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    story = Story(tmp_path, environment)
    with story.inside(), pytest.raises(AssertionError, match=message):
        story.run(Fence("none.md", language, text, 1))


def test_a_flowgraph_that_is_wrong_is_found(tmp_path: Path, environment: dict[str, str]) -> None:
    text = "# file: x.yml\nflowgraph: x\nblocks: {a: {block: null_sink}}\n"
    story = Story(tmp_path, environment)
    with story.inside(), pytest.raises(Exception, match="input 'x' of block 'a' is not connected"):
        story.run(Fence("none.md", "yaml", text, 1))
