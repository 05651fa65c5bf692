"""Semantic-communication systems as streaming blocks.

What a script or a notebook needs has its name here: :class:`Flowgraph`, the Block API, and each
block by the name of its class. ::

    from semradio import AwgnChannel, Flowgraph, Input, Output, block, parameter

All of it is loaded when it is asked for: the command line imports this package, and has to answer
at once. Type checkers and editors read ``__init__.pyi`` instead.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Flowgraph": "semradio.flowgraphs",
    "FlowgraphError": "semradio.flowgraphs",
    "RunError": "semradio.flowgraphs",
    "RunResult": "semradio.flowgraphs",
    "check_block": "semradio.blocks.testing",
    **dict.fromkeys(
        (
            "Block",
            "BlockError",
            "BlockNotFoundError",
            "DatasetError",
            "Input",
            "ItemType",
            "ItemTypeError",
            "ModelError",
            "Output",
            "ParameterError",
            "RateBlock",
            "SemradioError",
            "Sink",
            "Source",
            "StreamBlock",
            "StreamError",
            "SyncBlock",
            "Tag",
            "block",
            "parameter",
            "state",
        ),
        "semradio.blocks.api",
    ),
}
"""Where each name comes from; the classes of blocks are found by the registry."""


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    homes = _HOMES if name in _HOMES else _homes()
    if name not in homes:
        from semradio.blocks.errors import nearest

        raise AttributeError(f"module '{__name__}' has no attribute '{name}'{nearest(name, homes)}")
    found = getattr(importlib.import_module(homes[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_homes()})


def _homes() -> dict[str, str]:
    """Return every name of this face, and the module that it comes from."""
    from semradio.blocks.api import registry

    return {**registry.classes(), **_HOMES}
