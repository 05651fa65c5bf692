"""The blocks of ``coding`` under the stream law: parameters, inputs, and what must come out."""

from __future__ import annotations

import numpy as np
from law_case import Case, Cases
from law_inputs import FRAMES, FRAMES_OF_TWO, IMAGES

from semradio.blocks.api import find

rng = np.random.default_rng(20240609)

MESSAGES = rng.integers(0, 256, (20, 20), dtype=np.uint8)
CHECKED = find("crc_append")()(MESSAGES)
CHECKED[9, -1] ^= 1
SENT_BITS = find("ldpc_encoder")(coded_bits=480)(MESSAGES)
SOFT = 2 - 4 * SENT_BITS.astype(np.float32)
SOFT += rng.standard_normal(SENT_BITS.shape).astype(np.float32)
"""Messages, coded at a third, and what noise leaves of them."""

COLOUR = IMAGES[:60].reshape(20, 3, 28, 28).transpose(0, 2, 3, 1)
PACKETS = find("image_codec_encoder")(bytes=700)(IMAGES[:9])
ARRIVED = np.uint8([0, 1, 1, 0, 0, 1, 1, 1, 0])

SNRS = np.random.default_rng(5).standard_normal(80).astype(np.float32)
MODES = np.random.default_rng(6).integers(0, 3, 70, np.int32)
STREAMS = [np.random.default_rng(k).standard_normal((70, 1)) for k in (7, 8, 9)]

CASES: Cases = {
    "crc_append": [Case({}, [MESSAGES]), Case({"kind": "crc16"}, [MESSAGES])],
    "crc_check": [Case({}, [CHECKED], (MESSAGES, np.uint8([1] * 9 + [0] + [1] * 10)))],
    "link_adaptation": [
        Case({"thresholds": [-0.5, 0.5]}, [SNRS]),
        Case({"thresholds": [0.0], "hysteresis": 0.3, "hold": 3}, [SNRS]),
    ],
    "mode_selector": [
        Case(
            {"num_inputs": 3},
            [MODES, *STREAMS],
            np.choose(MODES, [s[:, 0] for s in STREAMS])[:, None],
        ),
    ],
    "ldpc_encoder": [
        Case({"coded_bits": 480}, [MESSAGES]),
        Case({"coded_bits": 240, "order": 64, "base_graph": 1}, [MESSAGES]),
    ],
    "ldpc_decoder": [
        Case({"message_size": 20}, [SOFT], MESSAGES),
        Case({"message_size": 20, "iterations": 3, "offset": 0.25}, [SOFT / 4]),
    ],
    "qam_mapper": [Case({"order": 64}, [SENT_BITS])],
    "qam_demapper": [
        Case({"order": order, "method": method}, [FRAMES_OF_TWO[:, 0]])
        for order in (4, 16, 64, 256)
        for method in ("exact", "max-log")
    ],
    "bit_interleaver": [Case({"rows": 7}, [FRAMES]), Case({"undo": True}, [SENT_BITS])],
    "image_codec_encoder": [
        Case({"bytes": 700}, [IMAGES[:9]]),
        Case({"codec": "webp", "bytes": 300}, [COLOUR[:9]]),
    ],
    "image_codec_decoder": [
        Case({"shape": [28, 28], "lost": "last"}, [PACKETS, ARRIVED]),
        Case({"shape": [28, 28], "lost": "zeros"}, [PACKETS, None]),
    ],
}
