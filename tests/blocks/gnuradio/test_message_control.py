"""message_control asks for changes of live parameters, and counts what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import ItemType, ParameterError, SemradioError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.gnuradio.message_control import MessageControl
from semradio.blocks.stream.multiply_const import MultiplyConst

ITEMS = np.zeros(10, np.uint8)
TARGETS = {"gain": "amplifier.constant", "freq": "radio.frequency"}


class Running:
    """A flowgraph of one amplifier that takes changes, in place of a runtime."""

    def __init__(self) -> None:
        self.amplifier = Harness(
            MultiplyConst(constant=1.0, name="amplifier"), {"x": ItemType("float32")}
        )

    def ask(self, changes: Mapping[str, Mapping[str, Any]], tell: Callable[[Any], None]) -> None:
        for name, values in changes.items():
            if name != "amplifier":
                raise ParameterError(f"there is no block '{name}'", name)
            try:
                index = self.amplifier.change(values)
            except SemradioError as error:
                tell(SimpleNamespace(block=name, index=None, reason=str(error)))
            else:
                tell(SimpleNamespace(block=name, index=index, reason=""))


def heard(*messages: Any) -> tuple[MessageControl, float]:
    """The block after some messages, and the amplification then."""
    running = Running()
    control = MessageControl(targets=TARGETS)
    control.ask = running.ask
    control(ITEMS, tags=[Tag(k, "message", value) for k, value in enumerate(messages)])
    with running.amplifier as amplifier:
        amplifier.push(np.ones(1, np.float32))
        return control, float(amplifier.outputs()[0][0])


@pytest.mark.parametrize(
    "message", [{"gain": 3.0}, ["gain", 3.0], [{"gain": 3.0}, b""], {"gain": 3, "chan": 0}]
)
def test_a_command_counts_at_once(message: Any) -> None:
    control, gain = heard(message)
    assert gain == 3.0
    found = control.results()
    assert (found["commands"], found["changed"], found["refused"]) == (1, 1, 0)
    assert found["ignored"] == (1 if "chan" in message else 0)


def test_the_latest_command_counts() -> None:
    control, gain = heard({"gain": 3.0}, ["gain", 5.0])
    assert gain == 5.0
    assert control.results()["changed"] == 2


def test_what_is_refused_is_told_and_the_stream_goes_on() -> None:
    control, gain = heard({"gain": "loud"}, {"freq": 1e9}, "symbol", None, 7, {"gain": 2.0})
    assert gain == 2.0
    assert control.results() == {"commands": 3, "changed": 1, "refused": 2, "ignored": 3}
    assert control.notes[1] == "command refused: there is no block 'radio'"


def test_targets_are_checked() -> None:
    with pytest.raises(ParameterError, match=r"'frequency' is not BLOCK\.PARAMETER"):
        MessageControl(targets={"freq": "frequency"})
    with pytest.raises(SemradioError, match="needs a flowgraph"):
        MessageControl(targets=TARGETS)(ITEMS)
