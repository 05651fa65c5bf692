"""Pictures as a film."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ParameterError,
    StreamError,
    block,
    parameter,
    state,
)
from semradio.blocks.media import pyav
from semradio.blocks.sinks.part_file_sink import PartFileSink

_CONTAINERS = {".mkv": "matroska", ".avi": "avi", ".mp4": "mp4", ".mov": "mov"}
"""By the ending of the file's name."""

_PIXELS = {"ffv1": "bgr0", "mjpeg": "yuvj420p"}
"""FFmpeg's layout of the pixels of each codec."""

_LENGTH = 4
"""Bytes that tell the length of a coded frame."""


@block("video_sink", category="media")
class VideoSink(PartFileSink):
    """Write frames, uint8[rows, columns, 3], as a film: ``.mkv``, ``.avi``, ``.mp4`` or ``.mov``.

    ``ffv1`` keeps every value (``.mkv`` and ``.avi``); ``mjpeg`` is smaller, and every player
    knows it. Each frame is coded by itself, so that a process that goes on for another one writes
    the same film; other codecs are a matter of ``ffmpeg -i film.mkv film.mp4`` afterwards. It
    needs the package PyAV (``pip install "semradio[video]"``).

    Coded frames are kept in ``FILE.part`` as they come, and put into the container when the stream
    has ended; then the film takes its name.

    Results:
        ``items``, ``seconds``, and the ``file``.

    Raises:
        SemradioError: PyAV is not installed.
        ParameterError: the file cannot be written, or its container does not hold the codec.
        StreamError: writing failed later, for instance because the disk is full.

    Example:
        >>> grey = np.full((50, 48, 64, 3), 128, np.uint8)
        >>> VideoSink(file="grey.mkv", rate=25)(grey)
        {'items': 50, 'seconds': 2.0, 'file': 'grey.mkv'}
    """

    rate: float = parameter(25.0, above=0, unit="frames/s", doc="Frames in a second.")
    codec: Literal["ffv1", "mjpeg"] = parameter(
        "ffv1", doc="How frames are coded: without loss, or as JPEG."
    )
    quality: int = parameter(
        3, low=1, high=31, doc="Of mjpeg: the scale of its steps; 1 is the best."
    )

    x = Input("uint8[*,*,3]", doc="The frames: red, green, blue.")

    checksum: int = state(0, doc="Checksum of the coded frames.")

    def configure(self) -> None:
        super().configure()
        ending = self._path.suffix.lower()
        if ending not in _CONTAINERS:
            raise ParameterError(
                f"parameter 'file': a film ends in {', '.join(_CONTAINERS)}, not '{self.file}'",
                "file",
            )
        self._container = _CONTAINERS[ending]
        if ending in (".mp4", ".mov") and self.codec == "ffv1":
            raise ParameterError(
                f"parameter 'codec': {ending} holds mjpeg, not ffv1; .mkv holds both", "codec"
            )

    def start(self) -> None:
        av = pyav.require()
        rows, columns, _ = self.input_types["x"].shape
        self._encoder = self._prepared(av.CodecContext.create(self.codec, "w"), rows, columns)
        self._encoder.time_base = 1 / self._frame_rate
        self._encoder.thread_count = 1
        super().start()

    def restore(self, saved: Any) -> None:
        try:
            super().restore(saved)
        except StreamError:
            # It may have been complete already: then its frames are in the film.
            if saved is None or not any(map(self._unpacked, (self._path, self._written.part))):
                raise
            super().restore({"size": saved["size"], "inode": self._written.part.stat().st_ino})

    def work(self, x: Array, at: int) -> None:
        av = pyav.require()
        for k, picture in enumerate(x):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame = frame.reformat(format=_PIXELS[self.codec])
            frame.pts = at + k
            for packet in self._encoder.encode(frame):
                self._keep(bytes(packet))
        self.items += len(x)

    def complete(self, stream: BinaryIO) -> None:
        av = pyav.require()
        stream.flush()
        made = self._made
        rows, columns, _ = self.input_types["x"].shape
        try:
            with av.open(str(made), "w", self._container, {"fflags": "+bitexact"}) as film:
                out = film.add_stream(self.codec, rate=self._frame_rate)
                self._prepared(out.codec_context, rows, columns)
                for k, coded in enumerate(_coded(self._written.part)):
                    packet = av.Packet(coded)
                    packet.stream = out
                    packet.pts = packet.dts = k
                    packet.duration = 1
                    packet.time_base = 1 / self._frame_rate
                    packet.is_keyframe = True
                    film.mux(packet)
                if not self.items:
                    film.start_encoding()
                    self.note(f"no frames came: film '{self._path}' has none")
            with made.open("rb") as written:
                os.fsync(written.fileno())
            made.replace(self._written.part)
        except av.FFmpegError as error:
            made.unlink(missing_ok=True)
            raise StreamError(f"film '{self._path}' cannot be written: {error.strerror}") from None

    def results(self) -> dict[str, Any]:
        return {
            "items": self.items,
            "seconds": self.items / self.rate,
            "file": str(self._path),
        }

    @property
    def _made(self) -> Path:
        """Name of a file that is put together of another one, and then replaces it."""
        return self._written.part.with_name(self._written.part.name + ".new")

    @property
    def _frame_rate(self) -> Fraction:
        return Fraction(self.rate).limit_denominator(1001)

    def _prepared(self, context: Any, rows: int, columns: int) -> Any:
        """Return a context of the codec, told what each frame is to become."""
        context.width, context.height = columns, rows
        context.pix_fmt = _PIXELS[self.codec]
        context.gop_size = 1
        if self.codec == "mjpeg":
            context.options = {"qmin": str(self.quality), "qmax": str(self.quality)}
        return context

    def _keep(self, coded: bytes) -> None:
        self.write(_framed(coded))
        self.checksum = zlib.crc32(coded, self.checksum)

    def _unpacked(self, path: Path) -> bool:
        """Take the frames so far out of a complete film; tell whether it is the one of this run."""
        av = pyav.require()
        checksum = count = 0
        try:
            with (
                av.open(str(path.absolute()), format=self._container) as film,
                self._made.open("wb") as out,
            ):
                for packet in film.demux(film.streams.video[0]):
                    if count == self.items or not packet.size:
                        break
                    coded = bytes(packet)
                    out.write(_framed(coded))
                    checksum, count = zlib.crc32(coded, checksum), count + 1
            if (checksum, count) != (self.checksum, self.items):
                self._made.unlink()
                return False
            self._made.replace(self._written.part)
        except (av.FFmpegError, OSError, IndexError):
            return False
        return True


def _framed(coded: bytes) -> bytes:
    """Return a coded frame as it stands in a part file: behind its length."""
    return len(coded).to_bytes(_LENGTH, "little") + coded


def _coded(path: Path) -> Iterator[bytes]:
    """Give the coded frames of a part file."""
    with path.open("rb") as stream:
        while length := stream.read(_LENGTH):
            yield stream.read(int.from_bytes(length, "little"))
