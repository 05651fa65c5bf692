"""The blocks of ``filters`` under the stream law: parameters, inputs, and what must come out."""

from __future__ import annotations

import numpy as np
from law_case import ROUNDED, Case, Cases
from law_inputs import BAD, COMPLEX_TAPS, IQ, LONG, REALS, TAPS

CASES: Cases = {
    "fir_filter": [
        Case({"taps": TAPS}, [IQ], np.convolve(IQ, TAPS)[:150].astype(np.complex64), ROUNDED),
        Case({"taps": TAPS}, [IQ]),
        Case({"taps": COMPLEX_TAPS}, [REALS]),
        Case({"taps": COMPLEX_TAPS, "decimation": 7, "interpolation": 3}, [IQ]),
        Case({"taps": TAPS, "interpolation": 4, "decimation": 6, "tag_delay": 2}, [REALS]),
        Case({"taps": TAPS, "decimation": 50}, [IQ]),
        Case({"taps": LONG}, [np.tile(IQ, 30)]),
        Case({"taps": TAPS, "method": "fft", "decimation": 7}, [np.tile(REALS, 17)]),
        Case({"taps": LONG, "method": "direct"}, [REALS]),
        Case({"taps": TAPS, "decimation": 3}, [BAD]),
        Case({"taps": [1.0, *[0.0] * 400], "method": "fft"}, [np.tile(BAD, 3)]),
        Case(
            {"design": "low_pass", "cutoff": 0.1, "transition": 0.05},
            [REALS],
        ),
    ],
    "rational_resampler": [
        Case({"interpolation": 3, "decimation": 2}, [IQ]),
        Case({"interpolation": 4, "decimation": 10}, [REALS]),
        Case({"interpolation": 2, "decimation": 4, "taps": TAPS}, [IQ]),
    ],
    "arbitrary_resampler": [
        Case({"rate": 1.2345}, [IQ]),
        Case({"rate": 0.3}, [REALS]),
        Case({"rate": 1.0}, [IQ]),
    ],
    "dc_blocker": [Case({"length": 8}, [IQ]), Case({"length": 3, "long_form": False}, [REALS])],
}
