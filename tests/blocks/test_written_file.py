"""A file that gets its name when it is complete takes the place of files only."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import Block, ParameterError
from semradio.blocks.media.text_sink import TextSink
from semradio.blocks.media.wav_file_sink import WavFileSink
from semradio.blocks.radio.iq_file_sink import IqFileSink
from semradio.blocks.written_file import WrittenFile

LINE = np.zeros((1, 8), np.uint8)
SOUND = np.zeros(4, np.float32)
SAMPLES = np.zeros(4, np.complex64)


@pytest.mark.parametrize(
    ("sink", "values", "items"),
    [
        (TextSink, {}, LINE),
        (WavFileSink, {"rate": 8000}, SOUND),
        (IqFileSink, {"format": "cs16"}, SAMPLES),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
@pytest.mark.parametrize("name", ["pipe", "link.wav"])
def test_a_device_or_a_pipe_is_left_as_it_is(
    tmp_path: Path, sink: type[Block], values: dict[str, Any], items: Any, name: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link.wav").symlink_to(tmp_path / "pipe")
    with pytest.raises(ParameterError, match="cannot be written: it is a device or a pipe"):
        sink(file=str(tmp_path / name), **values)(items)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert not list(tmp_path.glob("*.part"))


def test_a_file_that_is_there_is_replaced_when_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"before")
    written = WrittenFile(path)
    written.open().write(b"after")
    assert path.read_bytes() == b"before"
    written.close()
    written.take_name()
    assert path.read_bytes() == b"after"
    assert [each.name for each in tmp_path.iterdir()] == ["a.bin"]
