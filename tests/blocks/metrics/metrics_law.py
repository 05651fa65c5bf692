"""The blocks of ``metrics`` under the stream law: parameters, inputs, and what must come out."""

from __future__ import annotations

import numpy as np
from law_case import SUMS, Case, Cases
from law_inputs import (
    FRAMES,
    FRAMES_OF_TWO,
    GUESSES,
    IMAGES,
    IQ,
    LABELS,
    LOGITS,
    NOISY,
    OTHER,
    REALS,
    VECTORS,
)

BYTES = np.random.default_rng(20240610).integers(0, 256, 150, dtype=np.uint8)
FLIPPED = np.where(np.arange(150) % 5 == 0, 1 + np.arange(150) % 3 // 2, 0).astype(np.uint8)
LARGE = np.random.default_rng(20240608).integers(0, 256, (3, 180, 177), dtype=np.uint8)
NOISE = FRAMES + np.float32(0.1) * np.random.default_rng(20240612).standard_normal(
    FRAMES.shape, np.float32
)
SENT = np.frombuffer(b"abcd  \xc3\xa4\0", np.uint8)[
    np.random.default_rng(20240613).integers(0, 9, (150, 20))
]
RECEIVED = np.where(np.arange(20) % 7 == 3, SENT[::-1], SENT)

CASES: Cases = {
    "classification_metrics": [
        Case(
            {},
            [LOGITS, LABELS],
            {"items": 60, "accuracy": np.mean(LOGITS.argmax(1) == LABELS).item()},
            {"exact": False, "atol": SUMS},
        ),
        Case({"classes": 10}, [GUESSES, LABELS], {"items": 60}),
    ],
    "image_quality": [Case({}, [IMAGES, NOISY], {"images": 60}, {"exact": False, "atol": SUMS})],
    "power_ratio": [
        Case(
            {},
            [FRAMES, 2 * FRAMES],
            {"items": 61, "psr_db": 0.0, "power_gain_db": 10 * np.log10(4).item()},
            {"exact": False, "atol": SUMS},
        )
    ],
    "snr_loss": [
        Case(
            {"snr_db": 3.0, "signal_power": 23.0},
            [FRAMES, 2 * FRAMES],
            {"items": 61},
            {"exact": False, "atol": SUMS},
        )
    ],
    "signal_power": [
        Case(
            {},
            [IQ],
            {"items": 150, "power": np.mean(np.abs(IQ.astype(np.complex128)) ** 2).item()},
            {"exact": False, "atol": SUMS},
        )
    ],
    "ms_ssim": [Case({}, [LARGE, LARGE[::-1]]), Case({}, [LARGE, LARGE], {"ms_ssim": 1.0})],
    "bandwidth_ratio": [
        Case({}, [FRAMES, FRAMES], {"ratio": 0.5}),
        Case({}, [IMAGES, FRAMES_OF_TWO], {"channel_uses": 32, "source_values": 784}),
    ],
    "error_rate": [
        Case({}, [BYTES, BYTES ^ FLIPPED], {"items": 150, "bit_errors": 30, "item_errors": 30}),
        Case(
            {"bits": 1},
            [BYTES.reshape(10, 15), (BYTES ^ FLIPPED).reshape(10, 15)],
            {"items": 10, "bits": 150, "bit_errors": 20, "item_errors": 10},
        ),
        Case({}, [BYTES > 100, BYTES > 110], {"bits": 150}),
    ],
    "evm": [Case({}, [IQ, OTHER], {"items": 150}), Case({}, [VECTORS, VECTORS], {"evm": 0.0})],
    "snr_estimate": [Case({}, [IQ, None], {"items": 150}), Case({}, [IQ, OTHER], {"items": 150})],
    "si_sdr": [
        Case({}, [NOISE, FRAMES], {"items": 61}),
        Case({}, [FRAMES, FRAMES], {"perfect": 61}),
    ],
    "text_similarity": [
        Case({}, [SENT, RECEIVED], {"items": 150}),
        Case({"order": 1}, [SENT, SENT[:, :9]], {"items": 150}),
    ],
    "ccdf": [Case({}, [IQ], {"items": 150}), Case({"step": 1.0}, [REALS])],
}
