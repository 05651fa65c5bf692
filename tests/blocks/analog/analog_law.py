"""The blocks of ``analog`` under the stream law: parameters, inputs, and what must come out."""

from __future__ import annotations

import numpy as np
from law_case import Case, Cases
from law_inputs import BAD, FRAMES, GUSTS, IQ, REALS

CASES: Cases = {
    "frequency_shift": [Case({"frequency": 0.123}, [np.tile(IQ, 4)])],
    "frequency_modulator": [Case({"sensitivity": 0.7}, [REALS]), Case({"sensitivity": 1.0}, [BAD])],
    "quadrature_demod": [Case({"gain": 2.0}, [IQ])],
    "fm_deemphasis": [Case({"sample_rate": 48e3}, [REALS])],
    "automatic_gain_control": [
        Case({"rate": 0.1}, [IQ]),
        Case({"rate": 0.3, "max_gain": 1.1, "reference": 1.2}, [REALS]),
    ],
    "mu_law_compressor": [Case({}, [REALS]), Case({"mu": 0.5}, [BAD])],
    "mu_law_expander": [Case({}, [REALS]), Case({"mu": 7.0}, [FRAMES])],
    "power_squelch": [
        Case({"threshold": -3.0, "alpha": 0.2}, [GUSTS]),
        Case({"threshold": -6.0, "alpha": 0.3, "ramp": 7}, [GUSTS.real.copy()]),
    ],
    "iq_balance": [
        Case({"gain_db": 1.0, "phase": 4.0}, [IQ]),
        Case({"estimate": True, "block_size": 32}, [IQ]),
    ],
}
