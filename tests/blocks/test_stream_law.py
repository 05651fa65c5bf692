"""Every block of semradio through the jig: its output does not depend on how streams are cut.

The cases stand beside the other tests of each room: see ``law_cases.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from law_case import Case
from law_cases import CASES, FLAT, ROOMS, factory_of

from semradio.blocks.api import Array, ItemType, Tag, find, names
from semradio.blocks.gnuradio.message_control import MessageControl
from semradio.blocks.testing import check_block
from semradio.flowgraphs.runtime.edges.wire import HeaderCodec


@pytest.fixture(autouse=True)
def nobody_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """An inbox for the changes that blocks ask for; nobody reads it."""
    monkeypatch.setattr(MessageControl, "ask", staticmethod(lambda changes, tell: None))


@pytest.mark.parametrize(("name", "case"), FLAT)
@pytest.mark.usefixtures("stand_in", "uhd")
def test_stream_law(name: str, case: Case, law_folder: Path) -> None:
    check_block(
        factory_of(name, case, law_folder),
        case.inputs,
        expected=case.expected,
        wire=through_the_wire,
        **case.options,
    )


def test_every_block_is_covered() -> None:
    """A block without a case is not known to obey the law."""
    own = {name for name in names() if find(name).__module__.startswith("semradio.blocks.")}
    assert own == set(CASES), "write one into tests/blocks/ROOM/ROOM_law.py"


@pytest.mark.parametrize("room", ROOMS)
def test_a_case_stands_in_the_room_of_its_block(room: str) -> None:
    for name in ROOMS[room].CASES:
        assert find(name).__module__.startswith(f"semradio.blocks.{room}."), name


def through_the_wire(chunk: Array, tags: Sequence[Tag]) -> tuple[Array, list[Tag]]:
    """Send a chunk and its tags through the format of an edge between processes, and back."""
    codec = HeaderCodec(7, ItemType.of(chunk))
    first = min((tag.index for tag in tags), default=0)
    read = codec.read_data(codec.data(first, len(chunk), list(tags)))
    assert read is not None
    index, count, marks, _ = read
    assert index == first
    return codec.read_items(codec.write_items(chunk).tobytes(), count), marks
