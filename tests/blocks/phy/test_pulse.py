"""The root-raised-cosine pulse against the formula, GNU Radio and its own definition."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from burst_air import raised_cosine

from semradio.blocks.phy.pulse import pulse_taps, root_raised_cosine

SYSTEM = Path("/usr/bin/python3")

_FIRDES = """
import json, sys
from gnuradio.filter import firdes
rate, rolloff, taps = json.loads(sys.argv[1])
print(json.dumps(list(firdes.root_raised_cosine(1.0, rate, 1.0, rolloff, taps))))
"""


@pytest.mark.parametrize("rolloff", [0.2, 0.35, 0.5, 1.0])
@pytest.mark.parametrize("step", [2, 4, 8])
def test_taps_are_those_of_gnu_radio(rolloff: float, step: int) -> None:
    taps = pulse_taps(rolloff, step, 12)
    given = json.dumps([step, rolloff, len(taps)])
    if not SYSTEM.exists():
        pytest.skip("no Python of the operating system")
    found = subprocess.run(
        [SYSTEM, "-c", _FIRDES, given], capture_output=True, text=True, check=False
    )
    if found.returncode:
        pytest.skip("GNU Radio is not installed for the operating system's Python")
    wanted = np.array(json.loads(found.stdout))
    np.testing.assert_allclose(
        taps / np.linalg.norm(taps), wanted / np.linalg.norm(wanted), atol=2e-6
    )


def test_the_removable_poles() -> None:
    for rolloff in (0.2, 0.25, 0.35, 1.0):
        for pole in (0.0, 1 / (4 * rolloff), -1 / (4 * rolloff)):
            near = root_raised_cosine(np.array([pole - 1e-4, pole, pole + 1e-4]), rolloff)
            assert near[1] == pytest.approx((near[0] + near[2]) / 2, abs=1e-6)


@pytest.mark.parametrize(("span", "floor_db"), [(8, -36), (10, -42.5), (12, -45), (16, -48)])
def test_pulse_and_matched_filter_leave_little_between_symbols(span: int, floor_db: float) -> None:
    taps = pulse_taps(0.35, 4, span)
    both = np.convolve(taps, taps)
    middle = len(taps) - 1
    t = (np.arange(len(both)) - middle) / 4
    np.testing.assert_allclose(both, raised_cosine(t, 0.35), atol=0.02)
    others = np.delete(both[middle % 4 :: 4], middle // 4)
    assert both[middle] == pytest.approx(1)
    assert 10 * np.log10(np.sum(others**2)) < floor_db
