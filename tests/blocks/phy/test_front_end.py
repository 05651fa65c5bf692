"""DC offset and unequal rails of a direct-conversion radio: found, and taken away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from burst_air import Air, Outcome, transmission

from semradio.blocks.phy import NAMED, Receiver

WAVE = NAMED["burst256"]


def received(air: Air, offset_db: float | None, image_db: float | None) -> Outcome:
    """Bursts through a front end whose faults are so many dB below the signal."""
    sent = transmission(WAVE, air, 8, 17)
    x = sent.samples.astype(complex)
    if image_db is not None:
        x = x + 10 ** (image_db / 20) * np.exp(0.7j) * x.conj()
    if offset_db is not None:
        x = x + air.amplitude * 10 ** (offset_db / 20) * np.exp(2j)
    found, receiver = Outcome(), Receiver(WAVE)
    bursts = receiver.push(x.astype(np.complex64)) + receiver.flush()
    found.add(bursts, replace(sent), WAVE)
    faulty = offset_db is not None or image_db is not None
    assert [burst.cleaned for burst in bursts] == [faulty] * 8
    return found


@pytest.mark.parametrize("cfo", [0.02, 1e-5])
@pytest.mark.parametrize(
    ("offset_db", "image_db"), [(None, None), (-20, None), (None, -20), (-25, -25)]
)
def test_what_a_front_end_adds_costs_little(
    offset_db: float | None, image_db: float | None, cfo: float
) -> None:
    """Left alone, -20 dB of either would cost 7 dB and 3 dB at 20 dB."""
    found = received(Air(snr_db=20, cfo=cfo), offset_db, image_db)
    loss, _ = found.loss_db(20)
    assert loss < 0.25
    assert abs(np.mean(found.snrs) - 20) < 0.25


def test_behind_an_echo() -> None:
    plain, _ = received(Air(snr_db=20, echo=(1.25, -8.0)), None, None).loss_db(20)
    faulty, _ = received(Air(snr_db=20, echo=(1.25, -8.0)), -22, -25).loss_db(20)
    assert faulty < plain + 0.4
