"""The blocks of ``stream`` under the stream law: parameters, inputs, and what must come out."""

from __future__ import annotations

import numpy as np
from law_case import Case, Cases
from law_inputs import (
    FRAMES,
    IMAGES,
    INTEGERS,
    IQ,
    MORE,
    OTHER,
    REALS,
    VECTORS,
    complex_normal,
)

from semradio.blocks.api import Tag

VALUES = complex_normal(50, 4)
CUBES = complex_normal(40, 3, 2, 5)
FEATURES = VALUES.view(np.float32)

CASES: Cases = {
    "add": [
        Case({}, [REALS, MORE], REALS + MORE),
        Case({"num_inputs": 1}, [IQ], IQ),
        Case({"num_inputs": 3}, [REALS, MORE[:70], REALS], (REALS + MORE)[:70] + REALS[:70]),
    ],
    "complex_to_interleaved": [
        Case({}, [IQ], IQ.view(np.float32)),
        Case({"shape": [23]}, [IQ], IQ.view(np.float32)[: 13 * 23].reshape(13, 23)),
        Case({"shape": [2, 5]}, [IQ], IQ.view(np.float32).reshape(30, 2, 5)),
    ],
    "complex_to_features": [
        Case({}, [VALUES], FEATURES),
        Case({}, [CUBES], np.stack([CUBES.real, CUBES.imag], axis=2).reshape(40, 6, 2, 5)),
    ],
    "copy": [Case({}, [FRAMES], FRAMES)],
    "delay": [
        Case(
            {"items": 4},
            [REALS],
            np.concatenate([np.zeros(4, np.float32), REALS]),
            {"tags": [Tag(0, "a", 1)], "expected_tags": [[Tag(4, "a", 1)]]},
        ),
        Case({"items": 0}, [FRAMES], FRAMES),
    ],
    "frame_tagger": [
        Case(
            {"length": 60, "first": 4},
            [REALS],
            REALS,
            {
                "tags": [Tag(9, "a", 1)],
                "expected_tags": [
                    [
                        Tag(0, "frame", 4),
                        Tag(9, "a", 1),
                        Tag(60, "frame", 5),
                        Tag(120, "frame", 6),
                    ]
                ],
            },
        ),
        Case({"key": "n"}, [FRAMES], FRAMES),
    ],
    "features_to_complex": [
        Case({}, [FEATURES], VALUES),
        Case({}, [CUBES.real.repeat(2, axis=1)], CUBES.real * np.complex64(1 + 1j)),
    ],
    "function": [
        Case({"call": "numpy:conj"}, [IQ], IQ.conj()),
        Case({"call": "numpy:abs", "output": "float32"}, [IQ], np.abs(IQ)),
    ],
    "head": [
        Case(
            {"items": 40},
            [REALS],
            REALS[:40],
            {"tags": [Tag(39, "in", 1), Tag(40, "out", 1)], "expected_tags": [[Tag(39, "in", 1)]]},
        ),
        Case({"items": 0}, [REALS], REALS[:0]),
        Case({"items": 1000}, [REALS], REALS),
    ],
    "iq_level": [
        Case(
            {"level": -20.0, "signal_power": 4.0},
            [IQ],
            IQ * np.float32(0.05),
            {"exact": False, "expected_tags": [[Tag(0, "iq_level", -20.0)]], "tags": []},
        ),
        Case(
            {"level": 3.0, "inverse": True},
            [IQ],
            np.concatenate([IQ[:40], IQ[40:] * np.float32(10)]),
            {
                "exact": False,
                "tags": [Tag(0, "iq_level", 0.0), Tag(40, "iq_level", -20)],
                "expected_tags": [[Tag(0, "iq_level", 0.0), Tag(40, "iq_level", -20)]],
            },
        ),
    ],
    "keep_one_in_n": [
        Case({"n": 7, "offset": 3}, [REALS], REALS[3::7]),
        Case({"n": 4}, [FRAMES], FRAMES[::4]),
        Case({"n": 1}, [REALS], REALS),
    ],
    "multiply_const": [
        Case({"constant": 0.3}, [REALS], REALS * np.float32(0.3)),
        Case({"constant": "1-2j"}, [IQ], IQ * np.complex64(1 - 2j)),
        Case({"constant": [0.0, 1.0]}, [IQ], IQ * np.complex64(1j)),
        Case({"constant": -3}, [INTEGERS], INTEGERS * np.int16(-3)),
    ],
    "real_to_complex": [
        Case({}, [REALS], REALS.view(np.complex64)),
        Case({}, [FRAMES[:60]], FRAMES[:60].reshape(-1).view(np.complex64)),
        Case({}, [FRAMES], np.append(FRAMES, np.float32(0)).view(np.complex64)),
    ],
    "skip_head": [
        Case(
            {"items": 40},
            [REALS],
            REALS[40:],
            {"tags": [Tag(39, "out", 1), Tag(40, "in", 1)], "expected_tags": [[Tag(0, "in", 1)]]},
        ),
        Case({"items": 1000}, [REALS], REALS[:0]),
    ],
    "stream_to_vector": [
        Case({"length": 7}, [REALS], REALS[:147].reshape(21, 7)),
        Case({"length": 1}, [FRAMES], FRAMES[:, None]),
    ],
    "throttle": [Case({"rate": 1e9}, [REALS], REALS)],
    "vector_to_stream": [
        Case({}, [FRAMES], FRAMES.reshape(-1)),
        Case({}, [IMAGES], IMAGES.reshape(-1, 28)),
    ],
    "multiply": [
        Case({}, [IQ, OTHER], IQ * OTHER),
        Case({"num_inputs": 3}, [REALS, MORE[:70], REALS], (REALS * MORE)[:70] * REALS[:70]),
    ],
    "subtract": [
        Case({}, [IQ, OTHER], IQ - OTHER),
        Case({"num_inputs": 1}, [REALS], REALS),
        Case({"num_inputs": 3}, [REALS, MORE, MORE], REALS - MORE - MORE),
    ],
    "conjugate": [Case({}, [VECTORS], VECTORS.conj())],
    "add_const": [
        Case({"constant": "1-2j"}, [IQ], IQ + np.complex64(1 - 2j)),
        Case({"constant": 0.25}, [REALS], REALS + np.float32(0.25)),
    ],
    "interleave": [
        Case({}, [REALS, MORE], np.stack([REALS, MORE], 1).reshape(-1)),
        Case(
            {"blocksize": 4, "num_inputs": 2},
            [IQ, OTHER],
            np.stack([IQ[:148].reshape(-1, 4), OTHER[:148].reshape(-1, 4)], 1).reshape(-1),
        ),
    ],
    "deinterleave": [
        Case({}, [REALS], (REALS[::2], REALS[1::2])),
        Case(
            {"blocksize": 2, "num_outputs": 3},
            [VECTORS[:9]],
            tuple(VECTORS[[k, k + 1]] for k in (0, 2, 4)),
        ),
    ],
    "repeat": [Case({"times": 3}, [VECTORS], VECTORS.repeat(3, axis=0))],
    "selector": [
        Case({"input_index": 1}, [REALS, MORE], MORE),
        Case({"num_inputs": 1}, [IQ], IQ),
    ],
    "stream_mux": [
        Case(
            {"lengths": [2, 5]},
            [REALS[:60].reshape(30, 2), MORE.reshape(30, 5)],
            np.hstack([REALS[:60].reshape(30, 2), MORE.reshape(30, 5)]).reshape(-1),
        ),
        Case(
            {"lengths": [1, 2]},
            [VECTORS[:5, None], VECTORS.reshape(5, 2, 15)],
            np.hstack([VECTORS[:5, None], VECTORS.reshape(5, 2, 15)]).reshape(15, 15),
        ),
    ],
}
