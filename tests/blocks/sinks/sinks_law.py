"""The blocks of ``sinks`` under the stream law: parameters, inputs, and what must come out."""

from __future__ import annotations

from law_case import Case, Cases
from law_inputs import COLOURED, FRAMES, IMAGES, IQ, LABELS, LOGITS, NOISY, REALS, VECTORS

from semradio.blocks.api import Tag

TILED = [
    Tag(item, "picture", {"file": "a.png", "rows": 20, "columns": 40, "top": 0, "left": left})
    for item, left in enumerate((0, 13, 25), 3)
]
"""Three pictures that are tiles of one."""

CASES: Cases = {
    "file_sink": [Case({"file": "{tmp}/out.npy"}, [FRAMES], {"items": 61})],
    "image_sink": [
        Case({"file": "{tmp}/sheet.png", "images": 20}, [IMAGES, NOISY, LOGITS, LABELS]),
        Case({"file": "{tmp}/sheet.png"}, [None, IMAGES[:5], None, None], {"images": 5}),
    ],
    "image_file_sink": [
        Case({"folder": "{tmp}/files"}, [COLOURED], {"files": 9}),
        Case({"folder": "{tmp}/files"}, [COLOURED], {"files": 7}, {"tags": TILED}),
    ],
    "null_sink": [Case({}, [FRAMES], {"items": 61})],
    "probe_rate": [
        Case({}, [FRAMES], {"items": 61}, {"ignore": ["rate", "recent_rate"]}),
    ],
    "tag_debug": [
        Case(
            {"limit": 2},
            [REALS],
            {"items": 150, "count": 3, "tags": [[0, "a", 1], [70, "b", None]]},
            {"tags": [Tag(0, "a", 1), Tag(70, "b", None), Tag(149, "c", 2.5)]},
        ),
        Case({}, [REALS]),
    ],
    "vector_sink": [
        Case({}, [REALS], {"items": 150, "data": REALS.tolist()}),
        Case({"limit": 3}, [FRAMES], {"items": 61, "data": FRAMES[:3].tolist()}),
        Case({"memory": 1e-4}, [REALS], {"items": 150, "data": REALS[:26].tolist()}),
    ],
    "constellation_sink": [
        Case({"file": "{tmp}/points.png", "points": 70}, [IQ], {"items": 150}),
        Case({"file": "{tmp}/points.svg"}, [VECTORS], {"items": 10}),
    ],
    "spectrum_sink": [
        Case({"file": "{tmp}/spectrum.svg", "size": 16}, [IQ], {"items": 150}),
        Case({"file": "{tmp}/spectrum.png", "size": 200}, [REALS], {"peak_hz": None, "file": None}),
    ],
    "waterfall_sink": [
        Case(
            {"file": "{tmp}/waterfall.png", "size": 8, "rows": 4}, [IQ], {"lines": 5, "segments": 8}
        )
    ],
    "time_sink": [Case({"file": "{tmp}/time.png", "samples": 60, "skip": 7}, [IQ], {"items": 150})],
}
