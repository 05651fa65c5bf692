"""Tags as a SigMF recording keeps them, and back.

The tags ``rx_time``, ``rx_freq``, ``rx_rate`` and ``gap`` make a capture segment. Any other tag
makes an annotation, which lasts to the next tag of its key: ``core:label`` names it,
``semradio:key`` and ``semradio:value`` hold it. A tag ``annotation`` whose value is a dictionary is
an annotation of SigMF's own, such as other programs write.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from semradio.blocks.api import StreamError, Tag
from semradio.blocks.api.tag import GAP, check_value
from semradio.blocks.radio.radio_tags import (
    NS,
    RX_FREQ,
    RX_RATE,
    RX_TIME,
    number,
    time_ns,
    time_value,
)
from semradio.blocks.radio.sigmf_recording import Recording

ANNOTATION = "annotation"
"""Key of the tag that is an annotation as SigMF writes it, without its ``core:sample_start``."""

NAMESPACE = "semradio"
_KEY, _VALUE, _PACKED = f"{NAMESPACE}:key", f"{NAMESPACE}:value", f"{NAMESPACE}:msgpack"
_RX_TIME, _GAP, _RATE = f"{NAMESPACE}:rx_time", f"{NAMESPACE}:gap", f"{NAMESPACE}:sample_rate"

_START, _COUNT, _LABEL = "core:sample_start", "core:sample_count", "core:label"
_FREQUENCY, _DATETIME = "core:frequency", "core:datetime"
_GLOBAL = "core:global_index"

_SHORT = 20
"""Characters of a label, as the specification advises."""

_CALENDAR_NS = 1_000_000_000 * NS
"""Clocks that show less count from their own start, not from 1970."""

_TIME = re.compile(r"(.+?)(?:[.,](\d+))?([zZ]|[+-]\d\d:?\d\d)?")


# To a recording ----------------------------------------------------------------------------


def capture_field(tag: Tag, rate: float | None) -> dict[str, Any] | None:
    """Return what a tag adds to the capture that begins at its item; None: it makes none.

    Args:
        tag: any tag.
        rate: the sample rate of the recording, None if not known yet.
    """
    value = tag.value
    if tag.key == RX_FREQ and (found := number(value)) is not None:
        return {_FREQUENCY: found}
    if tag.key == RX_RATE and (found := number(value)) is not None:
        return {_RATE: found} if rate is not None and found != rate else {}
    if tag.key == RX_TIME and (ns := time_ns(value)) is not None:
        fields: dict[str, Any] = {_RX_TIME: list(value)}
        if ns >= _CALENDAR_NS:
            fields[_DATETIME] = datetime_text(ns)
        return fields
    if tag.key == GAP:
        return {_GAP: None} if number(value) is None else {}
    return None


def annotation(tag: Tag, at: int) -> dict[str, Any]:
    """Return the annotation that keeps a tag at item ``at`` of the recording; any tag has one."""
    if tag.key == ANNOTATION and isinstance(tag.value, dict) and _is_json(tag.value):
        return {_START: at, **{k: v for k, v in tag.value.items() if k != _START}}
    return own_annotation(tag, at)


def own_annotation(tag: Tag, at: int) -> dict[str, Any]:
    """Return the annotation of any tag by key and value, which every reader accepts."""
    value = tag.value
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    label = f"{tag.key} {value}" if plain else tag.key
    kept = {_START: at, _LABEL: label if len(label) <= _SHORT else tag.key, _KEY: tag.key}
    if _is_json(value):
        return {**kept, _VALUE: value}
    return {**kept, _PACKED: base64.b64encode(msgspec.msgpack.encode(value)).decode()}


def is_own(entry: Mapping[str, Any]) -> bool:
    """Whether an annotation is a tag by key and value."""
    return _KEY in entry


def last_to_next(annotations: list[dict[str, Any]], end: int) -> None:
    """Let every annotation of a tag last to the next of its key, the last one to ``end``."""
    next_of: dict[str, int] = {}
    for entry in reversed(annotations):
        if is_own(entry):
            entry[_COUNT] = next_of.get(entry[_KEY], end) - entry[_START]
            next_of[entry[_KEY]] = entry[_START]


def extensions(*parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries of ``core:extensions``.

    One for each namespace that captures and annotations use.
    """
    names = {key.split(":")[0] for part in parts for entry in part for key in entry if ":" in key}
    return [
        {"name": name, "version": "1.0.0" if name == NAMESPACE else "unknown", "optional": True}
        for name in sorted(names - {"core"})
    ]


def datetime_text(ns: int) -> str:
    """Return a time since 1970 in nanoseconds as ISO 8601 in UTC."""
    seconds, rest = divmod(ns, NS)
    fraction = f".{rest:09d}".rstrip("0").rstrip(".")
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"


def datetime_ns(text: str) -> int | None:
    """Return ISO 8601 text as nanoseconds since 1970 (UTC if it names no zone).

    None if it is not understood.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(found[1] + (found[3] or "Z"))
    except ValueError:
        return None
    fraction = (found[2] or "0")[:9].ljust(9, "0")
    return round(moment.timestamp()) * NS + int(fraction)


# From a recording --------------------------------------------------------------------------


def tags_of(recording: Recording, offset: int, length: int) -> list[Tag]:
    """Return the tags on the items ``offset`` to ``offset + length - 1``, counted from the former.

    What holds at ``offset`` because an earlier capture says so is told on its first item.
    """
    tags = [*_capture_tags(recording, offset)]
    for entry in recording.annotations:
        at = int(entry[_START]) - recording.first - offset
        if at >= 0:
            tags.append(_tag_of(entry, at))
    kept = [tag for tag in tags if tag.index < length]
    kept.sort(key=lambda tag: tag.index)
    return kept


def _capture_tags(recording: Recording, offset: int) -> list[Tag]:
    rate = number(recording.info.get("core:sample_rate"))
    entries = recording.captures or [{_START: recording.first}]
    places = [int(entry[_START]) - recording.first - offset for entry in entries]
    begun = max((k for k, place in enumerate(places) if place <= 0), default=0)
    tags = []
    expected: int | None = None
    for k, (entry, place) in enumerate(zip(entries, places, strict=True)):
        lost, expected = _lost(entry, place, expected)
        if k < begun:
            continue
        at = max(place, 0)
        if at == place and (lost or _GAP in entry):
            tags.append(Tag(at, GAP, lost or None))
        rate_here = number(entry.get(_RATE)) or rate
        ns = _time_of(entry)
        if ns is not None and (at == place or rate_here):
            ns += round((at - place) / rate_here * NS) if rate_here else 0
            exact = entry.get(_RX_TIME) if at == place else None
            tags.append(Tag(at, RX_TIME, exact or time_value(ns)))
        if rate_here:
            tags.append(Tag(at, RX_RATE, rate_here))
        if (frequency := number(entry.get(_FREQUENCY))) is not None:
            tags.append(Tag(at, RX_FREQ, frequency))
    return tags


def _lost(entry: Mapping[str, Any], place: int, before: int | None) -> tuple[int, int | None]:
    """Return how many samples were lost before a capture, and ``core:global_index`` less index."""
    here = None if _GLOBAL not in entry else int(entry[_GLOBAL]) - place
    if before is None:
        return 0, -place if here is None else here
    return (0, before) if here is None else (max(0, here - before), here)


def _time_of(entry: Mapping[str, Any]) -> int | None:
    ns = time_ns(entry.get(_RX_TIME))
    if ns is None and isinstance(entry.get(_DATETIME), str):
        ns = datetime_ns(entry[_DATETIME])
    return ns


def _tag_of(entry: Mapping[str, Any], at: int) -> Tag:
    key = entry.get(_KEY)
    if isinstance(key, str):
        if _VALUE in entry:
            return Tag(at, key, entry[_VALUE])
        try:
            packed = base64.b64decode(entry[_PACKED], validate=True)
            return Tag(at, key, check_value(msgspec.msgpack.decode(packed), key))
        except (KeyError, TypeError, binascii.Error, msgspec.DecodeError, StreamError):
            pass  # not one of ours after all
    return Tag(at, ANNOTATION, {k: v for k, v in entry.items() if k != _START})


def _is_json(value: Any) -> bool:
    """Whether JSON carries a value as it is: no bytes, and no number that is none."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True
