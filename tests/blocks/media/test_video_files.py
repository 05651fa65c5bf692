"""Films, with PyAV itself as the referee."""

from __future__ import annotations

import builtins
import tracemalloc
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from semradio.blocks.api import Array, BlockError, ItemType, ParameterError, SemradioError
from semradio.blocks.api.harness import Harness
from semradio.blocks.media.video_sink import VideoSink
from semradio.blocks.media.video_source import VideoSource

av = pytest.importorskip("av", reason="films need PyAV: pip install 'semradio[video]'")

NOISE = np.random.default_rng(41).integers(0, 256, (23, 34, 46, 3), np.uint8)

RAMPS = (
    np.add.outer(np.arange(23), np.add.outer(np.arange(34), np.arange(46)))[..., None]
    + np.array([0, 60, 120])
).astype(np.uint8)
"""Smooth pictures."""


def filmed(
    path: Path, frames: Any, codec: str, pixels: str, rate: int = 25, **options: str
) -> None:
    """Let PyAV make a film."""
    with av.open(str(path), "w") as film:
        stream = film.add_stream(codec, rate=rate, options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pixels
        for picture in frames:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        film.mux(stream.encode(None))


def seen(path: Path) -> Array:
    """Let PyAV decode a film."""
    with av.open(str(path)) as film:
        return np.stack([f.to_ndarray(format="rgb24") for f in film.decode(video=0)])


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("a.mp4", "mpeg4", "yuv420p"),
        ("a.mkv", "ffv1", "bgr0"),
        ("a.avi", "mjpeg", "yuvj420p"),
        ("a.mov", "png", "rgb24"),
        ("a.gif", "gif", "rgb8"),
    ],
)
def test_frames_of_films_that_pyav_made(tmp_path: Path, name: str, codec: str, pixels: str) -> None:
    filmed(tmp_path / name, RAMPS, codec, pixels, rate=20)
    source = VideoSource(file=tmp_path / name)
    np.testing.assert_array_equal(source(chunk=5), seen(tmp_path / name))
    found = source.results()
    assert found["items"] == 23
    assert found["codec"] == codec
    assert found["rate"] == pytest.approx(20, rel=0.05)


def test_what_was_lossless_is_the_same(tmp_path: Path) -> None:
    filmed(tmp_path / "a.mkv", NOISE, "ffv1", "bgr0")
    np.testing.assert_array_equal(VideoSource(file=tmp_path / "a.mkv")(), NOISE)


@pytest.mark.parametrize("ending", ["mkv", "avi"])
def test_pyav_sees_every_value(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    found = VideoSink(file=path, rate=29.97)(NOISE, chunk=4)
    assert found == {"items": 23, "seconds": 23 / 29.97, "file": str(path)}
    np.testing.assert_array_equal(seen(path), NOISE)
    with av.open(str(path)) as film:
        assert film.streams.video[0].average_rate == pytest.approx(Fraction(2997, 100), rel=1e-3)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", ["mkv", "avi", "mp4", "mov"])
def test_jpeg_is_near(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    VideoSink(file=path, codec="mjpeg", quality=2)(RAMPS[:5, :, :, :1].repeat(3, axis=3))
    near = seen(path).astype(int) - RAMPS[:5, :, :, :1]
    assert np.abs(near).max() <= 12
    assert np.abs(near).mean() < 2
    rough = tmp_path / f"rough.{ending}"
    VideoSink(file=rough, codec="mjpeg", quality=31)(NOISE)
    fine = tmp_path / f"fine.{ending}"
    VideoSink(file=fine, codec="mjpeg", quality=2)(NOISE)
    assert rough.stat().st_size < fine.stat().st_size / 2


def test_scaled(tmp_path: Path) -> None:
    grey = np.full((3, 40, 60, 3), [200, 100, 50], np.uint8)
    VideoSink(file=tmp_path / "a.mkv")(grey)
    y = VideoSource(file=tmp_path / "a.mkv", size=[20, 16])()
    assert y.shape == (3, 20, 16, 3)
    assert np.abs(y.astype(int) - [200, 100, 50]).max() <= 1
    # The file need not be there to know what comes.
    later = VideoSource(file=tmp_path / "later.mkv", size=[20, 16])
    assert later.resolve({}) == {"y": ItemType("uint8", (20, 16, 3))}


def test_again_and_again(tmp_path: Path) -> None:
    VideoSink(file=tmp_path / "a.mkv")(NOISE[:4])
    y = VideoSource(file=tmp_path / "a.mkv", repeat=True)(10)
    np.testing.assert_array_equal(y, NOISE[[0, 1, 2, 3, 0, 1, 2, 3, 0, 1]])


def test_a_film_of_nothing(tmp_path: Path) -> None:
    sink = VideoSink(file=tmp_path / "a.mkv")
    assert sink(NOISE[:0])["items"] == 0
    assert sink.notes == [f"no frames came: film '{tmp_path}/a.mkv' has none"]
    with pytest.raises(ParameterError, match="holds no film"):
        VideoSource(file=tmp_path / "a.mkv")()


def test_a_film_in_the_memory_of_a_chunk(tmp_path: Path) -> None:
    # Frames of 1.4 MB, 86 MB altogether.
    path, count = tmp_path / "a.mkv", 60
    picture = np.zeros((1, 600, 800, 3), np.uint8)
    with Harness(VideoSink(file=path, codec="mjpeg"), {"x": ItemType.of(picture)}) as harness:
        tracemalloc.start()
        for _ in range(count):
            harness.push(picture)
        harness.end()
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
        tracemalloc.stop()
    with Harness(VideoSource(file=path), {}, 1000) as harness:
        tracemalloc.start()
        while not harness.finished:
            harness.step()
            harness.collected["y"].chunks.clear()
        # A chunk of 16 MiB, and the one before.
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
        tracemalloc.stop()
        assert harness.items_out == count


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file"),
        (b"", "holds no film that can be read"),
        (b"some text\n" * 100, "holds no film that can be read"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / "a.mkv").write_bytes(content)
    with pytest.raises(ParameterError, match=words):
        VideoSource(file=tmp_path / "a.mkv")()


def test_sound_alone_is_no_film(tmp_path: Path) -> None:
    from semradio.blocks.media.wav_file_sink import WavFileSink

    WavFileSink(file=tmp_path / "a.wav", rate=8000)(np.zeros(100, np.float32))
    with pytest.raises(ParameterError, match="holds no film, or one of a codec"):
        VideoSource(file=tmp_path / "a.wav")()


def test_a_list_of_other_places_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.m3u8").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n"
    )
    with pytest.raises(ParameterError, match="holds no film"):
        VideoSource(file=tmp_path / "a.m3u8")()


@pytest.mark.parametrize("chunk", [1, 4, 100])
def test_a_damaged_frame_is_told_at_its_item(tmp_path: Path, chunk: int) -> None:
    filmed(tmp_path / "a.avi", NOISE, "mpeg4", "yuv420p", g="1")
    wanted = seen(tmp_path / "a.avi")[:9]
    content = bytearray((tmp_path / "a.avi").read_bytes())
    with av.open(str(tmp_path / "a.avi")) as film:
        coded = [bytes(packet) for packet in film.demux(video=0) if packet.size][9]
    place, half = content.index(coded), len(coded) // 2
    content[place + half : place + len(coded)] = np.random.default_rng(1).bytes(len(coded) - half)
    (tmp_path / "a.avi").write_bytes(content)
    source = VideoSource(file=tmp_path / "a.avi", name="camera")
    with Harness(source, {}, chunk) as harness:
        with pytest.raises(BlockError, match=r"'camera', item 9: file .*a.avi', frame 9: is dam"):
            while not harness.finished:
                harness.step()
        np.testing.assert_array_equal(harness.outputs()[0], wanted)


def test_frames_of_two_sizes(tmp_path: Path) -> None:
    with (tmp_path / "a.mjpeg").open("wb") as out:
        for rows in (34, 34, 20):
            Image.fromarray(NOISE[0][:rows]).save(out, "JPEG")
    source = VideoSource(file=tmp_path / "a.mjpeg")
    words = r"item 2: file .*a.mjpeg', frame 2: 20 x 46 pixels, where the first has 34 x 46"
    with Harness(source, {}, 100) as harness, pytest.raises(BlockError, match=words):
        while not harness.finished:
            harness.step()


def test_frames_that_are_missing_are_noted(tmp_path: Path) -> None:
    VideoSink(file=tmp_path / "a.avi")(NOISE)
    content = (tmp_path / "a.avi").read_bytes()
    with av.open(str(tmp_path / "a.avi")) as film:
        place = [packet.pos for packet in film.demux(video=0) if packet.size][9]
    (tmp_path / "a.avi").write_bytes(content[:place])
    source = VideoSource(file=tmp_path / "a.avi")
    np.testing.assert_array_equal(source(), NOISE[:9])
    assert source.notes == [f"'{tmp_path}/a.avi': of 23 frames 14 could not be decoded"]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"file": "a.webm"}, r"a film ends in .mkv, .avi, .mp4, .mov, not 'a.webm'"),
        ({"file": "a"}, "a film ends in"),
        ({"file": "a.mov"}, r".mov holds mjpeg, not ffv1; .mkv holds both"),
        ({"file": "a.mp4"}, r".mp4 holds mjpeg, not ffv1; .mkv holds both"),
    ],
)
def test_sinks_that_cannot_be(parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        VideoSink(**parameters)


@pytest.mark.parametrize("file", ["none/a.mkv", "folder.mkv"])
def test_a_file_that_cannot_be_written(tmp_path: Path, file: str) -> None:
    (tmp_path / "folder.mkv").mkdir()
    with pytest.raises(ParameterError, match="cannot be written"):
        VideoSink(file=tmp_path / file)(NOISE)


@pytest.mark.parametrize("codec", ["ffv1", "mjpeg"])
@pytest.mark.parametrize("ended", [False, True], ids=["under way", "complete"])
def test_a_sink_that_is_handed_over_writes_the_same_film(
    tmp_path: Path, codec: str, ended: bool
) -> None:
    def sink() -> VideoSink:
        return VideoSink(file=tmp_path / "a.mkv", codec=codec)

    sink()(NOISE)
    wanted = (tmp_path / "a.mkv").read_bytes()
    block, item = sink(), {"x": ItemType.of(NOISE)}
    with Harness(block, item) as first:
        first.push(NOISE[:9])
        state, saved = dict(block.state()), block.save()
        first.push(NOISE[9:])
        if ended:
            # It died when the film was complete, and before anybody knew.
            first.end()
        else:
            block.save()
        second = sink()
        second.input_types, second.resumes = item, True
        for key, value in state.items():
            setattr(second, key, value)
        second.start()
        second.restore(saved)
        second.work(NOISE[9:], 9)
        second.flush()
    assert (tmp_path / "a.mkv").read_bytes() == wanted


def test_a_film_of_another_run_is_not_gone_on_with(tmp_path: Path) -> None:
    block, item = VideoSink(file=tmp_path / "a.mkv"), {"x": ItemType.of(NOISE)}
    with Harness(block, item) as first:
        first.push(NOISE[:9])
        state, saved = dict(block.state()), block.save()
        first.end()
    VideoSink(file=tmp_path / "a.mkv")(NOISE[::-1].copy())
    second = VideoSink(file=tmp_path / "a.mkv")
    second.input_types, second.resumes = item, True
    for key, value in state.items():
        setattr(second, key, value)
    second.start()
    with pytest.raises(SemradioError, match=r"is not the file any more .*: begin anew"):
        second.restore(saved)
    np.testing.assert_array_equal(seen(tmp_path / "a.mkv"), NOISE[::-1])


def test_without_pyav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    VideoSink(file=tmp_path / "a.mkv")(NOISE)
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "av":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    source, sink = VideoSource(file=tmp_path / "a.mkv"), VideoSink(file=tmp_path / "b.mkv")
    with pytest.raises(SemradioError, match=r"pip install 'semradio\[video\]'"):
        source()
    with pytest.raises(SemradioError, match=r"pip install 'semradio\[video\]'"):
        sink(NOISE)
