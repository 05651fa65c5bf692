"""IQ files of other programs, with NumPy, SciPy and the standard library as referees."""

from __future__ import annotations

import gzip
import struct
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import wavfile

from semradio.blocks.api import BlockError, ParameterError, StreamError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.radio.iq_file_sink import IqFileSink
from semradio.blocks.radio.iq_file_source import IqFileSource
from semradio.blocks.radio.iq_format import FORMATS
from semradio.blocks.radio.wav_header import wav_head

draw = np.random.default_rng(23)
IQ = (draw.uniform(-0.9, 0.9, 300) + 1j * draw.uniform(-0.9, 0.9, 300)).astype(np.complex64)


def play(file: Any, **parameters: Any) -> tuple[np.ndarray, list[Tag], list[str]]:
    source = IqFileSource(file=file, **parameters)
    with Harness(source, {}, 17) as harness:
        while not harness.finished:
            harness.step()
        return harness.outputs()[0], harness.tags()[0], source.notes


def as_iq(rails: np.ndarray, full: float, middle: float = 0.0) -> np.ndarray:
    y = (rails.astype(np.float64) - middle) / full
    return (y[0::2] + 1j * y[1::2]).astype(np.complex64)


@pytest.mark.parametrize(
    ("name", "dtype", "full", "middle"),
    [
        ("rtl.cu8", "u1", 127.5, 127.5),
        ("urh.complex16u", "u1", 127.5, 127.5),
        ("hackrf.cs8", "i1", 128, 0),
        ("urh.complex16s", "i1", 128, 0),
        ("pluto.cs16", "<i2", 32768, 0),
        ("x.sc16", "<i2", 32768, 0),
        ("urh.complex32s", "<i2", 32768, 0),
    ],
)
def test_integers_by_the_ending(
    tmp_path: Path, name: str, dtype: str, full: float, middle: float
) -> None:
    limits = np.iinfo(dtype)
    rails = draw.integers(limits.min, limits.max, 600, dtype, endpoint=True)
    rails.tofile(tmp_path / name)
    y, tags, notes = play(tmp_path / name, rate=2.4e6, frequency=433.92e6)
    np.testing.assert_allclose(y, as_iq(rails, full, middle), atol=1e-7)
    assert tags == [Tag(0, "rx_rate", 2.4e6), Tag(0, "rx_freq", 433.92e6)]
    assert notes == []


@pytest.mark.parametrize("name", ["a.cfile", "a.cf32", "a.fc32", "a.complex", "a.raw"])
def test_floats(tmp_path: Path, name: str) -> None:
    IQ.tofile(tmp_path / name)
    form = {"format": "cf32"} if name == "a.raw" else {}
    np.testing.assert_array_equal(play(tmp_path / name, **form)[0], IQ)


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_written_is_read(tmp_path: Path, form: str) -> None:
    sink = IqFileSink(file=tmp_path / "a.dat", format=form)
    assert sink(IQ, chunk=7)["items"] == 300
    y, _, _ = play(tmp_path / "a.dat", format=form)
    step = 1e-6 if form.startswith("cf") else 0.75 / FORMATS[form].full
    assert np.abs(y - IQ).max() <= step
    again = IqFileSink(file=tmp_path / "b.dat", format=form)
    again(y)
    assert (tmp_path / "a.dat").read_bytes() == (tmp_path / "b.dat").read_bytes()


@pytest.mark.parametrize(
    ("width", "dtype", "full", "middle"),
    [(1, "u1", 128, 128), (2, "<i2", 2**15, 0), (3, None, 2**23, 0), (4, "<i4", 2**31, 0)],
)
def test_wav_of_any_width(
    tmp_path: Path, width: int, dtype: str | None, full: float, middle: float
) -> None:
    if dtype is None:
        rails = draw.integers(-(2**23), 2**23, 600).astype("<i4")
        raw = rails.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    else:
        limits = np.iinfo(dtype)
        rails = draw.integers(limits.min, limits.max, 600, dtype, endpoint=True)
        raw = rails.tobytes()
    with wave.open(str(tmp_path / "a.wav"), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(width)
        out.setframerate(250_000)
        out.writeframes(raw)
    y, tags, notes = play(tmp_path / "a.wav")
    np.testing.assert_allclose(y, as_iq(rails, full, middle), atol=1e-7)
    assert (tags, notes) == ([Tag(0, "rx_rate", 250_000.0)], [])


def sdr_sharp(data: bytes, *, auxi: bytes = b"", size: int | None = None) -> bytes:
    """A WAV file as SDR# and HDSDR write it."""
    described = struct.pack("<HHIIHH", 1, 2, 192_000, 768_000, 4, 16)
    chunks = b"fmt " + struct.pack("<I", len(described)) + described
    if auxi:
        chunks += b"auxi" + struct.pack("<I", len(auxi)) + auxi
    chunks += b"data" + struct.pack("<I", len(data) if size is None else size) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


SHORTS = draw.integers(-(2**15), 2**15, 600).astype("<i2")
BEGAN = struct.pack("<8H", 2023, 11, 2, 14, 22, 13, 20, 250)
AUXI = BEGAN + BEGAN + struct.pack("<9I", 7_100_000, 192_000, 0, 0, 0, 0, 0, 0, 0)
NOON = [1_672_574_400, 0.0]


@pytest.mark.parametrize(
    ("name", "content", "time", "frequency"),
    [
        ("a.wav", sdr_sharp(SHORTS.tobytes(), auxi=AUXI), [1_700_000_000, 0.25], 7.1e6),
        ("SDRuno_20200907_184033Z_7150kHz.wav", sdr_sharp(SHORTS.tobytes(), auxi=AUXI),
         [1_700_000_000, 0.25], 7.1e6),
        ("SDRSharp_20230101_120000Z_100000000Hz_IQ.wav", sdr_sharp(SHORTS.tobytes()), NOON, 1e8),
        ("HDSDR_20230101_120000Z_7100kHz_RF.wav", sdr_sharp(SHORTS.tobytes()), NOON, 7.1e6),
        ("a.wav", sdr_sharp(SHORTS.tobytes(), auxi=bytes(68)), None, None),
        ("a.wav", sdr_sharp(SHORTS.tobytes(), auxi=b"<x/>"), None, None),
    ],
)  # fmt: skip
def test_time_and_frequency(
    tmp_path: Path, name: str, content: bytes, time: Any, frequency: float | None
) -> None:
    (tmp_path / name).write_bytes(content)
    y, tags, _ = play(tmp_path / name)
    np.testing.assert_allclose(y, as_iq(SHORTS, 32768), atol=1e-7)
    wanted = {"rx_time": time, "rx_rate": 192_000.0, "rx_freq": frequency}
    assert tags == [Tag(0, k, v) for k, v in wanted.items() if v is not None]


def test_a_recorder_that_was_killed(tmp_path: Path) -> None:
    for size in (0, 0xFFFFFFFF, 10_000):
        (tmp_path / "a.wav").write_bytes(sdr_sharp(SHORTS.tobytes()[:-1], size=size))
        y, _, notes = play(tmp_path / "a.wav")
        np.testing.assert_allclose(y, as_iq(SHORTS, 32768)[:-1], atol=1e-7)
        assert any("the file has 1199" in note for note in notes)
        assert any("the last 3 bytes" in note for note in notes)


@pytest.mark.parametrize("form", ["cu8", "cs16", "cf32"])
def test_our_wav_is_what_scipy_reads(tmp_path: Path, form: str) -> None:
    marks = [
        Tag(0, "rx_time", [1_700_000_000, 0.25]), Tag(0, "rx_rate", 48_000.0),
        Tag(0, "rx_freq", 7.1e6), Tag(100, "rx_freq", 9e6),
    ]  # fmt: skip
    IqFileSink(file=tmp_path / "a.wav", format=form)(IQ, tags=marks, chunk=9)
    rate, data = wavfile.read(tmp_path / "a.wav")
    assert (rate, data.shape) == (48_000, (300, 2))
    full, middle = {"cu8": (128, 128), "cs16": (2**15, 0), "cf32": (1, 0)}[form]
    theirs = as_iq(data.reshape(-1), full, middle)
    y, tags, notes = play(tmp_path / "a.wav")
    np.testing.assert_allclose(y, theirs, atol=1e-7)
    np.testing.assert_allclose(y, IQ, atol=0.75 / full if full > 1 else 0)
    assert tags == marks[:3]
    assert notes == []


def test_long_files_are_rf64() -> None:
    head = wav_head(FORMATS["cs16"], 1e6, 5 << 30, None, None)
    assert head[:4] == b"RF64"
    assert head[12:16] == b"ds64"
    assert struct.unpack_from("<QQ", head, 20)[1] == 5 << 30
    assert len(head) == len(wav_head(FORMATS["cs16"], 1e6, 0, 1e8, 1))


def test_an_rf64_file_is_read(tmp_path: Path) -> None:
    # The head of a long file, and a short one's end: the samples that are there are given.
    head = wav_head(FORMATS["cs16"], 1e6, 5 << 30, None, None)
    (tmp_path / "a.wav").write_bytes(head + SHORTS.tobytes())
    y, _, notes = play(tmp_path / "a.wav")
    np.testing.assert_allclose(y, as_iq(SHORTS, 32768), atol=1e-7)
    assert "states 5368709120 bytes" in notes[0]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.iq", b"", "'format' is required: the ending"),
        ("a.cf32", gzip.compress(IQ.tobytes()), "compressed with gzip"),
        ("a.sigmf-meta", b"{}", "SigMF"),
        ("a.wav", b"RIFF\0\0\0\0WAVE", "without samples"),
        ("a.wav", b"RIFF\0\0\0\0WAVEdata\0\0\0\0", "does not tell its format"),
        ("a.wav", b"RIFF\0\0\0\0WAVExxxx\xff\xff\xff\xff", "chunk of 4294967295 bytes"),
        ("a.wav", sdr_sharp(b"").replace(struct.pack("<HH", 1, 2), struct.pack("<HH", 1, 1), 1),
         "1 channels, where I and Q are 2"),
        ("a.wav", sdr_sharp(b"").replace(struct.pack("<HH", 1, 2), struct.pack("<HH", 17, 2), 1),
         "kind 17 with 16 bits"),
        ("none.cf32", None, "cannot be read: No such file"),
    ],
)  # fmt: skip
def test_files_that_are_refused(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ParameterError, match=words):
        play(tmp_path / name)


def test_a_part_of_a_file_again_and_again(tmp_path: Path) -> None:
    IQ.tofile(tmp_path / "a.cf32")
    y = IqFileSource(file=tmp_path / "a.cf32", offset=10, length=50, repeat=True)(120)
    np.testing.assert_array_equal(y, np.tile(IQ[10:60], 3)[:120])
    words = "'length' is 300, but .* holds only 299 items from item 1 on"
    with pytest.raises(ParameterError, match=words):
        play(tmp_path / "a.cf32", offset=1, length=300)


def test_what_goes_wrong_when_writing(tmp_path: Path) -> None:
    with pytest.raises((BlockError, StreamError), match="needs its sample rate"):
        IqFileSink(file=tmp_path / "a.wav")(IQ)
    with pytest.raises(ParameterError, match="WAV files hold cu8, cs16, cf32, not cs8"):
        IqFileSink(file=tmp_path / "a.wav", format="cs8")
    with pytest.raises(ParameterError, match="'format' is required"):
        IqFileSink(file=tmp_path / "a.iq")
    sink = IqFileSink(file=tmp_path / "a.cs16")
    assert sink(np.array([2, 0.5], np.complex64))["clipped"] == 1
    assert sink.notes == ["1 samples went beyond full scale and were clipped"]
