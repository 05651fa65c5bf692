"""The blocks of ``security`` under the stream law: parameters, inputs, and what must come out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from law_case import Case, Cases
from law_inputs import FRAMES, IQ

from semradio.blocks.api import Tag

STATED = {"keys": "file:{tmp}/link.key", "session": "", "reuse": True}
"""A session that serves again: each way of cutting a stream is a run."""


def prepare(folder: Path) -> None:
    """Write the key."""
    (folder / "link.key").write_text("5a" * 32)
    (folder / "link.key").chmod(0o600)


CASES: Cases = {
    "keyed_rotation": [
        Case({**STATED, "announce": 7, "first_frame": 100}, [FRAMES]),
        Case({**STATED, "normalise": False}, [IQ.reshape(30, 5)]),
        Case(STATED, [np.zeros_like(FRAMES)]),
        Case({**STATED, "energy": 30.0}, [IQ.reshape(10, 5, 1, 3)]),
    ],
    "keyed_derotation": [
        Case({"keys": "file:{tmp}/link.key", "session": ""}, [IQ.reshape(50, 3)]),
        Case({"keys": "file:{tmp}/link.key", "session": ""}, [IQ.reshape(25, 3, 2)]),
        Case(
            {"keys": "file:{tmp}/link.key", "session": "", "first_frame": 5},
            [FRAMES],
            None,
            {
                "tags": [
                    Tag(0, "keyed_frame", 1 << 40),
                    Tag(10, "gap", 3),
                    Tag(10, "keyed_frame", (1 << 40) + 11),
                    Tag(30, "keyed_frame", 1 << 41),
                    Tag(40, "keyed_key", None),
                ]
            },
        ),
        # Frames that come again, and those of another salt.
        Case(
            {"keys": "file:{tmp}/link.key"},
            [FRAMES],
            None,
            {
                "tags": [
                    Tag(0, "keyed_salt", "5a"),
                    Tag(0, "keyed_frame", 100),
                    Tag(15, "keyed_frame", 108),
                    Tag(31, "keyed_salt", "c3"),
                    Tag(31, "keyed_frame", 2),
                    Tag(37, "keyed_salt", "5a"),
                    Tag(37, "keyed_frame", 130),
                ]
            },
        ),
    ],
}
