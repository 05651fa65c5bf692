"""Recordings in the manner of other writers: read rightly, or refused with a clear word.

Each is synthesised after what the named program writes, or after what the package ``sigmf`` still
reads of old versions of the specification. The samples must be NumPy's reading of the file.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import ParameterError
from semradio.blocks.api.harness import Harness
from semradio.blocks.radio.sigmf_source import SigmfSource

pytest.importorskip("sigmf", reason="needs SigMF: pip install 'semradio[sigmf]'")

N = 60
"""Samples of each recording."""

READ, REFUSED = "read", "refused"


def stored(datatype: str, channels: int = 1) -> tuple[bytes, np.ndarray]:
    """The bytes of a recording, and what they mean, by NumPy alone."""
    draw = np.random.default_rng(len(datatype) + channels)
    kind, bits = datatype[1], int(datatype[2:].split("_", maxsplit=1)[0])
    order = ">" if datatype.endswith("_be") else "<"
    rails = 2 if datatype[0] == "c" else 1
    dtype = np.dtype(f"{order}{kind}{bits // 8}")
    if kind == "f":
        raw = draw.uniform(-1, 1, (N, channels, rails)).astype(dtype)
        values = raw.astype(np.float64)
    else:
        limits = np.iinfo(dtype)
        raw = draw.integers(limits.min, limits.max, (N, channels, rails), dtype.newbyteorder("="))
        raw = raw.astype(dtype)
        half = 2.0 ** (bits - 1)
        values = (raw.astype(np.float64) - (half if kind == "u" else 0)) / half
    x = values[..., 0] + (1j * values[..., 1] if rails == 2 else 0)
    x = x.astype(np.complex64 if rails == 2 else np.float32)
    return raw.tobytes(), x if channels > 1 else x[:, 0]


@dataclass
class Writer:
    """How one program writes a recording, and what is to become of it."""

    strict: str
    lenient: str = READ
    datatype: str = "cf32_le"
    """What the data really are."""
    info: dict[str, Any] = field(default_factory=dict)
    """Changes to the global object; ... leaves a key out."""
    captures: Any = field(default_factory=lambda: [{"core:sample_start": 0}])
    annotations: Any = field(default_factory=list)
    channels: int = 1
    raw: Callable[[bytes], bytes] = lambda raw: raw
    text: Callable[[str], bytes] = lambda text: text.encode()
    words: str = ""
    """What the refusal, or else the note, says."""
    tags: int | None = None
    """How many annotations must arrive."""


NOW = {"core:sample_start": 0, "core:frequency": 1e8, "core:datetime": "2023-01-01T00:00:00Z"}
LATER = {"core:sample_start": 30, "core:frequency": 2e8}
A, B = {"core:sample_start": 5, "core:sample_count": 3}, {"core:sample_start": 20}

WRITERS: dict[str, Writer] = {
    # Conforming, and read in both ways
    **{
        f"every type: {t}": Writer(READ, datatype=t)
        for t in (
            "cf32_le", "cf32_be", "cf64_le", "ci8", "cu8", "ci16_le", "ci16_be", "cu16_le",
            "ci32_le", "cu32_be", "rf32_le", "rf64_be", "ri8", "ru8", "ri16_le", "ru16_be",
            "ri32_le",
        )
    },
    "SDR++: hardware, recorder, capture": Writer(
        READ, datatype="ci16_le", info={"core:hw": "RTL-SDR", "core:recorder": "SDR++"},
        captures=[NOW],
    ),
    "GNU Radio gr-sigmf: antenna extension": Writer(
        READ, captures=[NOW, LATER],
        info={"core:extensions": [{"name": "antenna", "version": "1.0.0", "optional": True}],
              "antenna:gain": 3},
    ),
    "gr-sigmf: annotation per tag": Writer(
        READ, annotations=[A, {**B, "core:sample_count": 1, "gnuradio:tag": "x"}], tags=2
    ),
    "IQEngine: labels and colours": Writer(
        READ, tags=1,
        annotations=[{**A, "core:label": "LoRa", "core:freq_lower_edge": 1.0,
                      "core:freq_upper_edge": 2.0, "iqengine:color": "#f00"}],
    ),
    "inspectrum: comment": Writer(READ, annotations=[{**A, "core:comment": "burst"}], tags=1),
    "SDRangel: several captures": Writer(READ, captures=[NOW, LATER], datatype="ci16_le"),
    "GQRX: offset": Writer(
        READ, info={"core:offset": 100}, captures=[{"core:sample_start": 100}],
        annotations=[{"core:sample_start": 110}], tags=1,
    ),
    "two channels": Writer(READ, channels=2, info={"core:num_channels": 2}),
    "four channels of shorts": Writer(
        READ, channels=4, datatype="ci16_le", info={"core:num_channels": 4}
    ),
    "header of a file before the samples": Writer(
        READ, raw=lambda raw: b"HEADER" + raw,
        captures=[{"core:sample_start": 0, "core:header_bytes": 6}],
    ),
    "trailing bytes": Writer(READ, raw=lambda raw: raw + b"END", info={"core:trailing_bytes": 3}),
    "unknown fields": Writer(READ, info={"acme:x": [1, {"y": None}]}),
    "no captures": Writer(READ, captures=[]),
    "metadata in one line": Writer(READ, text=lambda t: json.dumps(json.loads(t)).encode()),
    "written on Windows": Writer(READ, text=lambda t: t.replace("\n", "\r\n").encode()),
    "version 1.0.0": Writer(READ, info={"core:version": "1.0.0"}),
    "global index": Writer(
        READ, captures=[NOW, {**LATER, "core:global_index": 40}]
    ),
    # Old or loose: refused by the letter, read as they are meant
    **{
        f"no byte order: {t}": Writer(
            REFUSED, datatype=f"{t}_le", info={"core:datatype": t}, words="little-endian|byte order"
        )
        for t in ("cf32", "ci16", "cu16", "ri16", "rf32")
    },
    "capital letters": Writer(REFUSED, info={"core:datatype": "CF32_LE"}, words="cf32_le|CF32_LE"),
    "dash in the type": Writer(REFUSED, info={"core:datatype": "cf32-le"}, words="cf32"),
    "no version": Writer(REFUSED, info={"core:version": ...}, words="version"),
    "version v1.0.0": Writer(REFUSED, info={"core:version": "v1.0.0"}, words="v1.0.0"),
    "version as a number": Writer(REFUSED, info={"core:version": 1.0}, words="version|1.0"),
    "version 1.0": Writer(REFUSED, info={"core:version": "1.0"}, words="1.0"),
    "no annotations": Writer(REFUSED, annotations=..., words="annotations"),
    "no captures at all": Writer(REFUSED, captures=..., words="captures"),
    "captures null": Writer(REFUSED, captures=None, words="captures|None"),
    "rate as text": Writer(REFUSED, info={"core:sample_rate": "2.4e6"}, words="sample_rate|text"),
    "rate as words": Writer(REFUSED, info={"core:sample_rate": "fast"}, words="sample_rate|text"),
    "hash empty": Writer(REFUSED, info={"core:sha512": ""}, words="sha512|hash"),
    "rate null": Writer(REFUSED, info={"core:sample_rate": None}),
    "captures out of order": Writer(REFUSED, captures=[LATER, NOW], words="order"),
    "annotations out of order": Writer(REFUSED, annotations=[B, A], words="order", tags=2),
    "capture past the end": Writer(
        REFUSED, captures=[NOW, {"core:sample_start": N + 5}], words="a capture at sample 65"
    ),
    "annotation past the end": Writer(
        REFUSED, annotations=[A, {"core:sample_start": 10 * N}], words="an annotation at", tags=1
    ),
    "recorder killed": Writer(
        REFUSED, raw=lambda raw: raw + b"\0\0\0", words="whole number|no whole item"
    ),
    "extensions as a dictionary": Writer(
        REFUSED, info={"core:extensions": {"antenna": "0.9.0"}}, words="extensions"
    ),
    "an extension that is needed": Writer(
        REFUSED, words="extension 'wfm', which is not known here",
        info={"core:extensions": [{"name": "wfm", "version": "1.0.0", "optional": False}]},
    ),
    "sample_start as text": Writer(
        REFUSED, captures=[{"core:sample_start": "0"}], words="sample_start|"
    ),
    "capture without sample_start": Writer(
        REFUSED, captures=[{"core:frequency": 1e8}], words="sample_start|first sample"
    ),
    "channels as text": Writer(
        REFUSED, channels=2, info={"core:num_channels": "2"}, words="num_channels|"
    ),
    "a date that is none": Writer(
        REFUSED, captures=[{**NOW, "core:datetime": "yesterday"}], words="datetime"
    ),
    "frequency as text": Writer(
        REFUSED, captures=[{**NOW, "core:frequency": "100 MHz"}], words="frequency"
    ),
    "one edge of a frequency": Writer(
        READ, annotations=[{**A, "core:freq_lower_edge": 1.0}], tags=1
    ),
    "label as a number": Writer(
        REFUSED, annotations=[{**A, "core:label": 7}], words="label", tags=1
    ),
    "a negative length": Writer(
        REFUSED, annotations=[{**A, "core:sample_count": -1}], words="negative|sample_count", tags=1
    ),
    "byte order mark": Writer(READ, text=lambda t: b"\xef\xbb\xbf" + t.encode()),
    "author as a list": Writer(REFUSED, info={"core:author": ["me"]}, words="author"),
    # Without a likely meaning: refused in both ways
    "no data type": Writer(REFUSED, REFUSED, info={"core:datatype": ...}, words="core:datatype"),
    "three bytes each": Writer(REFUSED, REFUSED, info={"core:datatype": "ci24_le"}, words="ci24"),
    "a type of its own": Writer(REFUSED, REFUSED, info={"core:datatype": "IQ16"}, words="type"),
    "metadata only": Writer(
        REFUSED, REFUSED, info={"core:metadata_only": True}, words="metadata only"
    ),
    "not JSON": Writer(REFUSED, REFUSED, text=lambda t: t[:-20].encode(), words="not JSON"),
    "a list": Writer(REFUSED, REFUSED, text=lambda t: b"[]", words="does not conform"),
    "no global": Writer(REFUSED, REFUSED, text=lambda t: b'{"captures": []}', words="global"),
    "half of a channel count": Writer(
        REFUSED, REFUSED, info={"core:num_channels": 1.5}, words="num_channels"
    ),
    "captures as text": Writer(REFUSED, REFUSED, captures="none", words="captures"),
    "a path elsewhere": Writer(
        REFUSED, REFUSED, info={"core:dataset": "../x.bin"}, words="not a file name|match"
    ),
}  # fmt: skip


def write(folder: Path, name: str, writer: Writer) -> np.ndarray:
    raw, x = stored(writer.datatype, writer.channels)
    (folder / f"{name}.sigmf-data").write_bytes(writer.raw(raw))
    info = {
        "core:datatype": writer.datatype, "core:version": "1.2.0", "core:sample_rate": 1e6,
    } | writer.info  # fmt: skip
    whole = {
        "global": {key: value for key, value in info.items() if value is not ...},
        "captures": writer.captures,
        "annotations": writer.annotations,
    }
    text = json.dumps({k: v for k, v in whole.items() if v is not ...}, indent=2)
    (folder / f"{name}.sigmf-meta").write_bytes(writer.text(text))
    return x


def play(file: Path, **parameters: Any) -> tuple[np.ndarray, list[Any], list[str]]:
    source = SigmfSource(file=file, **parameters)
    with Harness(source, {}, 17) as harness:
        while not harness.finished:
            harness.step()
        return harness.outputs()[0], harness.tags()[0], source.notes


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "lenient"])
@pytest.mark.parametrize("name", WRITERS)
def test_writers(name: str, strict: bool, tmp_path: Path) -> None:
    writer = WRITERS[name]
    x = write(tmp_path, "r", writer)
    if (writer.strict if strict else writer.lenient) == REFUSED:
        with pytest.raises(ParameterError, match=f"recording '.*r' .*({writer.words})"):
            play(tmp_path / "r", strict=strict)
        return
    y, tags, notes = play(tmp_path / "r", strict=strict)
    assert y.dtype == x.dtype
    np.testing.assert_allclose(y, x, rtol=0, atol=1.2e-7)
    if writer.tags is not None:
        assert sum(tag.key == "annotation" for tag in tags) == writer.tags
    assert bool(notes) is (writer.strict == REFUSED and name not in SILENT)


SILENT = {"rate null", "sample_start as text", "channels as text"}
"""Read for what can only be meant, so nothing is assumed."""


def test_there_are_enough_of_them() -> None:
    assert len(WRITERS) >= 60


# Archives and collections ------------------------------------------------------------------------


def archived(folder: Path, names: list[str]) -> tuple[Path, dict[str, np.ndarray]]:
    """An archive of several recordings, each in a folder of its own."""
    path, found = folder / "all.sigmf", {}
    with tarfile.open(path, "w") as tar:
        for k, name in enumerate(names):
            found[name] = write(folder, name, Writer(READ, datatype=("ci16_le", "cf32_le")[k % 2]))
            for ending in ("data", "meta"):
                content = (folder / f"{name}.sigmf-{ending}").read_bytes()
                entry = tarfile.TarInfo(f"{name}/{name}.sigmf-{ending}")
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return path, found


def test_one_of_several_in_an_archive(tmp_path: Path) -> None:
    path, found = archived(tmp_path, ["north", "south"])
    for name, x in found.items():
        y, _, notes = play(path, recording=name)
        np.testing.assert_allclose(y, x, atol=1e-7)
        assert not notes
    with pytest.raises(ParameterError, match=r"2 recordings \(north, south\); .* 'recording'"):
        play(path)
    with pytest.raises(ParameterError, match=r"no recording 'nort' .did you mean 'north'"):
        play(path, recording="nort")
    y, _, notes = play(path, strict=False)
    np.testing.assert_allclose(y, found["north"], atol=1e-7)
    assert "this is north" in notes[0]


def test_one_of_a_collection(tmp_path: Path) -> None:
    _, found = archived(tmp_path, ["left", "right"])
    streams = [{"name": name, "hash": "0" * 128} for name in found]
    path = tmp_path / "pair.sigmf-collection"
    about = {"core:version": "1.2.0", "core:streams": streams}
    path.write_text(json.dumps({"collection": about}))
    for name, x in found.items():
        np.testing.assert_allclose(play(path, recording=name)[0], x, atol=1e-7)
    with pytest.raises(ParameterError, match=r"collection of 2 recordings \(left, right\)"):
        play(path)
    y, _, notes = play(path, strict=False)
    np.testing.assert_allclose(y, found["left"], atol=1e-7)
    assert "this is left" in notes[0]
    for text in ("{}", "[", '{"collection": {"core:streams": [{"name": "../x"}]}}'):
        path.write_text(text)
        with pytest.raises(ParameterError, match=r"is (no|a) collection"):
            play(path, strict=False)
