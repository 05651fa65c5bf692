"""The blocks of ``phy`` under the stream law: parameters, inputs, and what must come out."""

from __future__ import annotations

from law_case import Case, Cases
from law_inputs import FRAMES, FRAMES_OF_TWO

from semradio.blocks.api import Array, ItemType, Tag, find
from semradio.blocks.api.harness import Harness


def stepped(*names: str) -> tuple[Array, list[Tag]]:
    """FRAMES after some blocks of the burst waveform, one behind the other, and their tags."""
    x: Array = FRAMES[:40]
    found: list[Tag] = []
    for name in names:
        with Harness(find(name)(waveform="burst16"), {"x": ItemType.of(x)}) as harness:
            harness.push(x, tags=found)
            harness.end()
            x, found = harness.outputs()[0], harness.tags()[0]
    return x, found


PAYLOAD, PARTS = stepped("symbol_packer")
SYMBOLS, _ = stepped("symbol_packer", "burst_framer")
ON_AIR, ON_AIR_TAGS = stepped("burst_modulator")
CUT, PREAMBLES = stepped("burst_modulator", "burst_detector")
HALVES, DELAYS = stepped("burst_modulator", "burst_detector", "burst_synchroniser")
RECEIVED, HEADERS = stepped(
    "burst_modulator", "burst_detector", "burst_synchroniser", "burst_equaliser"
)
BACK, NUMBERS = stepped("burst_modulator", "burst_demodulator")
BURST = {"waveform": "burst16"}
"""Bursts of 16 frames of 23 values: two that are full, and one of 8."""

CASES: Cases = {
    "symbol_packer": [
        Case(BURST, [FRAMES[:40]], PAYLOAD, {"tags": [], "expected_tags": [PARTS]}),
        Case({"waveform": "burst16:float32[23]"}, [FRAMES[:33]]),
        Case({"waveform": "burst16:complex64[2,16]"}, [FRAMES_OF_TWO]),
    ],
    "burst_framer": [Case(BURST, [PAYLOAD], SYMBOLS, {"tags": PARTS}), Case(BURST, [PAYLOAD])],
    "pulse_shaper": [
        Case(BURST, [SYMBOLS], ON_AIR, {"tags": [], "expected_tags": [ON_AIR_TAGS]}),
        Case({**BURST, "level": 0.0, "gap": 0}, [SYMBOLS]),
    ],
    "burst_modulator": [
        Case(BURST, [FRAMES[:40]], ON_AIR, {"tags": [], "expected_tags": [ON_AIR_TAGS]}),
        Case({"waveform": "burst16:complex64[2,16]", "silence": 9}, [FRAMES_OF_TWO]),
    ],
    "burst_detector": [
        Case(BURST, [ON_AIR], CUT, {"tags": [], "expected_tags": [PREAMBLES]}),
        Case(BURST, [ON_AIR], None, {"tags": [Tag(3000, "gap", 7), Tag(9, "a", 1)]}),
    ],
    "burst_synchroniser": [
        Case(BURST, [CUT], HALVES, {"tags": PREAMBLES, "expected_tags": [DELAYS]})
    ],
    "burst_equaliser": [
        Case(BURST, [HALVES], RECEIVED, {"tags": DELAYS, "expected_tags": [HEADERS]})
    ],
    "symbol_unpacker": [
        Case(BURST, [RECEIVED], BACK, {"tags": HEADERS, "expected_tags": [NUMBERS]}),
        Case({**BURST, "lost": "zeros", "frames": 90}, [RECEIVED], None, {"tags": HEADERS}),
    ],
    "burst_demodulator": [
        Case(BURST, [ON_AIR], BACK, {"tags": [], "expected_tags": [NUMBERS]}),
        Case({**BURST, "lost": "repeat", "frames": 39}, [ON_AIR[2400:]]),
        Case(BURST, [ON_AIR], None, {"tags": [Tag(3000, "gap", 7), Tag(9, "a", 1)]}),
    ],
}
