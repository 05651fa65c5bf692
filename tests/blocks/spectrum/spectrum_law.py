"""The blocks of ``spectrum`` under the stream law: parameters, inputs, and what must come out."""

from __future__ import annotations

import numpy as np
from law_case import ROUNDED, Case, Cases
from law_inputs import COMPLEX_TAPS, GUSTS, IQ, LONG, REALS, VECTORS

CASES: Cases = {
    "fft": [
        Case({}, [VECTORS], np.fft.fft(VECTORS).astype(np.complex64), ROUNDED),
        Case({"window": "hann", "shift": True}, [REALS.reshape(10, 15)]),
        Case({"forward": False, "shift": True}, [VECTORS]),
    ],
    "power_spectrum": [
        Case({"size": 16, "average": 2}, [IQ]),
        Case({"size": 15, "overlap": 3, "decibels": True, "average": 3}, [REALS]),
        Case({"size": 16, "overlap": 0, "average": 1, "scaling": "power"}, [REALS]),
    ],
    "correlate": [
        Case(
            {"sequence": COMPLEX_TAPS},
            [IQ],
            np.correlate(
                np.append(np.zeros(3, np.complex64), IQ), np.array(COMPLEX_TAPS, np.complex64)
            ),
            ROUNDED,
        ),
        Case({"sequence": COMPLEX_TAPS, "normalise": True}, [GUSTS]),
        Case({"sequence": LONG, "normalise": True}, [np.tile(REALS, 30)]),
    ],
}
