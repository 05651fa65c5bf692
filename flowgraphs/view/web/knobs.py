"""Live parameters as the page turns them: with limits as numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from semradio.blocks.api import registry
from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.plain import for_json
from semradio.flowgraphs.runtime.change import LiveParameter


def knobs(parameters: Iterable[LiveParameter], types: dict[str, str]) -> list[dict[str, Any]]:
    """Return the live parameters of a run as JSON has them.

    Args:
        types: type of each block, by its name.
    """
    return [_knob(parameter, types.get(parameter.block, "")) for parameter in parameters]


def _knob(live: LiveParameter, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "block": live.block,
        "parameter": live.parameter,
        "value": for_json(live.value),
        "type": live.type,
        "unit": live.unit,
        "limits": live.limits,
    }
    try:
        declared = registry.find(kind).parameters.get(live.parameter)
    except SemradioError:
        # A block of a file that only the run knows: its limits are there in words.
        declared = None
    if declared is not None:
        found["low"] = declared.low if declared.above is None else declared.above
        found["open"] = declared.above is not None
        found["high"] = declared.high
        found["choices"] = for_json(list(declared.choices))
        found["doc"] = declared.doc
    return found
