"""A live parameter as a knob that arrow keys turn."""

from __future__ import annotations

import math
from typing import Any

from semradio.flowgraphs.runtime.change import LiveParameter

_TURN = 100
"""Steps from one end of a knob's range to the other, about."""


def can_turn(knob: LiveParameter) -> bool:
    """Tell whether arrow keys can change a parameter: a number, a switch, or a choice."""
    return isinstance(knob.value, bool | int | float) or bool(knob.choices)


def turned(knob: LiveParameter, steps: int) -> Any:
    """Return the value of a knob that is turned by some steps, within its limits.

    A switch is turned to on or off, a choice to the next one; a number by about a hundredth of its
    range, or of its size where it has none, in steps that read well (1, 2 or 5 and zeros).
    """
    if isinstance(knob.value, bool):
        return steps > 0
    if knob.choices:
        place = knob.choices.index(knob.value) if knob.value in knob.choices else 0
        return knob.choices[min(max(place + steps, 0), len(knob.choices) - 1)]
    step = _step(knob)
    value = (round(knob.value / step) + steps) * step
    low = knob.low
    if knob.above is not None:
        low = max(knob.above, low if low is not None else -math.inf) + step
        # Towards a border that it may not reach a knob goes on in smaller and smaller steps.
        low = min(low, float(knob.value))
    value = max(value, low) if low is not None else value
    value = min(value, knob.high) if knob.high is not None else value
    if isinstance(knob.value, int) and knob.type.startswith("int"):
        return round(value)
    return float(f"{value:.12g}")


def _step(knob: LiveParameter) -> float:
    if isinstance(knob.value, int) and knob.type.startswith("int"):
        span = (knob.high - knob.low) if knob.low is not None and knob.high is not None else _TURN
        return max(1, round(_reads_well(span / _TURN)))
    if knob.low is not None and knob.high is not None:
        return _reads_well((knob.high - knob.low) / _TURN)
    return _reads_well(abs(knob.value) / 10 or 0.1)


def _reads_well(step: float) -> float:
    """Return 1, 2 or 5 times a power of ten, not far from a step."""
    if step <= 0:
        return 1.0
    power = math.floor(math.log10(step))
    digit = step / 10.0**power
    return float(
        f"{(1 if digit < 1.5 else 2 if digit < 3.5 else 5 if digit < 7.5 else 10)}e{power}"
    )
