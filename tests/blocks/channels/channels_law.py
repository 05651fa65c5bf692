"""The blocks of ``channels`` under the stream law: parameters, inputs, and what must come out."""

from __future__ import annotations

import numpy as np
from law_case import ROUNDED, Case, Cases
from law_inputs import FRAMES, FRAMES_OF_TWO, IQ, REALS

CASES: Cases = {
    "clipping": [
        Case({"limit": 0.8}, [IQ]),
        Case({"limit": 0.8, "by": "magnitude"}, [IQ]),
    ],
    "clock_offset": [
        Case({"ppm": 1000.0}, [IQ]),
        Case({"ppm": -250.0, "delay": 30.25}, [IQ]),
        Case({}, [IQ], IQ),
    ],
    "dc_offset": [Case({"offset": "1-2j"}, [IQ], IQ + np.complex64(1 - 2j))],
    "frequency_offset": [
        Case(
            {"frequency": 0.25, "phase": 0.5},
            [IQ],
            (-IQ * 1j ** np.arange(150)).astype("c8"),
            ROUNDED,
        ),
        Case({"frequency": 1e3, "drift": 1e6, "sample_rate": 1e6}, [IQ]),
    ],
    "iq_imbalance": [
        Case({"gain_db": 1.0, "phase": 3.0}, [IQ]),
        Case({"gain_db": -1.0, "phase": 2.0, "side": "transmitter"}, [IQ]),
    ],
    "phase_noise": [Case({"linewidth": 0.01, "seed": 4}, [IQ])],
    "quantiser": [Case({"bits": 4, "full_scale": 2.0}, [IQ])],
    "radio_channel": [
        Case({}, [IQ]),
        Case({"delay": 9.0, "frequency_offset": 0.01, "gap_every": 30.0, "gap_length": 5.0}, [IQ]),
        Case(
            {"clock_ppm": 40.0, "delay": 3.5, "linewidth": 1e-3, "taps": [1.0, 0.0, "0.2+0.3j"]}
            | {"iq_gain_db": 0.5, "dc": "0.01j", "clip": 1.5, "bits": 10, "gap_every": 40.0},
            [IQ],
        ),
    ],
    "random_gap": [
        Case({"every": 20.0, "length": 6.0, "seed": 1}, [REALS]),
        Case({"every": 9.0, "length": 3.0, "tell": False}, [FRAMES]),
        Case({"every": 1e9}, [IQ], IQ),
    ],
    "awgn_channel": [
        Case({"snr_db": 3.0, "seed": 5}, [FRAMES]),
        Case({"snr_db": 3.0, "signal_power": "measured"}, [IQ]),
    ],
    "multipath_channel": [
        Case(
            {"delays": [3, 0], "gains_db": [-10.0, -10.0]},
            [IQ],
            (
                (IQ + np.append(np.zeros(3, np.complex64), IQ[:-3])) * np.float32(np.sqrt(0.5)),
                np.full((150, 2), np.sqrt(0.5), np.complex64),
            ),
            {"exact": False},
        ),
        Case({"delays": [0], "gains_db": [4.0]}, [IQ], (IQ, np.ones((150, 1), np.complex64))),
        Case({"delays": [1, 4], "gains_db": [0.0, -2.0], "phases": [0.1, 0.6]}, [IQ]),
        Case({"fading": "rayleigh", "coherence": 7}, [IQ]),
        Case({"delays": [40, 2], "gains_db": [0, 3], "fading": "rayleigh", "doppler": 0.01}, [IQ]),
    ],
    "rayleigh_channel": [
        Case({}, [IQ]),
        Case({"doppler": 0.05, "coherence": 4}, [FRAMES_OF_TWO]),
    ],
    "rician_channel": [
        Case({"coherence": 11, "k_db": 3.0}, [IQ]),
        Case({"doppler": 0.1, "los_doppler": 0.03, "coherence": 2}, [FRAMES_OF_TWO]),
    ],
}
