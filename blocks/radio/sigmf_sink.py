"""A stream recorded as SigMF."""

from __future__ import annotations

import hashlib
import io
import tarfile
import time
from typing import Any, BinaryIO

from semradio.blocks.api import (
    Array,
    Input,
    ParameterError,
    StreamError,
    Tag,
    block,
    parameter,
    state,
)
from semradio.blocks.api.tag import GAP
from semradio.blocks.radio import sigmf_package
from semradio.blocks.radio.radio_tags import RX_RATE, number
from semradio.blocks.radio.sample_format import SampleFormat
from semradio.blocks.radio.sigmf_recording import ARCHIVE, DATA, META
from semradio.blocks.radio.sigmf_tags import (
    annotation,
    capture_field,
    datetime_ns,
    datetime_text,
    extensions,
    is_own,
    last_to_next,
    own_annotation,
)
from semradio.blocks.sinks.part_file_sink import PartFileSink
from semradio.blocks.written_file import WrittenFile

_READ = 1 << 20
"""Bytes read at once where a recording goes on."""


@block("sigmf_sink", category="radio")
class SigmfSink(PartFileSink):
    """Record samples as SigMF: ``NAME.sigmf-meta`` and ``NAME.sigmf-data``, or an archive.

    The samples go to a file ``*.part``, a chunk at a time. When the stream has ended, also by
    Ctrl-C, the metadata are written and checked by the package ``sigmf``, and the files take the
    place of earlier ones; after an error the ``*.part`` remains. Integers are rounded; what goes
    beyond full scale 1.0 is cut off and counted. A type with several channels is a sample of
    each, interleaved.

    The tags ``rx_time``, ``rx_freq``, ``rx_rate`` and ``gap`` begin a capture segment; any other
    tag becomes an annotation that lasts to the next of its key, and ``sigmf_source`` gives it
    back. A tag ``annotation`` with a dictionary is written as it is. Needs the package sigmf:
    ``pip install "semradio[sigmf]"``.

    Results:
        ``items``, ``file``, ``sample_rate``, ``captures``, ``annotations``,
        ``annotations_left_out``, ``clipped`` (items) and the data's ``sha512``.

    Raises:
        ParameterError: the files cannot be written, or the data type does not fit.
        StreamError: writing failed later, for instance because the disk is full.

    Example:
        >>> tone = np.exp(0.3j * np.arange(100)).astype(np.complex64)
        >>> found = SigmfSink(file="tone", sample_rate=1e6, frequency=433e6)(tone)
        >>> found["items"], found["captures"]
        (100, 1)

    Source:
        SigMF specification 1.2.
    """

    listens = ("*",)

    file: str = parameter(doc="NAME, NAME.sigmf-meta or an archive NAME.sigmf.")
    datatype: str | None = parameter(
        None, doc="Data type, such as ci16_le; cf32_le or rf32_le, as the stream is, if not given."
    )
    sample_rate: float | None = parameter(
        None, unit="samples/s", above=0, high=1e12, doc="By the tag rx_rate if not given."
    )
    frequency: float | None = parameter(
        None,
        unit="Hz",
        low=-1e12,
        high=1e12,
        doc="Centre frequency; by the tag rx_freq if not given.",
    )
    datetime: str | None = parameter(
        None,
        doc="When the first sample was taken, ISO 8601, or 'now' for the clock of this computer; "
        "by the tag rx_time if not given.",
    )
    description: str | None = parameter(None, doc="What the recording is.")
    author: str | None = parameter(None, doc="Who made it.")
    hw: str | None = parameter(None, doc="The hardware it was made with.")
    license: str | None = parameter(None, doc="URL of the licence.")
    keys: list[str] | None = parameter(
        None, doc="Keys of the tags that become annotations; all if not given."
    )
    limit: int = parameter(
        20_000, low=0, high=10_000_000, doc="Annotations to keep; they are held in memory."
    )

    x = Input("complex64 | float32 | complex64[*] | float32[*]", doc="Samples.")

    clipped: int = state(0, doc="Items that went beyond full scale.")
    next_item: int = state(0, doc="Index of the item expected next.")
    lost: int = state(0, doc="Items that are known to be missing so far.")
    rate: float | None = state(None, doc="Sample rate of the recording, as far as known.")
    captures: list[dict[str, Any]] = state(factory=list, doc="Capture segments.")
    annotations: list[dict[str, Any]] = state(factory=list, doc="Annotations.")
    foreign: list[Tag] = state(factory=list, doc="Tags whose annotations are the user's own.")
    left_out: int = state(0, doc="Annotations beyond the limit.")
    sha512: str = state("", doc="Hash of the data, once they are complete.")

    def configure(self) -> None:
        super().configure()
        path = self._path
        self._archive = path.name.endswith(ARCHIVE)
        name = path.name
        for ending in (META, DATA, ARCHIVE):
            name = name.removesuffix(ending)
        if not name:
            raise ParameterError(f"parameter 'file' names no file: '{self.file}'", "file")
        self._stem = path.with_name(name)
        self._path = path.with_name(name + (ARCHIVE if self._archive else META))
        if self.datatype is not None:
            self._parse(self.datatype)
        if self.datetime not in (None, "now") and datetime_ns(str(self.datetime)) is None:
            raise ParameterError(
                f"parameter 'datetime' must be ISO 8601, such as 2026-05-01T12:00:00Z, or 'now', "
                f"not {self.datetime!r}",
                "datetime",
            )

    def destination(self) -> WrittenFile:
        data = self._path if self._archive else self._stem.with_name(self._stem.name + DATA)
        return WrittenFile(data, what=f"recording '{self._path}'")

    def start(self) -> None:
        sigmf_package.require()
        item = self.input_types["x"]
        is_complex = item.dtype == "complex64"
        self._format = self._parse(self.datatype or ("cf32_le" if is_complex else "rf32_le"))
        if self._format.is_complex != is_complex:
            raise ParameterError(
                f"parameter 'datatype': {self._format.text} does not fit a stream of {item}",
                "datatype",
            )
        super().start()

    def begin(self, stream: BinaryIO) -> None:
        self._hash = hashlib.sha512()
        self._datetime = self.datetime
        if self.datetime == "now":
            self._datetime = datetime_text(time.time_ns())
        if self._archive:
            stream.write(self._header(DATA, 0))

    def save(self) -> dict[str, Any] | None:
        place = self._written.place()
        return None if place is None else {"place": place, "datetime": self._datetime}

    def restore(self, saved: dict[str, Any] | None) -> None:
        if saved is None:
            return
        self._datetime = saved["datetime"]
        stream = self._written.reopen(saved["place"])
        self._hash = hashlib.sha512()
        stream.seek(len(self._header(DATA, 0)) if self._archive else 0)
        while part := stream.read(_READ):
            self._hash.update(part)

    def on_tag(self, tag: Tag) -> None:
        if not self.enabled:
            return
        if tag.key == RX_RATE and self.rate is None:
            self.rate = self.sample_rate or number(tag.value)
        fields = capture_field(tag, self.sample_rate or self.rate)
        if fields is None:
            self._annotate(tag)
            return
        if tag.key == GAP:
            self.lost += int(number(tag.value) or 0)
        self._capture(self.items, fields)

    def work(self, x: Array, at: int) -> None:
        if at != self.next_item and len(x):
            # Items passed by while the sink was not enabled.
            self.lost += at - self.next_item
            if self.items:
                self._capture(self.items, {})
        raw, clipped = self._format.encode(x)
        self.write(raw.data)
        self._hash.update(raw.data)
        self.items += len(x)
        self.clipped += clipped
        self.next_item = at + len(x)

    def complete(self, stream: BinaryIO) -> None:
        self.sha512 = self._hash.hexdigest()
        if self.clipped:
            self.note(f"{self.clipped} items went beyond full scale and were clipped")
        if self.rate is None and self.sample_rate is None:
            self.note("no sample rate is known: set 'sample_rate'")
        if self.left_out:
            self.note(f"{self.left_out} annotations beyond 'limit' were left out")
        self._text = sigmf_package.dumps(self._metadata()).encode()
        if self._archive:
            self._end_archive(stream)

    def publish(self) -> None:
        if self._archive:
            super().publish()
            return
        metadata = WrittenFile(self._path)
        metadata.open().write(self._text)
        metadata.close()
        # Between the two replacements there are data without metadata, never with another's.
        self._path.unlink(missing_ok=True)
        super().publish()
        metadata.take_name()

    def results(self) -> dict[str, Any]:
        return {
            "items": self.items,
            "file": str(self._path),
            "sample_rate": self.sample_rate or self.rate,
            "captures": max(1, len(self.captures)),
            "annotations": len(self.annotations),
            "annotations_left_out": self.left_out,
            "clipped": self.clipped,
            "sha512": self.sha512,
        }

    # Metadata ------------------------------------------------------------------------------

    def _capture(self, at: int, fields: dict[str, Any]) -> None:
        """Begin a capture at item ``at`` of the recording, or add to the one that begins there."""
        if not self.captures:
            self.captures.append({"core:sample_start": 0})
        if self.captures[-1]["core:sample_start"] != at:
            self.captures.append({"core:sample_start": at})
        self.captures[-1].update(fields)
        if self.lost:
            self.captures[-1]["core:global_index"] = at + self.lost

    def _annotate(self, tag: Tag) -> None:
        if self.keys is not None and tag.key not in self.keys:
            return
        if len(self.annotations) >= self.limit:
            self.left_out += 1
            return
        entry = annotation(tag, self.items)
        if not is_own(entry):
            self.foreign.append(tag)
        self.annotations.append(entry)

    def _metadata(self) -> dict[str, Any]:
        """Return the metadata; what the user's own annotations break is kept as plain tags."""
        last_to_next(self.annotations, self.items)
        metadata = self._document()
        if self.foreign and sigmf_package.fault(metadata) is not None:
            tags = iter(self.foreign)
            for k, entry in enumerate(self.annotations):
                if is_own(entry):
                    continue
                tag = next(tags)
                alone = {**metadata, "captures": [], "annotations": [entry]}
                if (why := sigmf_package.fault(alone)) is not None:
                    self.annotations[k] = own_annotation(tag, entry["core:sample_start"])
                    self.note(f"an annotation is none of SigMF's: {why}")
            last_to_next(self.annotations, self.items)
            metadata = self._document()
        if (why := sigmf_package.fault(metadata)) is not None:
            raise StreamError(f"the metadata of '{self._path}' do not conform to SigMF: {why}")
        return metadata

    def _document(self) -> dict[str, Any]:
        first: dict[str, Any] = {"core:sample_start": 0}
        if self.frequency is not None:
            first["core:frequency"] = self.frequency
        if self.datetime is not None:
            first["core:datetime"] = self._datetime
        captures = [dict(capture) for capture in self.captures] or [first]
        # What was measured wins over what was announced.
        captures[0] = {**first, **captures[0]}
        channels = self.input_types["x"].size
        about = {
            "core:datatype": self._format.text,
            "core:version": sigmf_package.specification(),
            "core:sample_rate": self.sample_rate or self.rate,
            "core:num_channels": channels if channels > 1 else None,
            "core:description": self.description,
            "core:author": self.author,
            "core:hw": self.hw,
            "core:license": self.license,
            "core:recorder": "semradio",
            "core:sha512": self.sha512,
            "core:extensions": extensions(captures, self.annotations) or None,
        }
        return {
            "global": {key: value for key, value in about.items() if value is not None},
            "captures": captures,
            "annotations": self.annotations,
        }

    # Files ---------------------------------------------------------------------------------

    def _parse(self, text: str) -> SampleFormat:
        try:
            return SampleFormat.parse(text)
        except ValueError as error:
            raise ParameterError(f"parameter 'datatype': {error}", "datatype") from None

    def _header(self, ending: str, size: int) -> bytes:
        """Return the tar header of one of the two files; always of one tar block."""
        name = self._stem.name
        entry = tarfile.TarInfo(f"{name}/{name}{ending}")
        entry.size = size
        header = entry.tobuf(tarfile.GNU_FORMAT)
        if len(header) != tarfile.BLOCKSIZE:
            raise ParameterError(f"parameter 'file': the name '{name}' is too long", "file")
        return header

    def _end_archive(self, stream: BinaryIO) -> None:
        """Add the metadata after the data, and state the size of the data before them."""
        text = self._text
        size = stream.tell() - tarfile.BLOCKSIZE
        stream.write(bytes(-size % tarfile.BLOCKSIZE))
        stream.write(self._header(META, len(text)) + text)
        stream.write(bytes(-len(text) % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE))
        stream.seek(0, io.SEEK_SET)
        stream.write(self._header(DATA, size))
