"""Sources that read a file: what they refuse, whatever the kind, and when they look at it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import Block, ParameterError, find
from semradio.blocks.api.harness import Harness
from semradio.blocks.mimo.channel_state_source import ChannelStateSource
from semradio.blocks.sinks.file_sink import FileSink
from semradio.blocks.sources.file_source import FileSource

SOURCES: dict[str, dict[str, Any]] = {
    "file_source": {"type": "int8"},
    "wav_file_source": {},
    "text_source": {},
    "video_source": {"size": [4, 4]},
    "iq_file_source": {"format": "cs8"},
    "file_meta_source": {},
}


def made(kind: str, path: Path) -> Block:
    if kind == "video_source":
        pytest.importorskip("av")
    return find(kind)(file=path, **SOURCES[kind])


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none", "file '.*none' cannot be read: No such file or directory"),
        (".", "is not a regular file"),
        ("pipe", "file '.*pipe' is not a regular file"),
        ("a\0b", "cannot be read: embedded null byte"),
    ],
    ids=["missing", "folder", "pipe", "null"],
)
def test_what_is_no_file_is_refused(tmp_path: Path, kind: str, name: str, words: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ParameterError, match=words) as caught:
        made(kind, tmp_path / name)()
    assert caught.value.parameter == "file"


@pytest.mark.parametrize("kind", SOURCES)
def test_what_a_source_reads_is_told(tmp_path: Path, kind: str) -> None:
    # So a run that goes on where another one was notices a file that is another one.
    assert made(kind, tmp_path / "a").reads() == [tmp_path / "a"]


def test_what_a_recording_consists_of_is_told(tmp_path: Path) -> None:
    pytest.importorskip("sigmf")
    for name in ("a", "b.sigmf"):
        find("sigmf_sink")(file=tmp_path / name, sample_rate=1e6)(np.zeros(3, np.complex64))
    pair = [tmp_path / "a.sigmf-meta", tmp_path / "a.sigmf-data"]
    assert find("sigmf_source")(file=tmp_path / "a").reads() == pair
    assert find("sigmf_source")(file=tmp_path / "b.sigmf").reads() == [tmp_path / "b.sigmf"]


def test_channel_states_are_opened_as_other_files_are(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ParameterError, match="pipe' is not a regular file"):
        ChannelStateSource(file=str(tmp_path / "pipe"))


def test_headers_beside_a_file_that_are_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    os.mkfifo(tmp_path / "a.hdr")
    with pytest.raises(ParameterError, match=r"a.hdr' is not a regular file"):
        made("file_meta_source", tmp_path / "a")()


@pytest.mark.parametrize(
    ("pipe", "words"),
    [
        ("a.sigmf-meta", "a' cannot be read: .*a.sigmf-meta: Not a regular file"),
        ("a.sigmf-data", "a' has no data: .*a.sigmf-data: Not a regular file"),
        ("a.sigmf", "a.sigmf' is not a regular file"),
        ("a.sigmf-collection", "a.sigmf-collection' is not a regular file"),
    ],
)
def test_a_recording_of_pipes(tmp_path: Path, pipe: str, words: str) -> None:
    pytest.importorskip("sigmf")
    find("sigmf_sink")(file=tmp_path / "a", sample_rate=1e6)(np.zeros(3, np.complex64))
    (tmp_path / pipe).unlink(missing_ok=True)
    os.mkfifo(tmp_path / pipe)
    file = tmp_path / ("a" if pipe.endswith(("meta", "data")) else pipe)
    with pytest.raises(ParameterError, match=words):
        find("sigmf_source")(file=file)()


def test_the_file_is_the_one_that_was_set_last(tmp_path: Path) -> None:
    for name, value in (("a", 1), ("b", 2)):
        np.full(3, value, np.int8).tofile(tmp_path / name)
    source = FileSource(file=tmp_path / "a", type="int8")
    assert source().tolist() == [1, 1, 1]
    source.set("file", tmp_path / "b")
    assert source().tolist() == [2, 2, 2]
    sink = FileSink(file=tmp_path / "c")
    sink(np.ones(3, np.int8))
    sink.set("file", tmp_path / "d")
    sink(np.zeros(4, np.int8))
    assert [(tmp_path / name).read_bytes() for name in "cd"] == [b"\1\1\1", bytes(4)]


def test_a_live_change_leaves_the_file_open(tmp_path: Path) -> None:
    np.arange(9, dtype=np.int8).tofile(tmp_path / "a")
    with Harness(FileSource(file=tmp_path / "a", type="int8"), {}, 4) as harness:
        harness.step()
        harness.block.set("enabled", True)
        while not harness.finished:
            harness.step()
        assert harness.outputs()[0].tolist() == list(range(9))
