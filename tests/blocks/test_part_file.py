"""What a killed process left of a file goes when another writes it; what is being written stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from semradio.blocks.api.harness import Harness
from semradio.blocks.api.item_type import ItemType
from semradio.blocks.part_file import clear_parts, part_of, whole, write_whole
from semradio.blocks.sinks.image_file_sink import ImageFileSink
from semradio.blocks.sinks.image_sink import ImageSink


def ended() -> int:
    """The number of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def of_process(path: Path, number: int) -> Path:
    part = part_of(path)
    return part.with_name(part.name.replace(f".{os.getpid()}.part", f".{number}.part"))


def test_only_what_ended_processes_left_of_this_file_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    left = of_process(path, ended())
    stays = [
        part_of(path),
        of_process(path, os.getppid()),
        of_process(tmp_path / "other.png", ended()),
        tmp_path / f".sheet.png.another-host.{ended()}.part",
        tmp_path / ".sheet.png.part",
    ]
    for file in (left, *stays):
        file.touch()
    clear_parts(path)
    assert not left.exists()
    assert all(file.exists() for file in stays)


@pytest.mark.parametrize("kind", ["image_sink", "image_file_sink"])
def test_sinks_begin_without_what_was_left(tmp_path: Path, kind: str) -> None:
    item = ItemType("uint8", (28, 28))
    if kind == "image_sink":
        left, inputs = of_process(tmp_path / "sheet.png", ended()), {"sent": item}
        block = ImageSink(file=str(tmp_path / "sheet.png"))
    else:
        left, inputs = of_process(tmp_path / "pictures", ended()), {"x": item}
        block = ImageFileSink(folder=str(tmp_path), name="pictures")
    left.touch()
    with Harness(block, inputs):
        assert not left.exists()


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "a"
    write_whole(path, b"first", durable=durable)
    with pytest.raises(KeyboardInterrupt), whole(path, durable=durable) as part:
        part.write_bytes(b"half of the sec")
        assert path.read_bytes() == b"first"
        raise KeyboardInterrupt
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"first")]
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write_whole(tmp_path / "folder", b"x", durable=durable)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "folder"]


def test_a_file_has_the_mode_that_any_other_has(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    write_whole(tmp_path / "a", b"x", durable=True)
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "usual").stat().st_mode
