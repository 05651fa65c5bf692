"""The blocks of ``media`` under the stream law: parameters, inputs, and what must come out."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from law_case import Case, Cases
from law_inputs import MORE, REALS

from semradio.blocks.api import Tag, find

FILM = np.random.default_rng(20240614).integers(0, 256, (30, 17, 22, 3), np.uint8)

SHORTS = np.random.default_rng(20240611).integers(-(2**15), 2**15, (150, 2)).astype("<i2")
SOUND = (SHORTS / 2**15).astype(np.float32)

LINES = "".join(f"{k * 'äb'}c\r\n\n" for k in range(20)).encode() + b"the end"


def items(texts: list[bytes], length: int) -> np.ndarray:
    raw = b"".join(text.ljust(length, b"\0") for text in texts)
    return np.frombuffer(raw, np.uint8).reshape(len(texts), length)


TEXTS = items([b"one", b"", b"two\xff", b"thr", b"ee", b"fo\nur"], 6)


def prepare(folder: Path) -> None:
    """Write the files that are read."""
    with wave.open(str(folder / "two.wav"), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(SHORTS.tobytes())
    (folder / "lines.txt").write_bytes(LINES)
    find("video_sink")(file=folder / "film.mkv")(FILM)


CASES: Cases = {
    "video_source": [
        Case({"file": "{tmp}/film.mkv"}, 100, FILM),
        Case({"file": "{tmp}/film.mkv", "repeat": True, "size": [5, 9]}, 70),
    ],
    "video_sink": [
        Case({"file": "{tmp}/out.mkv", "rate": 10}, [FILM], {"items": 30, "seconds": 3.0}),
        Case({"file": "{tmp}/out.avi", "codec": "mjpeg"}, [FILM], {"items": 30}),
    ],
    "wav_file_source": [
        Case({"file": "{tmp}/two.wav", "channels": 2}, 1000, (SOUND[:, 0], SOUND[:, 1])),
        Case(
            {"file": "{tmp}/two.wav", "mix": "mean", "offset": 3, "length": 50, "repeat": True},
            120,
            np.tile(SOUND[3:53].astype(np.float64).mean(axis=1).astype(np.float32), 3)[:120],
        ),
    ],
    "text_source": [
        Case({"file": "{tmp}/lines.txt", "length": 80}, 100, items(LINES.splitlines(), 80)),
        Case({"file": "{tmp}/lines.txt", "length": 10, "long": "split", "repeat": True}, 200),
        Case({"file": "{tmp}/lines.txt", "length": 9, "long": "cut"}, 100),
    ],
    "text_sink": [
        Case(
            {"file": "{tmp}/out.txt"},
            [TEXTS],
            {"items": 6, "lines": 5, "damaged": 2},
            {"tags": [Tag(4, "continued", True)]},
        )
    ],
    "wav_file_sink": [
        Case(
            {"file": "{tmp}/out.wav", "rate": 8000},
            [REALS],
            {"items": 150, "clipped": int((np.abs(REALS) > 1).sum())},
        ),
        Case(
            {"file": "{tmp}/out.wav", "rate": 8000, "channels": 2, "format": "f32"},
            [REALS, MORE],
            {"items": 150, "clipped": 0},
        ),
    ],
}
