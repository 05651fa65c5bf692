"""The blocks of ``mimo`` under the stream law: parameters, inputs, and what must come out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from law_case import ROUNDED, Case, Cases
from law_inputs import FRAMES_OF_THREE, FRAMES_OF_TWO, IQ, complex_normal

STATES = complex_normal(60, 2, 2, 2, 2)
WIDE_STATES = complex_normal(30, 2, 2, 3, 2)
"""Channel states (receiver, transmitter, antennas)."""

PRECODERS = complex_normal(60, 3, 2, 2)
MIMO = IQ[:144].reshape(18, 2, 4).repeat(3, axis=0)
LINKS = np.resize(IQ[::-1], (54, 2, 2, 2, 2))


def prepare(folder: Path) -> None:
    """Write the file that is read."""
    np.save(folder / "links.npy", LINKS)


CASES: Cases = {
    "ia_transceiver": [
        Case({"iterations": 4}, [STATES[:40]]),
        Case({"iterations": 3, "streams": 2, "snr_db": 30.0, "infeasible": "allow"}, [STATES]),
        Case({"iterations": 3}, [WIDE_STATES]),
    ],
    "lmmse_receiver": [
        Case({}, [FRAMES_OF_TWO, STATES]),
        Case(
            {"user": 1, "snr_db": 30.0, "csi_error": 0.1},
            [FRAMES_OF_TWO[:, :1], STATES[:, :, :, :1]],
        ),
        Case({"user": 1, "power": 2.0}, [FRAMES_OF_THREE, WIDE_STATES]),
    ],
    "mimo_demodulator": [
        Case(
            {"users": 1, "slots": 4, "frames": 3, "preamble": 8},
            [complex_normal(21, 3, 128)],
        ),
        Case(
            {"tx_antennas": 1, "slots": 2, "frames": 2, "preamble": 2, "samples_per_symbol": 2},
            [complex_normal(30, 1, 36), complex_normal(30, 1, 36)[::-1]],
        ),
    ],
    "mimo_modulator": [
        Case({"user": 1, "frames": 5, "preamble": 8}, [FRAMES_OF_TWO]),
        Case({"users": 1, "frames": 7, "preamble": 4, "samples_per_symbol": 8}, [FRAMES_OF_THREE]),
    ],
    "mimo_filter": [Case({"user": 1}, [FRAMES_OF_TWO, PRECODERS.conj().swapaxes(2, 3)])],
    "mimo_precoder": [
        Case({}, [FRAMES_OF_TWO, PRECODERS]),
        Case(
            {"user": 2, "power": 1e6},
            [FRAMES_OF_TWO, PRECODERS],
            PRECODERS[:, 2] @ FRAMES_OF_TWO,
            ROUNDED,
        ),
    ],
    "channel_state_source": [
        Case({"users": 3, "rx_antennas": 1, "frames": 60, "cross_gain_db": -3.0}, 100),
        Case({"fading": "rician", "rx_correlation": 0.5, "coherence": 4}, 60),
        Case({"doppler": 0.03, "tx_correlation": 0.5}, 60),
        Case({"fading": "none", "users": 1}, 60, np.tile(np.eye(2, dtype="c8"), (60, 1, 1, 1, 1))),
        Case({"file": "{tmp}/links.npy", "repeat": True}, 60, np.tile(LINKS, (2, 1, 1, 1, 1))[:60]),
    ],
    "mimo_interference_channel": [
        Case({"snr_db": 3.0, "seed": 5}, [MIMO, MIMO[::-1], LINKS]),
        Case({"users": 1, "snr_db": 3.0}, [MIMO, LINKS[:, :1, :1]]),
    ],
    "csi_estimator": [
        Case({}, [LINKS], LINKS),
        Case({"csi": "single", "snr_db": 3.0, "delay": 4}, [LINKS]),
        Case({"csi": "orthogonal", "estimator": "mmse", "rho": 0.9}, [LINKS]),
    ],
}
