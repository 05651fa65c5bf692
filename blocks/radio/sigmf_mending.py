"""SigMF metadata as others write them, brought to what the specification says now.

Old versions of the specification, and writers that read it loosely, leave out or misspell what the
samples can be read without. Each assumption is told; what has no likely meaning stays as it is, for
the check that follows to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_START, _COUNT = "core:sample_start", "core:sample_count"
_WHOLE = ("core:num_channels", "core:offset", "core:trailing_bytes")
_NEEDED = {_START, *_WHOLE, "core:datatype", "core:version", "core:header_bytes", "core:dataset"}
"""What tells where samples stand: never left out."""

_MOST_LEFT_OUT = 50
"""Fields that are left out before the metadata are given up."""

Fault = Callable[[Any], tuple[list[str | int], str] | None]
"""Returns where metadata break the schema and why, or None."""


def mended(metadata: Any, version: str, fault: Fault) -> tuple[Any, list[str]]:
    """Return metadata as they were meant, and what had to be assumed.

    Args:
        metadata: as JSON gave them; not changed.
        version: of the specification, where they state none.
        fault: checks them against the schema.
    """
    told: list[str] = []
    if not isinstance(metadata, dict) or not isinstance(metadata.get("global"), dict):
        return metadata, told
    found = {**metadata, "global": _global(dict(metadata["global"]), version, told)}
    for part in ("captures", "annotations"):
        found[part] = _entries(metadata.get(part), part, told)
    for _ in range(_MOST_LEFT_OUT):
        wrong = fault(found)
        if wrong is None or not _left_out(found, *wrong, told):
            break
    return found, told


def _global(info: dict[str, Any], version: str, told: list[str]) -> dict[str, Any]:
    datatype = info.get("core:datatype")
    if isinstance(datatype, str):
        written = datatype.strip().lower().replace("-", "_")
        if re.fullmatch(r"[cr][fiu](16|32|64)", written):
            written += "_le"
            told.append(f"data type '{datatype}' states no byte order: little-endian")
        elif written != datatype:
            told.append(f"data type '{datatype}' is {written}")
        info["core:datatype"] = written
    stated = info.get("core:version")
    if stated is None:
        info["core:version"] = version
        told.append(f"no version of the specification is stated: {version}")
    elif (number := re.fullmatch(r"\s*[vV]?(\d+(?:\.\d+){0,2})\s*", str(stated))) is not None:
        full = ".".join([*number[1].split("."), "0", "0"][:3])
        if full != stated:
            told.append(f"version '{stated}' is {full}")
        info["core:version"] = full
    rate = info.get("core:sample_rate")
    if isinstance(rate, str):
        info["core:sample_rate"] = _number(rate)
        if info["core:sample_rate"] is None:
            del info["core:sample_rate"]
        told.append(f"sample rate '{rate}' is text")
    for key in _WHOLE:
        if key in info:
            info[key] = _whole(info[key])
    if info.get("core:sha512") == "":
        del info["core:sha512"]
        told.append("the hash of the data is empty")
    extensions = info.get("core:extensions")
    if isinstance(extensions, dict):
        info["core:extensions"] = [
            {"name": str(name), "version": str(number), "optional": True}
            for name, number in extensions.items()
        ]
        told.append("extensions are listed as before version 1.0 of the specification")
    for key in [key for key, value in info.items() if value is None]:
        del info[key]
    return info


def _entries(entries: Any, part: str, told: list[str]) -> Any:
    if entries is None:
        told.append(f"there are no {part}")
        return []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return entries
    found = [{k: v for k, v in entry.items() if v is not None} for entry in entries]
    for entry in found:
        for key in (_START, _COUNT):
            if key in entry:
                entry[key] = _whole(entry[key])
        count = entry.get(_COUNT)
        if isinstance(count, int) and count < 0:
            del entry[_COUNT]
            told.append("an annotation has a negative length")
    if part == "captures" and len(found) == 1 and _START not in found[0]:
        found[0][_START] = 0
        told.append("the capture states no first sample: 0")
    if all(isinstance(entry.get(_START), int) for entry in found):
        ordered = sorted(found, key=lambda entry: int(entry[_START]))
        if ordered != found:
            told.append(f"{part} are out of order")
        return ordered
    return found


def _left_out(metadata: dict[str, Any], place: list[str | int], why: str, told: list[str]) -> bool:
    """Leave out the field that breaks the schema; returns whether it can be done without."""
    while len(place) > (2 if place and place[0] == "global" else 3):
        place = place[:-1]
    if len(place) < 2 or place[-1] in _NEEDED or not isinstance(place[-1], str):
        return False
    if place[0] not in ("global", "captures", "annotations"):
        return False
    holder: Any = metadata
    for step in place[:-1]:
        holder = holder[step]
    if place[-1] not in holder:
        return False
    del holder[place[-1]]
    told.append(f"'{place[-1]}' is left out: {why[:100]}")
    return True


def _number(text: str) -> float | None:
    try:
        found = float(text.strip().replace("_", ""))
    except ValueError:
        return None
    return found if 0 < found < 1e12 else None


def _whole(value: Any) -> Any:
    """Return a whole number that is written as another kind of number or as text."""
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,18}\s*", value):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value
