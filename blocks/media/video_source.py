"""The pictures of a film."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from semradio.blocks.api import (
    Array,
    ItemType,
    Output,
    ParameterError,
    StreamError,
    block,
    parameter,
    state,
)
from semradio.blocks.datasets.picture_file import MOST_PIXELS
from semradio.blocks.media import pyav
from semradio.blocks.sources.stored_file_source import StoredFileSource

_BYTES = 1 << 24
"""Bytes of frames that are given at once: a chunk of large ones would fill memory."""


@block("video_source", category="media")
class VideoSource(StoredFileSource):
    """Give the frames of a film one after the other: uint8[rows, columns, 3], red, green, blue.

    Any container and codec that FFmpeg reads (MP4, Matroska, WebM, AVI, GIF, ...), through the
    package PyAV (``pip install "semradio[video]"``). Frames are decoded as they are needed, by one
    thread; of several films in a file the first is taken, and sound is left out. They come as
    they are stored: turned by no matrix, and each once, however long it is shown. ``size`` scales
    them. Where FFmpeg leaves out frames that it cannot decode, a note says how many. A process that
    goes on for another one decodes the frames before once more.

    Results:
        ``items``; of the film its ``codec``, and ``rate``, its mean in frames per second (null
        where it tells none).

    Raises:
        SemradioError: PyAV is not installed.
        ParameterError: the file is missing, holds no film that can be read, or frames of more than
            134 million pixels.
        StreamError: at its item: a frame has another size than the first, or is damaged, as far as
            FFmpeg tells: some decoders make up for damage without a word.

    Example:
        >>> ramp = np.zeros((5, 48, 64, 3), np.uint8) + np.arange(64, dtype=np.uint8)[:, None]
        >>> _ = VideoSink(file="ramp.mkv", rate=25)(ramp)
        >>> bool((VideoSource(file="ramp.mkv")() == ramp).all())
        True
    """

    size: list[int] | None = parameter(
        None, doc="[rows, columns] that frames are scaled to; as they are if not given."
    )
    repeat: bool = parameter(False, doc="Whether to begin again after the last frame.")

    y = Output(doc="The frames.")

    items: int = state(0, doc="Frames given.")
    frame: int = state(0, doc="Frames of this round that were given.")

    _frames: Generator[Array, None, None] | None = None

    def configure(self) -> None:
        super().configure()
        if self.size is not None and (
            len(self.size) != 2 or min(self.size) < 1 or self.size[0] * self.size[1] > MOST_PIXELS
        ):
            raise ParameterError(f"'size' is [rows, columns], not {self.size}", "size")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        # With a size stated, the file need not be there yet, or not on this machine.
        rows, columns = self.size if self.size is not None else self._stated_size()
        return {"y": ItemType("uint8", (rows, columns, 3))}

    def start(self) -> None:
        with self._film() as film:
            stream = film.streams.video[0]
            self._codec = stream.codec_context.name
            self._rate = None if stream.average_rate is None else float(stream.average_rate)
        self._item = self.output_item_types["y"]
        self._frames = None
        self._broken: StreamError | None = None

    def stop(self) -> None:
        if self._frames is not None:
            self._frames.close()
            self._frames = None

    def work(self, n: int, at: int) -> Array:
        if self._broken is not None:
            raise self._broken
        frames = self._item.empty(min(n, max(1, _BYTES // self._item.nbytes)))
        given = 0
        while given < len(frames):
            try:
                picture = self._next()
            except StreamError as error:
                if not given:
                    raise
                # What stands before goes out first.
                self._broken = error
                break
            if picture is None:
                self.finish()
                break
            frames[given] = picture
            given += 1
        self.items = at + given
        return frames[:given]

    def results(self) -> dict[str, Any]:
        return {"items": self.items, "codec": self._codec, "rate": self._rate}

    def _next(self) -> Array | None:
        """Return the next frame; None after the last one."""
        if self._frames is None:
            self._frames = self._decoded(self.frame)
        picture = next(self._frames, None)
        if picture is None and self.repeat and self.frame:
            self.frame, self._frames = 0, self._decoded(0)
            picture = next(self._frames, None)
        self.frame += picture is not None
        return picture

    def _decoded(self, first: int) -> Generator[Array, None, None]:
        """Give the frames from a number on."""
        rows, columns, _ = self._item.shape
        av = pyav.require()
        k = 0
        try:
            with self._film() as film:
                stream = film.streams.video[0]
                # The flowgraph is the parallelism.
                stream.codec_context.thread_count = 1
                size: tuple[int, int] | None = None
                coded = 0
                for packet in film.demux(stream):
                    coded += packet.size > 0
                    for found in packet.decode():
                        size = size or (found.height, found.width)
                        self._check(found, size, k)
                        if k >= first:
                            yield found.to_ndarray(format="rgb24", width=columns, height=rows)
                        k += 1
                stated = max(coded, stream.frames)
                if k < stated:
                    self.note(
                        f"'{self._path}': of {stated} frames {stated - k} could not be decoded"
                    )
        except av.FFmpegError as error:
            raise StreamError(
                f"file '{self._path}', frame {k}: cannot be decoded: {error.strerror}"
            ) from None

    def _check(self, found: Any, size: tuple[int, int], k: int) -> None:
        if size != (found.height, found.width):
            raise StreamError(
                f"file '{self._path}', frame {k}: {found.height} x {found.width} pixels, where "
                f"the first has {size[0]} x {size[1]}: convert it first"
            )
        if found.is_corrupt:
            raise StreamError(f"file '{self._path}', frame {k}: is damaged")

    def _stated_size(self) -> tuple[int, int]:
        with self._film() as film:
            codec = film.streams.video[0].codec_context
            rows, columns = codec.height, codec.width
        if not 0 < rows * columns <= MOST_PIXELS:
            raise self._wrong(f"has frames of {rows} x {columns} pixels, which are not decoded")
        return rows, columns

    def _film(self) -> Any:
        """Open the film: a context that closes it."""
        av = pyav.require()
        # A file: FFmpeg would also open devices and addresses.
        self._stored.check()
        try:
            film = av.open(str(self._path.absolute()), options={"protocol_whitelist": "file"})
        except (av.FFmpegError, ValueError) as error:
            raise self._wrong(f"holds no film that can be read: {error}") from None
        if not film.streams.video or film.streams.video[0].codec_context is None:
            film.close()
            raise self._wrong("holds no film, or one of a codec that is not known")
        return film
