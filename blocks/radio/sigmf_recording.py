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

from semradio.blocks.api import Array, ItemType, ParameterError
from semradio.blocks.errors import nearest
from semradio.blocks.radio import sigmf_package
from semradio.blocks.radio.sample_format import SampleFormat
from semradio.blocks.radio.sigmf_mending import mended
from semradio.blocks.regular_file import open_regular, unread
from semradio.blocks.stored_file import StoredFile

META, DATA, ARCHIVE, COLLECTION = ".sigmf-meta", ".sigmf-data", ".sigmf", ".sigmf-collection"

KNOWN_EXTENSIONS = ("core", "semradio")
"""Namespaces without which nothing here is missing."""

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
        file: the name, with or without ``.sigmf-meta`` or ``.sigmf-data``, an archive
            ``*.sigmf``, or a collection ``*.sigmf-collection``.
        strict: whether the metadata must be as the specification says; otherwise what others leave
            out or misspell is assumed, and told by ``assumed``.
        recording: which one of an archive or a collection, by its name.
        whole: whether captures, annotations and data are wanted too, not only the item type.

    Raises:
        ParameterError: there is no such recording, or it does not conform to SigMF.
    """

    def __init__(
        self, file: str, *, whole: bool = True, strict: bool = True, recording: str | None = None
    ) -> None:
        self.path = Path(file).expanduser()
        self.assumed: list[str] = []
        """What had to be assumed, in words."""
        self._strict = strict
        self._recording = recording
        if self.path.name.endswith(_COMPRESSED):
            raise self._wrong("is compressed; unpack it first (it is a tar or zip archive)")
        if self.path.name.endswith(COLLECTION):
            self.path = self._of_collection()
        archive = self.path.name.endswith(ARCHIVE)
        self._meta = self.path if archive else self._of_pair()
        text, members = self._open_archive() if archive else (self._read_meta(), None)
        metadata = self._parse(text)
        if not strict:
            metadata, told = mended(metadata, sigmf_package.specification(), sigmf_package.fault_at)
            self.assumed += told
        if not whole and isinstance(metadata, dict):
            metadata = {**metadata, "captures": [], "annotations": []}
        if (why := sigmf_package.fault(metadata)) is not None:
            raise self._wrong(f"does not conform to SigMF: {why}{self._way_out}")
        self.info: dict[str, Any] = metadata["global"]
        self.captures: list[dict[str, Any]] = metadata["captures"]
        self.annotations: list[dict[str, Any]] = metadata["annotations"]
        try:
            self.format = SampleFormat.parse(self.info["core:datatype"])
        except ValueError as error:
            raise self._wrong(f"has a data type that SigMF does not know: {error}") from None
        self._look_for_extensions()
        channels = int(self.info.get("core:num_channels", 1))
        self.item = ItemType(self.format.item, (channels,) if channels > 1 else ())
        self.nbytes = self.format.nbytes * channels
        """Bytes of one item: a sample of each channel."""
        self.first = int(self.info.get("core:offset", 0))
        """The index that the metadata give to the first sample."""
        self.items = 0
        if whole:
            self._data = self._find_data(members)
            self._stored = StoredFile(self._data.path, what=f"recording '{self.path}'")
            self._lay_out()

    @property
    def _way_out(self) -> str:
        return "; 'strict: false' reads what others mean" if self._strict else ""

    def _assume(self, text: str) -> None:
        """Note an assumption; ParameterError where none may be made."""
        if self._strict:
            raise self._wrong(f"{text}{self._way_out}")
        self.assumed.append(text)

    def _look_for_extensions(self) -> None:
        """Tell of extensions that a reader is to know and that are not known here."""
        for entry in self.info.get("core:extensions", []):
            if entry["name"] not in KNOWN_EXTENSIONS and not entry["optional"]:
                self._assume(f"needs the extension '{entry['name']}', which is not known here")

    def _wrong(self, text: str) -> ParameterError:
        return ParameterError(f"recording '{self.path}' {text}", "file")

    # Files ---------------------------------------------------------------------------------

    @property
    def files(self) -> list[Path]:
        """The files that hold it, data included; of one made with ``whole``."""
        return list(dict.fromkeys([self._meta, self._data.path]))

    def _of_pair(self) -> Path:
        name = self.path.name
        for ending in (META, DATA):
            name = name.removesuffix(ending)
        return self.path.with_name(name + META)

    def _read_meta(self) -> bytes:
        try:
            with open_regular(self._meta) as stream:
                text = stream.read(_MOST_METADATA + 1)
        except OSError as error:
            raise self._wrong(f"cannot be read: {self._meta}: {error.strerror}") from None
        if len(text) > _MOST_METADATA:
            raise self._wrong(f"has more than {_MOST_METADATA} bytes of metadata")
        return text

    def _open_archive(self) -> tuple[bytes, dict[str, _Member]]:
        try:
            with open_regular(self.path) as whole, tarfile.open(fileobj=whole, mode="r:") as tar:
                files = [member for member in tar.getmembers() if member.isreg()]
                metas = self._chosen([m for m in files if m.name.endswith(META)])
                if metas[0].size > _MOST_METADATA:
                    raise self._wrong(f"has more than {_MOST_METADATA} bytes of metadata")
                stream = tar.extractfile(metas[0])
                assert stream is not None  # a regular file
                text = stream.read()
        except OSError as error:
            raise self._wrong(unread(error)) from None
        except tarfile.TarError as error:
            raise self._wrong(f"is not a tar archive: {error}") from None
        stem = metas[0].name.removesuffix(META)
        beside = Path(stem).parent
        return text, {
            "" if member.name == stem + DATA else Path(member.name).name: _Member(
                self.path, member.offset_data, member.size
            )
            for member in files
            if member.name == stem + DATA or Path(member.name).parent == beside
        }

    def _chosen(self, metas: list[tarfile.TarInfo]) -> list[tarfile.TarInfo]:
        """Return the metadata of the recording that is wanted, of those in an archive."""
        names = [Path(member.name).name.removesuffix(META) for member in metas]
        if self._recording is not None:
            self._check_name(names)
            return [metas[names.index(self._recording)]]
        if len(metas) > 1:
            self._assume(
                f"holds {len(metas)} recordings ({', '.join(names)}); one is wanted: state "
                f"'recording'{'' if self._strict else f'; this is {names[0]}'}"
            )
        if not metas:
            raise self._wrong(f"holds 0 files *{META}; one is wanted")
        return metas[:1]

    def _of_collection(self) -> Path:
        """Return the path of the recording that is wanted, of a collection."""
        try:
            with open_regular(self.path) as stream:
                about = json.loads(stream.read())
            names = [str(entry["name"]) for entry in about["collection"]["core:streams"]]
        except OSError as error:
            raise self._wrong(unread(error)) from None
        except (ValueError, KeyError, TypeError, RecursionError):
            raise self._wrong("is no collection of SigMF recordings") from None
        if not names or any(Path(name).name != name for name in names):
            raise self._wrong("is a collection that names no recordings beside it")
        if self._recording is None and len(names) > 1:
            self._assume(
                f"is a collection of {len(names)} recordings ({', '.join(names)}); one is wanted: "
                f"state 'recording'{'' if self._strict else f'; this is {names[0]}'}"
            )
        if self._recording is not None:
            self._check_name(names)
        name, self._recording = self._recording or names[0], None
        pair = self.path.with_name(name + META)
        archive = self.path.with_name(name + ARCHIVE)
        return archive if archive.exists() and not pair.exists() else pair

    def _check_name(self, names: list[str]) -> None:
        if self._recording not in names:
            raise ParameterError(
                f"parameter 'recording': '{self.path}' holds no recording '{self._recording}'"
                f"{nearest(str(self._recording), names)}; it holds {', '.join(names) or 'none'}",
                "recording",
            )

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
            with open_regular(path) as stream:
                return _Member(path, 0, os.fstat(stream.fileno()).st_size)
        except OSError as error:
            raise self._wrong(f"has no data: {path}: {error.strerror}") from None

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
        if left > 0 and left % self.nbytes and not self._strict:
            self.assumed.append(
                f"the last {left % self.nbytes} bytes are no whole item of {self.nbytes} bytes and "
                "are left out"
            )
            left -= left % self.nbytes
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
                beyond = [e for e in entries if e["core:sample_start"] - self.first > self.items]
                if any("core:header_bytes" in entry for entry in beyond):
                    raise self._wrong("has bytes of a header after its last sample")
                self._assume(
                    f"has data of {self.items} samples, but {_article(what)} at sample {last}"
                    + ("" if self._strict else f"; {len(beyond)} {what}s are left out")
                )
                del entries[-len(beyond) :]

    def open(self) -> None:
        """Open the data; ParameterError if that fails."""
        self._stored.open()

    def close(self) -> None:
        """Close the data, if they are open."""
        self._stored.close()

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
            room = raw[done * self.nbytes :][: count * self.nbytes]
            self._stored.fill(room.data, self._data.begin + begin)
            done += count
        return self.format.decode(raw).reshape(n, *self.item.shape)


def _integer(text: str) -> int:
    value = int(text)
    if abs(value) >= 1 << 63:
        raise ValueError(f"the number {text[:30]} is too large")
    return value


def _article(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"
