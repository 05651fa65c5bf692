"""WAV files, with SciPy and the standard library as referees."""

from __future__ import annotations

import os
import struct
import tracemalloc
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import wavfile

from semradio.blocks.api import BlockError, ItemType, ParameterError
from semradio.blocks.api.harness import Harness
from semradio.blocks.media.wav_chunks import wav_start
from semradio.blocks.media.wav_file_sink import WavFileSink
from semradio.blocks.media.wav_file_source import WavFileSource

draw = np.random.default_rng(29)
SOUND = draw.uniform(-1, 1, (300, 2)).astype(np.float32)

LIMITS = {"u8": 2**7, "s16": 2**15, "s24": 2**23, "s32": 2**31}


def written(path: Path, width: int, channels: int, rate: int = 8000, count: int = 300) -> Any:
    """Let the standard library write a WAV file of random integers; return them as floats."""
    if width == 1:
        whole = draw.integers(0, 256, (count, channels))
        raw, floats = whole.astype("u1").tobytes(), (whole - 128) / 128
    else:
        top = 1 << 8 * width - 1
        whole = draw.integers(-top, top, (count, channels))
        raw = whole.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :width].tobytes()
        floats = whole / top
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(raw)
    return floats.astype(np.float32)


def read(path: Path, **parameters: Any) -> tuple[list[Any], dict[str, Any], list[str]]:
    """Return what the outputs give, the results and the notes."""
    source = WavFileSource(file=path, **parameters)
    with Harness(source, {}, 37) as harness:
        while not harness.finished:
            harness.step()
        return harness.outputs(), source.results(), source.notes


@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_what_the_standard_library_wrote(tmp_path: Path, width: int, channels: int) -> None:
    floats = written(tmp_path / "a.wav", width, channels, 22_050)
    y, results, notes = read(tmp_path / "a.wav", channels=channels, rate=22_050)
    np.testing.assert_array_equal(np.stack(y, axis=1), floats)
    assert results == {
        "items": 300,
        "rate": 22_050,
        "channels": channels,
        "format": f"{'u' if width == 1 else 's'}{8 * width}",
        "seconds": 300 / 22_050,
    }
    assert notes == []


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "f4", "f8"])
def test_what_scipy_wrote(tmp_path: Path, dtype: str) -> None:
    data = SOUND.astype(dtype) if dtype[0] == "f" else draw.integers(0, 256, (300, 2)).astype(dtype)
    wavfile.write(tmp_path / "a.wav", 48_000, data)
    (left, right), results, _ = read(tmp_path / "a.wav", channels=2)
    full, middle = {"u1": (128, 128), "i2": (2**15, 0), "i4": (2**31, 0)}.get(dtype, (1, 0))
    wanted = ((data.astype(np.float64) - middle) / full).astype(np.float32)
    np.testing.assert_array_equal(np.stack([left, right], axis=1), wanted)
    assert (
        results["format"] == {"u1": "u8", "i2": "s16", "i4": "s32", "f4": "f32", "f8": "f64"}[dtype]
    )


@pytest.mark.parametrize("form", ["u8", "s16", "s24", "s32", "f32", "f64"])
def test_scipy_reads_what_was_written(tmp_path: Path, form: str) -> None:
    sink = WavFileSink(file=tmp_path / "a.wav", rate=44_100, channels=2, format=form)
    assert sink(SOUND[:, 0], SOUND[:, 1], chunk=7)["clipped"] == 0
    rate, data = wavfile.read(tmp_path / "a.wav")
    assert (rate, data.shape) == (44_100, (300, 2))
    if form[0] == "f":
        assert data.dtype == f"f{int(form[1:]) // 8}"
        np.testing.assert_array_equal(data, SOUND)
        return
    # SciPy gives 24 bits as the upper ones of 32.
    step = 256 if form == "s24" else 1
    whole = (data.astype(np.int64) - 128 * (form == "u8")) / step
    # The product is rounded to float32 before it is rounded to an integer.
    slack = 2.0**-24 * LIMITS[form]
    assert np.abs(whole - SOUND.astype(np.float64) * (LIMITS[form] - 1)).max() <= 0.5 + slack


@pytest.mark.parametrize("form", ["u8", "s16", "s24"])
def test_the_standard_library_reads_what_was_written(tmp_path: Path, form: str) -> None:
    # An odd number of bytes: the chunk is filled up.
    WavFileSink(file=tmp_path / "a.wav", rate=8000, format=form)(SOUND[:3, 0])
    with wave.open(str(tmp_path / "a.wav")) as found:
        assert found.getparams()[:4] == (1, int(form[1:]) // 8, 8000, 3)
    assert (tmp_path / "a.wav").stat().st_size % 2 == 0
    y, _, notes = read(tmp_path / "a.wav")
    assert len(y[0]) == 3
    assert notes == []


def test_beyond_full_scale(tmp_path: Path) -> None:
    sink = WavFileSink(file=tmp_path / "a.wav", rate=8000)
    x = np.float32([-1, 1, -1.0001, 1.5, np.inf, -np.inf, np.nan])
    assert sink(x)["clipped"] == 5
    assert sink.notes == ["5 samples went beyond full scale and were clipped"]
    _, data = wavfile.read(tmp_path / "a.wav")
    assert data.tolist() == [-32767, 32767, -32768, 32767, 32767, -32768, 0]


def test_the_mean_of_all_channels(tmp_path: Path) -> None:
    floats = written(tmp_path / "a.wav", 2, 3)
    (y,), results, _ = read(tmp_path / "a.wav", mix="mean")
    np.testing.assert_allclose(y, floats.astype(np.float64).mean(axis=1), atol=1e-7)
    assert results["channels"] == 3


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "'channels' is 1, but file .*a.wav' has 2: state that, or 'mix: mean'"),
        ({"channels": 3}, "'channels' is 3, but file .*a.wav' has 2"),
        ({"channels": 2, "mix": "mean"}, "'mix: mean' gives one channel"),
        ({"channels": 2, "rate": 16_000}, "'rate' is 16000, but file .*a.wav' has 8000 samples/s"),
        ({"channels": 2, "offset": 301}, "'offset' is 301, .*holds only 300 samples"),
        (
            {"channels": 2, "offset": 1, "length": 300},
            "'length' is 300, .*only 299 samples from sample 1 on",
        ),
        ({"channels": 2, "length": 0, "repeat": True}, "gives no samples to repeat"),
    ],
)
def test_what_does_not_fit_is_told_before_the_first_sample(
    tmp_path: Path, parameters: dict[str, Any], words: str
) -> None:
    written(tmp_path / "a.wav", 2, 2)
    with pytest.raises(ParameterError, match=words):
        read(tmp_path / "a.wav", **parameters)


def head(kind: int, channels: int, bits: int, rate: int = 8000) -> bytes:
    block = channels * bits // 8
    described = struct.pack("<HHIIHH", kind, channels, rate, rate * block, block, bits)
    return b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + described + b"data\x04\0\0\0\0\0\0\0"


def test_a_format_that_is_told_the_long_way(tmp_path: Path) -> None:
    """WAVEFORMATEXTENSIBLE, as programs write it for 24 bits; SciPy reads it too."""
    whole = draw.integers(-(2**23), 2**23, 100)
    raw = whole.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    kind = struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
    described = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 8000, 24_000, 3, 24, 22, 24, 4) + kind
    chunks = b"fmt " + struct.pack("<I", len(described)) + described
    chunks += b"data" + struct.pack("<I", len(raw)) + raw
    content = b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks
    (tmp_path / "a.wav").write_bytes(content)
    (y,), results, notes = read(tmp_path / "a.wav")
    np.testing.assert_array_equal(y, (whole / 2**23).astype(np.float32))
    np.testing.assert_array_equal(wavfile.read(tmp_path / "a.wav")[1], whole << 8)
    assert (results["format"], notes) == ("s24", [])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no WAV file"),
        (b"\xff\xfb" + bytes(100), "is no WAV file"),
        (head(1, 1, 16)[:30], "whose format is cut short"),
        (head(1, 1, 16)[:-8], "without samples"),
        (head(6, 1, 8), "kind 6 with 8 bits, which is not read here: convert it"),
        (head(1, 1, 12), "kind 1 with 12 bits"),
        (head(1, 0, 16), "not read here"),
        (head(3, 1, 16), "kind 3 with 16 bits"),
        (head(1, 1, 16, 0), "sample rate of 0"),
        (None, "cannot be read: No such file"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(ParameterError, match=words):
        read(tmp_path / "a.wav")


def test_a_folder_and_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(ParameterError, match="is not a regular file"):
            read(path)


def test_a_recorder_that_was_killed(tmp_path: Path) -> None:
    floats = written(tmp_path / "a.wav", 2, 1)
    content = (tmp_path / "a.wav").read_bytes()[:-3]
    (tmp_path / "a.wav").write_bytes(content)
    (y,), _, notes = read(tmp_path / "a.wav")
    np.testing.assert_array_equal(y, floats[:-2, 0])
    assert any("the head states 600 bytes of samples; the file has 597" in n for n in notes)
    assert any("the last 1 bytes" in note for note in notes)


def test_a_file_that_becomes_shorter(tmp_path: Path) -> None:
    written(tmp_path / "a.wav", 2, 1)
    with Harness(WavFileSource(file=tmp_path / "a.wav", name="voice"), {}, 100) as harness:
        harness.step()
        os.truncate(tmp_path / "a.wav", 100)
        with pytest.raises(BlockError, match=r"'voice', item 100: file .*a.wav' became shorter"):
            harness.step()


def test_five_gibibytes_in_the_memory_of_a_chunk(tmp_path: Path) -> None:
    size = 5 << 30
    with (tmp_path / "long.wav").open("wb") as stream:
        stream.write(wav_start(1, 2, 48_000, 24, size))
        stream.truncate(stream.tell() + size)
    offset = size // 6 - 5000
    source = WavFileSource(file=tmp_path / "long.wav", channels=2, offset=offset)
    with Harness(source, {}, 512) as harness:
        tracemalloc.start()
        while not harness.finished:
            harness.step()
            for queue in harness.collected.values():
                queue.chunks.clear()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert source.results()["seconds"] == size // 6 / 48_000
    assert harness.items_out == 5000
    assert peak < 64 * 512 * 8


def test_what_a_failed_run_wrote_stays_beside_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_text("earlier")
    sink = WavFileSink(file=path, rate=8000)
    with pytest.raises(RuntimeError), Harness(sink, {"x[0]": ItemType("float32", ())}) as harness:
        harness.push(SOUND[:, 0])
        raise RuntimeError
    assert path.read_text() == "earlier"
    assert sink.notes == [f"'{path}' is not complete; what was written is in '{path}.part'"]
    (y,), _, notes = read(tmp_path / "a.wav.part")
    np.testing.assert_allclose(y, SOUND[:, 0], atol=1e-4)
    assert any("the head states 0 bytes" in note for note in notes)


def test_a_sink_that_is_handed_over_writes_the_same_file(tmp_path: Path) -> None:
    def sink() -> WavFileSink:
        return WavFileSink(file=tmp_path / "a.wav", rate=8000, format="s24")

    sink()(SOUND[:, 0])
    wanted = (tmp_path / "a.wav").read_bytes()
    with Harness(sink(), {"x[0]": ItemType("float32", ())}) as first:
        first.push(SOUND[:100, 0])
        with first.handed_over(sink()) as second:
            # What the first one still writes is cut off.
            second.push(SOUND[100:, 0])
            second.end()
    assert (tmp_path / "a.wav").read_bytes() == wanted


@pytest.mark.parametrize("file", ["none/a.wav", "."])
def test_a_file_that_cannot_be_written(tmp_path: Path, file: str) -> None:
    sink = WavFileSink(file=tmp_path / file, rate=8000)
    with pytest.raises(ParameterError, match="cannot be written"):
        sink(SOUND[:, 0])


def test_a_disabled_sink_leaves_the_file_alone(tmp_path: Path) -> None:
    WavFileSink(file=tmp_path / "a.wav", rate=8000, enabled=False)(SOUND[:, 0])
    assert list(tmp_path.iterdir()) == []
