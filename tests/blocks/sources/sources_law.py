"""The blocks of ``sources`` under the stream law: parameters, inputs, and what must come out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from law_case import Case, Cases
from law_inputs import FRAMES, IMAGES, LABELS, REALS
from PIL import Image

from semradio.blocks.api import Tag


def prepare(folder: Path) -> None:
    """Write the files that are read."""
    REALS.tofile(folder / "reals.f32")
    np.save(folder / "frames.npy", FRAMES)
    (folder / "pictures").mkdir()
    for k, shape in enumerate([(40, 30, 3), (50, 20), (35, 45, 3)]):
        Image.fromarray(np.resize(IMAGES, shape)).save(folder / "pictures" / f"{k}.png")
    (folder / "pictures" / "3.png").write_bytes(b"")
    np.savez(folder / "images.npz", images=IMAGES, labels=LABELS.astype(np.uint8))


CASES: Cases = {
    "file_source": [
        Case({"file": "{tmp}/reals.f32", "type": "float32"}, 1000, REALS),
        Case({"file": "{tmp}/frames.npy", "offset": 3, "length": 50}, 1000, FRAMES[3:53]),
        Case({"file": "{tmp}/frames.npy", "repeat": True}, 130, np.tile(FRAMES, (3, 1))[:130]),
    ],
    "image_source": [
        Case({"dataset": "{tmp}/images.npz"}, 1000, (IMAGES, LABELS.astype(np.uint8))),
        Case({"dataset": "{tmp}/images.npz", "shuffle": True, "repeat": True, "seed": 3}, 150),
        Case(
            {
                "dataset": "{tmp}/pictures",
                "fit": "tile",
                "size": [20, 25],
                "overlap": 4,
                "damaged": "skip",
            },
            100,
        ),
        Case(
            {
                "dataset": "{tmp}/pictures",
                "fit": "resize",
                "damaged": "skip",
                "shuffle": True,
                "repeat": True,
            },
            50,
        ),
    ],
    "null_source": [
        Case({"type": "complex64[3]"}, 100, np.zeros((100, 3), np.complex64)),
        Case({"type": "int8", "items": 77}, 100, np.zeros(77, np.int8)),
        Case({"type": "int8", "items": 0}, 100, np.zeros(0, np.int8)),
    ],
    "vector_source": [
        Case({"data": FRAMES}, 100, FRAMES),
        Case({"data": [], "dtype": "int8"}, 100, np.zeros(0, np.int8)),
        Case(
            {"data": [1, 2.5, 4], "repeat": True, "tags": [[2, "last", None], [0, "first", 7]]},
            8,
            np.array([1, 2.5, 4, 1, 2.5, 4, 1, 2.5], np.float32),
            {
                "expected_tags": [
                    [
                        Tag(0, "first", 7),
                        Tag(2, "last", None),
                        Tag(3, "first", 7),
                        Tag(5, "last", None),
                        Tag(6, "first", 7),
                    ]
                ]
            },
        ),
    ],
    "signal_source": [
        Case({"frequency": 0.0123, "phase": 0.3}, 600),
        Case({"frequency": -50.0, "sample_rate": 1e3, "type": "float32", "items": 555}, 600),
        Case({"waveform": "square", "frequency": 0.03, "offset": -0.5}, 150),
        Case({"waveform": "triangle", "frequency": 0.03, "type": "float32"}, 150),
        Case({"waveform": "sawtooth", "frequency": 0.03}, 150),
        Case({"waveform": "constant", "amplitude": 2.0}, 150, np.full(150, 2, np.complex64)),
        Case(
            {"waveform": "chirp", "frequency": -0.1, "stop_frequency": 0.3, "sweep": 70}
            | {"items": 200},
            250,
        ),
    ],
    "noise_source": [
        Case({"items": 140}, 150),
        Case({"distribution": "uniform", "seed": 3}, 150),
        Case({"distribution": "laplacian", "type": "float32"}, 150),
    ],
}
