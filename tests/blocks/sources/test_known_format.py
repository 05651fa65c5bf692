"""Files that are no raw items are named, instead of being read as such."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import wave
import zipfile
from pathlib import Path

import numpy as np
import pytest

from semradio.blocks.api import ParameterError
from semradio.blocks.sources.file_source import FileSource

X = np.arange(64, dtype=np.complex64)
RAW = X.tobytes()


def wav() -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(48000)
        out.writeframes(bytes(128))
    return stream.getvalue()


def tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as out:
        entry = tarfile.TarInfo("a.sigmf-data")
        entry.size = len(RAW)
        out.addfile(entry, io.BytesIO(RAW))
    return stream.getvalue()


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as out:
        out.writestr("a", RAW)
    return stream.getvalue()


def npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, X)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.wav", wav(), "WAV recording: wav_file_source reads it"),
        ("a.iq", wav(), "WAV recording"),
        ("a.cf32", gzip.compress(RAW), "gzip"),
        ("a.cf32", lzma.compress(RAW), "compressed"),
        ("a.cf32", bz2.compress(RAW), "compressed"),
        ("a.zip", zipped(), "zip"),
        ("a.sigmf", tar(), "sigmf_source reads it"),
        ("a.dat", tar(), "tar archive: unpack"),
        ("a.sigmf-meta", b'{"global": {}}', "metadata of a SigMF recording"),
        ("a.dat", npy(), r"name it \*.npy"),
    ],
)
def test_it_is_named(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ParameterError, match=f"is not raw: it .*{words}"):
        FileSource(file=tmp_path / name, type="uint8")(10)


def test_what_only_begins_so_is_raw(tmp_path: Path) -> None:
    for head in (b"RIFF", b"\x1f\x8b\x08\xff", b"PK\x03\x04", b"BZh9"):
        raw = head + RAW
        (tmp_path / "a.dat").write_bytes(raw)
        assert FileSource(file=tmp_path / "a.dat", type="uint8")().tobytes() == raw


@pytest.mark.parametrize(
    ("datatype", "type", "good"),
    [
        ("cf32_le", "complex64", True),
        ("cf32_le", "float32", True),
        ("ci16_le", "int16", True),
        ("ci16_le", "complex64", False),
        ("cf32_be", "complex64", False),
        ("rf32_le", "complex64", False),
    ],
)
def test_sigmf_data_are_raw_of_their_type(
    tmp_path: Path, datatype: str, type: str, good: bool
) -> None:
    (tmp_path / "a.sigmf-data").write_bytes(RAW)
    (tmp_path / "a.sigmf-meta").write_text(json.dumps({"global": {"core:datatype": datatype}}))
    source = FileSource(file=tmp_path / "a.sigmf-data", type=type)
    if good:
        assert source().tobytes() == RAW
        return
    with pytest.raises(ParameterError, match=f"holds {datatype}, .*: sigmf_source reads it"):
        source()
