"""Alice's and Bob's modules switch together, at the same frame: seen in the frames themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from semradio.flowgraphs.control import Control

BLOCKS = Path(__file__).with_name("blocks_for_tests.py")

LINK = f"""
flowgraph: switched_link
code: [{BLOCKS}]
blocks:
  source:  {{block: image_source, dataset: mnist, split: heldout, frames: 1000000000, repeat: true}}
  encoder: {{block: semantic_encoder, model: arn/encoder}}
  alice:   {{block: arn_transmitter, model: arn/alice}}
  protected: {{block: difference_watch}}
  power:   {{block: power_ratio}}
  air:     {{block: awgn_channel, snr_db: 10, seed: 1}}
  bob:     {{block: arn_receiver, model: arn/bob}}
  restored: {{block: difference_watch}}
  decoder: {{block: semantic_decoder, model: arn/decoder}}
  quality: {{block: image_quality, ssim: false}}
  eve_air: {{block: awgn_channel, snr_db: 10, seed: 2}}
  eve:     {{block: eavesdropper, model: arn/eve}}
  leakage: {{block: classification_metrics}}
connections:
  - source.image -> encoder -> alice -> air -> bob -> decoder -> quality.received
  - source.image -> quality.reference
  - alice -> eve_air -> eve -> leakage.predicted
  - source.label -> leakage.truth
  - encoder -> power.reference
  - alice -> power.modified
  - encoder -> protected.a
  - alice -> protected.b
  - air -> restored.a
  - bob -> restored.b
processes:
  alice: [source, encoder, alice, power, protected]
  air:   [air, eve_air]
  bob:   [bob, restored, decoder, quality]
  eve:   [eve, leakage]
"""


def position(control: Control, on: bool) -> int:
    """The frame that Alice takes next: she is told to stay as she is."""
    return control.set("alice.enabled", on)


def switch(control: Control, times: int, every: int) -> list[int]:
    """Switch Alice's module off and on again, at least ``every`` frames apart; returns where."""
    at: list[int] = []
    on = True
    for k in range(times):
        due = max((k + 1) * every, at[-1] + 1 if at else 0)
        while position(control, on) < due:
            time.sleep(0.005)
        on = not on
        at.append(control.set("alice.enabled", on))
    while position(control, on) < (times + 1) * every:
        time.sleep(0.005)
    return at


def check(result: Any, at: list[int]) -> int:
    """Check every frame and every segment of a run that was switched at these frames."""
    expected = [[index, k % 2 == 0] for k, index in enumerate([0, *at])]
    frames: int = result["protected"]["items"]
    # x' != x exactly where x^ != y', for every single frame.
    assert result["protected"]["runs"] == expected
    assert result["restored"] == result["protected"]
    for block in ("power", "quality", "leakage"):
        segments = result[block]["segments"]
        assert [[s["from"], s["arn"]] for s in segments] == expected, block
        assert sum(s["items"] for s in segments) == frames, block
        ends = [*at, frames]
        assert [s["from"] + s["items"] for s in segments] == ends, block
    for segment in result["power"]["segments"]:
        assert (segment["psr_db"] is not None) == segment["arn"]
    for counts in result.edges.values():
        assert (counts["items"], counts["dropped"]) == (frames, 0)
    return frames


Start = Callable[..., tuple[Any, Control]]


@pytest.mark.slow
def test_a_hundred_switches_in_a_million_frames_over_four_processes(beside: Start) -> None:
    run, control = beside(LINK, chunk=1024)
    at = switch(control, 100, 10_000)
    control.stop()
    result = run.end()
    assert len(result.processes) == 4
    assert check(result, at) >= 1_000_000
    assert len(result["power"]["segments"]) == 101
    segments = result["leakage"]["segments"]
    accuracy = {
        on: sum(s["accuracy"] * s["items"] for s in segments if s["arn"] == on)
        / sum(s["items"] for s in segments if s["arn"] == on)
        for on in (False, True)
    }
    assert accuracy[True] <= 0.60
    assert accuracy[False] >= 0.93


@pytest.mark.parametrize(
    "options", [{"transport": "tcp", "chunk": 64}, {"processes": False, "chunk": 7}]
)
def test_over_tcp_and_in_one_process(beside: Start, options: dict[str, Any]) -> None:
    run, control = beside(LINK, **options)
    at = switch(control, 20, 500)
    control.stop()
    assert check(run.end(), at) >= 10_000
