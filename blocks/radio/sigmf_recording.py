"""A SigMF recording on disk: where its files are, what its metadata say, where its samples stand.

The metadata are read, and checked by the package ``sigmf``; samples are read piece by piece, so a
recording may be larger than the memory.
"""

from __future__ import annotations

import json
import os
import tarfile
from bisect import bisect_right
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from semradio.blocks.api import Array, ItemType, ParameterError, StreamError
from semradio.blocks.radio import sigmf_package
from semradio.blocks.radio.sample_format import SampleFormat

META, DATA, ARCHIVE = ".sigmf-meta", ".sigmf-data", ".sigmf"

_COMPRESSED = (".sigmf.gz", ".sigmf.xz", ".sigmf.zip")
_MOST_METADATA = 1 << 28
"""Bytes of metadata that are read at most; a million annotations take less."""


class _Member(NamedTuple):
    """A stretch of a file."""

    path: Path
    begin: int
    size: int


class Recording:
    """A recording that is there; the constructor finds and checks it.

    Args:
        file: the name, with or without ``.sigmf-meta`` or ``.sigmf-data``, or an archive
            ``*.sigmf``.
        whole: whether captures, annotations and data are wanted too, not only the item type.

    Raises:
        ParameterError: there is no such recording, or it does not conform to SigMF.
    """

    def __init__(self, file: str, *, whole: bool = True) -> None:
        self.path = Path(file).expanduser()
        archive = self.path.name.endswith(ARCHIVE)
        if self.path.name.endswith(_COMPRESSED):
            raise self._wrong("is compressed; unpack it first (it is a tar or zip archive)")
        text, members = self._open_archive() if archive else (self._read_pair(), None)
        metadata = self._parse(text)
        if not whole and isinstance(metadata, dict):
            metadata = {**metadata, "captures": [], "annotations": []}
        if (why := sigmf_package.fault(metadata)) is not None:
            raise self._wrong(f"does not conform to SigMF: {why}")
        self.info: dict[str, Any] = metadata["global"]
        self.captures: list[dict[str, Any]] = metadata["captures"]
        self.annotations: list[dict[str, Any]] = metadata["annotations"]
        try:
            self.format = SampleFormat.parse(self.info["core:datatype"])
        except ValueError as error:
            raise self._wrong(f"has a data type that SigMF does not know: {error}") from None
        channels = int(self.info.get("core:num_channels", 1))
        self.item = ItemType(self.format.item, (channels,) if channels > 1 else ())
        self.nbytes = self.format.nbytes * channels
        """Bytes of one item: a sample of each channel."""
        self.first = int(self.info.get("core:offset", 0))
        """The index that the metadata give to the first sample."""
        self.items = 0
        self._descriptor: int | None = None
        if whole:
            self._data = self._find_data(members)
            self._lay_out()

    def _wrong(self, text: str) -> ParameterError:
        return ParameterError(f"recording '{self.path}' {text}", "file")

    # Files ---------------------------------------------------------------------------------

    def _read_pair(self) -> bytes:
        name = self.path.name
        for ending in (META, DATA):
            name = name.removesuffix(ending)
        self._meta = self.path.with_name(name + META)
        try:
            if self._meta.stat().st_size > _MOST_METADATA:
                raise self._wrong(f"has more than {_MOST_METADATA} bytes of metadata")
            return self._meta.read_bytes()
        except OSError as error:
            raise ParameterError(
                f"recording '{self.path}' cannot be read: {self._meta}: {error.strerror}", "file"
            ) from None

    def _open_archive(self) -> tuple[bytes, dict[str, _Member]]:
        try:
            with tarfile.open(self.path, "r:") as tar:
                files = [member for member in tar.getmembers() if member.isreg()]
                metas = [member for member in files if member.name.endswith(META)]
                if len(metas) != 1:
                    raise self._wrong(f"holds {len(metas)} files *{META}; one is wanted")
                if metas[0].size > _MOST_METADATA:
                    raise self._wrong(f"has more than {_MOST_METADATA} bytes of metadata")
                stream = tar.extractfile(metas[0])
                assert stream is not None  # a regular file
                text = stream.read()
        except OSError as error:
            raise self._wrong(f"cannot be read: {error.strerror}") from None
        except tarfile.TarError as error:
            raise self._wrong(f"is not a tar archive: {error}") from None
        stem = metas[0].name.removesuffix(META)
        return text, {
            "" if member.name == stem + DATA else Path(member.name).name: _Member(
                self.path, member.offset_data, member.size
            )
            for member in files
        }

    def _find_data(self, members: dict[str, _Member] | None) -> _Member:
        """Return where the data are: of the recording's own name, or as ``core:dataset`` says."""
        named = self.info.get("core:dataset")
        if named is not None and Path(named).name != named:
            raise self._wrong(f"has a 'core:dataset' that is not a file name: {named!r}")
        if members is not None:
            member = members.get(named or "")
            if member is None:
                raise self._wrong(f"is an archive without {named or 'a file *' + DATA}")
            return member
        if self.info.get("core:metadata_only"):
            raise self._wrong("has metadata only ('core:metadata_only')")
        stem = self._meta.name.removesuffix(META)
        path = self._meta.with_name(named or stem + DATA)
        try:
            return _Member(path, 0, path.stat().st_size)
        except OSError as error:
            raise ParameterError(
                f"recording '{self.path}' has no data: {path}: {error.strerror}", "file"
            ) from None

    def _parse(self, text: bytes) -> Any:
        try:
            return json.loads(text, parse_int=_integer)
        except (ValueError, RecursionError) as error:
            raise self._wrong(f"has metadata that are not JSON: {error}") from None

    # Samples -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        """Find the stretches of samples between the bytes that are none."""
        size = self._data.size - int(self.info.get("core:trailing_bytes", 0))
        starts, offsets = [0], [0]
        skipped = 0
        for capture in self.captures:
            at = int(capture["core:sample_start"]) - self.first
            if at < 0:
                raise self._wrong(
                    f"has a capture at sample {at + self.first}, before its first, {self.first}"
                )
            header = int(capture.get("core:header_bytes", 0))
            if header:
                skipped += header
                starts.append(at)
                offsets.append(at * self.nbytes + skipped)
        left = size - skipped
        if left < 0 or left % self.nbytes:
            raise self._wrong(
                f"has {self._data.size} bytes of data, which is not a whole number of items of "
                f"{self.item} as {self.format.text} ({self.nbytes} bytes each)"
                + (f" after {skipped} bytes of headers" if skipped else "")
            )
        self.items = left // self.nbytes
        self._starts, self._offsets = starts, offsets
        for what, entries in (("capture", self.captures), ("annotation", self.annotations)):
            last = int(entries[-1]["core:sample_start"]) - self.first if entries else 0
            if last > self.items:
                raise self._wrong(
                    f"has data of {self.items} samples, but {_article(what)} at sample {last}"
                )

    def open(self) -> None:
        """Open the data; ParameterError if that fails."""
        try:
            self._descriptor = os.open(self._data.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise self._wrong(f"cannot be read: {error.strerror}") from None

    def close(self) -> None:
        """Close the data, if they are open."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def check_hash(self) -> None:
        """Compare the data with ``core:sha512``, a piece at a time.

        Raises:
            ParameterError: there is none, or the data are not what was recorded.
        """
        wanted = self.info.get("core:sha512")
        if wanted is None:
            raise self._wrong("has no 'core:sha512' to verify its data with")
        found = sigmf_package.require().hashing.calculate_sha512(
            filename=self._data.path, offset=self._data.begin, size=self._data.size
        )
        if found != wanted.lower():
            raise self._wrong("has data that do not agree with their 'core:sha512'")

    def read(self, start: int, n: int) -> Array:
        """Return the items ``start`` to ``start + n - 1``; shape (n, *item).

        Raises:
            StreamError: the file became shorter, or cannot be read.
        """
        raw = np.empty(n * self.nbytes, np.uint8)
        done = 0
        while done < n:
            k = bisect_right(self._starts, start + done) - 1
            end = self._starts[k + 1] if k + 1 < len(self._starts) else start + n
            count = min(n - done, end - start - done)
            begin = self._offsets[k] + (start + done - self._starts[k]) * self.nbytes
            self._fill(raw[done * self.nbytes :][: count * self.nbytes], begin)
            done += count
        return self.format.decode(raw).reshape(n, *self.item.shape)

    def _fill(self, raw: Array, place: int) -> None:
        assert self._descriptor is not None  # between open() and close()
        rest, place = raw.data, place + self._data.begin
        while rest:
            try:
                got = os.preadv(self._descriptor, [rest], place)
            except OSError as error:
                raise StreamError(
                    f"recording '{self.path}' cannot be read: {error.strerror}"
                ) from None
            if got == 0:
                raise StreamError(f"recording '{self.path}' became shorter while it was read")
            place += got
            rest = rest[got:]


def _integer(text: str) -> int:
    value = int(text)
    if abs(value) >= 1 << 63:
        raise ValueError(f"the number {text[:30]} is too large")
    return value


def _article(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"
