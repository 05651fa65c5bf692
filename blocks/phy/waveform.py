"""What a burst looks like on the air: all that transmitter and receiver must agree on.

A waveform is a name, such as ``burst256``, or a YAML file with the fields of :class:`Waveform`::

    item: complex64[16]
    frames: 64

A hash of the fields travels in each burst, so that two ends that differ find out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from semradio.blocks.api import ItemType
from semradio.blocks.errors import ItemTypeError, ParameterError, nearest

HASH_BITS = 20
"""Bits of the hash that a burst's header carries."""

MOST_FRAMES = 2047
"""Frames of one burst at most: the header has 11 bits for their number."""

MOST_SYMBOLS = 1 << 16
"""Complex symbols of a burst's payload at most."""

SEGMENT = 16
"""Symbols of a segment: the stretch over which known symbols are added up in phase."""

PREAMBLES = (96, 128, 192, 224)
"""Lengths of the preamble: one segment more than a Barker code of 5, 7, 11 or 13 has chips."""

_VERSION = "semradio burst 1"
"""Begins what is hashed; another number whenever the meaning of a field changes."""


@dataclass(frozen=True)
class Waveform:
    """The shape of a burst: preamble, header, payload with pilots between, tail.

    A frame is one item of the stream; its values go out as they are, two real ones (or one complex
    one) to a symbol. The frames of a burst are packed back to back and their symbols shuffled.

    Raises:
        ParameterError: a field lies outside its limits, or two do not fit together.
    """

    name: str = field(default="waveform", compare=False)
    """What messages call it; no part of the hash."""
    item: str = "float32[23]"
    """Item type of a frame, float32 or complex64 of any shape."""
    frames: int = 256
    """Frames in a burst."""
    samples_per_symbol: int = 4
    """2, 4 or 8."""
    rolloff: float = 0.35
    """Roll-off of the root-raised-cosine pulse, 0.1 to 1."""
    span: int = 12
    """Length of the pulse in symbols, even, 6 to 32; 12 leaves -46 dB of intersymbol interference.
    """
    preamble: int = 128
    """Symbols of the preamble: 96, 128, 192 or 224."""
    pilot_spacing: int = 64
    """Payload symbols between two groups of pilots."""
    pilots: int = 4
    """Symbols of a group of pilots."""
    tail: int = 64
    """Known symbols at the end, a multiple of 16; they show how far the sampling clocks differ."""
    energy: float = 1.0
    """Mean energy of a frame: what makes a payload symbol as strong as a known one."""

    def __post_init__(self) -> None:
        item = self._checked_item()
        self._check("frames", 1 <= self.frames <= MOST_FRAMES, f"1 to {MOST_FRAMES}")
        self._check("samples_per_symbol", self.samples_per_symbol in (2, 4, 8), "2, 4 or 8")
        self._check("rolloff", 0.1 <= self.rolloff <= 1, "0.1 to 1")
        self._check("span", 6 <= self.span <= 32 and self.span % 2 == 0, "even, 6 to 32")
        self._check("preamble", self.preamble in PREAMBLES, "96, 128, 192 or 224")
        self._check("pilot_spacing", 8 <= self.pilot_spacing <= 4096, "8 to 4096")
        self._check("pilots", 1 <= self.pilots <= 64, "1 to 64")
        good = 32 <= self.tail <= 512 and self.tail % SEGMENT == 0
        self._check("tail", good, f"32 to 512 and a multiple of {SEGMENT}")
        self._check("energy", 1e-12 <= self.energy <= 1e12, "1e-12 to 1e12")
        if self.frames * item.size > MOST_SYMBOLS:
            raise ParameterError(
                f"waveform '{self.name}': {self.frames} frames of {self.item} are more than the "
                f"{MOST_SYMBOLS} values that a burst may have; use fewer 'frames'",
                "waveform",
            )

    @property
    def item_type(self) -> ItemType:
        """The item type of a frame."""
        return ItemType.parse(self.item)

    @cached_property
    def reals(self) -> int:
        """Real values of a frame; a complex one counts for two."""
        item = self.item_type
        return item.size * (2 if item.dtype == "complex64" else 1)

    @property
    def payload(self) -> int:
        """Complex symbols that carry the frames of a burst."""
        return -(-self.frames * self.reals // 2)

    @property
    def scale(self) -> float:
        """Factor from a frame's values to the parts of its symbols, whose mean power is then 1."""
        return float((self.reals / 2 / self.energy) ** 0.5)

    @cached_property
    def code(self) -> int:
        """The hash, as a number of 20 bits."""
        values = [getattr(self, key.name) for key in fields(self) if key.name != "name"]
        text = "/".join([_VERSION, *map(str, values)])
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") >> (64 - HASH_BITS)

    @property
    def hash(self) -> str:
        """The hash, five hexadecimal digits."""
        return f"{self.code:05x}"

    def __str__(self) -> str:
        return f"'{self.name}' ({self.hash})"

    def _checked_item(self) -> ItemType:
        try:
            item = ItemType.parse(self.item)
        except ItemTypeError as error:
            raise ParameterError(f"waveform '{self.name}': 'item': {error}", "waveform") from None
        good = item.dtype in ("float32", "complex64")
        self._check("item", good, "float32[...] or complex64[...]")
        return item

    def _check(self, key: str, good: bool, limits: str) -> None:
        if not good:
            raise ParameterError(
                f"waveform '{self.name}': '{key}' must be {limits}, not {getattr(self, key)}",
                "waveform",
            )


NAMED = {
    "burst256": Waveform("burst256"),
    "burst64": Waveform("burst64", frames=64),
    "burst16": Waveform("burst16", frames=16),
}
"""The waveforms that have a name."""

_FIELDS = {key.name: key.type for key in fields(Waveform) if key.name != "name"}


def waveform(text: str) -> Waveform:
    """Return the waveform that a parameter names.

    Args:
        text: a name (``burst256``, ``burst64``, ``burst16``), the same with another item type
            (``burst64:complex64[16]``), or the path of a YAML file.

    Raises:
        ParameterError: there is no such name or file, or a field is not what it must be.
    """
    name, colon, item = text.partition(":")
    if name in NAMED:
        return replace(NAMED[name], name=text, item=item) if colon else NAMED[name]
    if not text.endswith((".yml", ".yaml")):
        raise ParameterError(
            f"parameter 'waveform': no waveform '{text}'{nearest(name, NAMED)}; known are "
            f"{', '.join(NAMED)}, each also with an item type, as in 'burst64:complex64[16]', and "
            "YAML files, *.yml",
            "waveform",
        )
    return _from_file(Path(text).expanduser())


def _from_file(path: Path) -> Waveform:
    """Read a waveform from a YAML file."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        values = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error).replace("\n", " ")
        raise ParameterError(f"waveform file '{path}' cannot be read: {why}", "waveform") from None
    values = {} if values is None else values
    if not isinstance(values, dict):
        raise ParameterError(f"waveform file '{path}' must hold fields, 'key: value'", "waveform")
    for key, value in values.items():
        if key not in _FIELDS:
            hint = nearest(str(key), _FIELDS)
            raise ParameterError(
                f"waveform file '{path}' has no field '{key}'{hint}; fields: {', '.join(_FIELDS)}",
                "waveform",
            )
        values[key] = _typed(path, key, value)
    return Waveform(name=path.stem, **values)


def _typed(path: Path, key: str, value: Any) -> Any:
    """Return a value from a file as the type of its field."""
    kind = {"str": str, "int": int, "float": (int, float)}[str(_FIELDS[key])]
    if isinstance(value, bool) or not isinstance(value, kind):  # type: ignore[arg-type]
        raise ParameterError(
            f"waveform file '{path}': '{key}' must be {_FIELDS[key]}, not {value!r}", "waveform"
        )
    return float(value) if _FIELDS[key] == "float" else value
