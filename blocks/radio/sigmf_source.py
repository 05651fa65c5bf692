"""A SigMF recording as a stream."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from pathlib import Path

from semradio.blocks.api import Array, ItemType, Output, Source, block, parameter
from semradio.blocks.radio.sigmf_recording import Recording
from semradio.blocks.radio.sigmf_tags import tags_of
from semradio.blocks.sources.portion import Portion


@block("sigmf_source", category="radio")
class SigmfSource(Source):
    """Give the samples of a SigMF recording as complex64, or float32 if they are real.

    The recording is a pair ``NAME.sigmf-meta`` and ``NAME.sigmf-data`` or an archive
    ``NAME.sigmf``; of an archive or collection of several, ``recording`` names one. What does not
    conform to SigMF is refused; with ``strict: false`` it is read as other writers mean it (a
    data type without byte order is little-endian, annotations out of order are sorted, half a
    sample at the end is left out, and so on), and notes tell what was assumed. Every data type of
    SigMF is converted; integers are scaled to full scale 1.0. Several channels make items of one
    sample each, ``complex64[channels]``. The data are read piece by piece, so they may be larger
    than the memory.

    Each capture leaves the tags ``rx_time``, ``rx_rate`` and ``rx_freq``, as far as it states
    them, and ``gap`` with the number of samples lost before it. An annotation leaves the tag that
    ``sigmf_sink`` made it from, or else a tag ``annotation`` whose value is the annotation. Needs
    the package sigmf: ``pip install "semradio[sigmf]"``.

    Raises:
        ParameterError: there is no such recording, or it does not conform to SigMF.
        StreamError: the data became shorter while they were read.

    Example:
        >>> tone = np.exp(0.3j * np.arange(100)).astype(np.complex64)
        >>> found = SigmfSink(file="tone", sample_rate=1e6)(tone)
        >>> bool((SigmfSource(file="tone")() == tone).all())
        True

    Source:
        SigMF specification 1.2.
    """

    file: str = parameter(doc="NAME, NAME.sigmf-meta or an archive NAME.sigmf.")
    repeat: bool = parameter(False, doc="Whether to begin again after the last item.")
    offset: int = parameter(0, unit="items", low=0, doc="Items to leave out at the beginning.")
    length: int | None = parameter(
        None, unit="items", low=0, doc="Items to give (in one round); up to the end if not given."
    )
    verify: bool = parameter(
        False, doc="Whether to read all data once before the start and check their hash."
    )
    strict: bool = parameter(
        True,
        doc="Whether the metadata must conform; otherwise what others leave out or misspell is "
        "assumed, and notes tell what.",
    )
    recording: str | None = parameter(
        None, doc="Which one of an archive or collection of several, by its name."
    )
    tags: bool = parameter(True, doc="Whether captures and annotations become tags.")

    y = Output("complex64 | float32 | complex64[*] | float32[*]", doc="The samples.")

    def configure(self) -> None:
        self._recording: Recording | None = None

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": self._found(whole=False).item}

    def _found(self, *, whole: bool) -> Recording:
        return Recording(self.file, whole=whole, strict=self.strict, recording=self.recording)

    def start(self) -> None:
        self._recording = found = self._found(whole=True)
        for text in found.assumed:
            self.note(f"recording '{found.path}': {text}")
        self._portion = Portion(
            found.items,
            f"recording '{found.path}'",
            offset=self.offset,
            length=self.length,
            repeat=self.repeat,
        )
        if self.verify:
            found.check_hash()
        self._tags = tags_of(found, self.offset, self._portion.items) if self.tags else []
        found.open()

    def reads(self) -> Sequence[Path]:
        return (self._recording or self._found(whole=True)).files

    def restore(self, saved: None) -> None:
        """Do nothing: what comes next follows from its index."""

    def stop(self) -> None:
        if self._recording is not None:
            self._recording.close()

    def work(self, n: int, at: int) -> Array:
        assert self._recording is not None  # between start() and stop()
        start, count = self._portion.piece(at, n)
        if self._portion.ends(at, n):
            self.finish()
        if self._tags:
            first = bisect_left(self._tags, start, key=lambda tag: tag.index)
            for tag in self._tags[first:]:
                if tag.index >= start + count:
                    break
                self.tag(tag.key, tag.value, at + tag.index - start)
        return self._recording.read(self.offset + start, count)
