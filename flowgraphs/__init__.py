"""Flowgraphs: compose, check and run them, from YAML files or from Python."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from semradio.flowgraphs.flowgraph import Flowgraph
    from semradio.flowgraphs.plan import FlowgraphError
    from semradio.flowgraphs.runtime.failure import RunError
    from semradio.flowgraphs.runtime.result import RunResult

__all__ = ["Flowgraph", "FlowgraphError", "RunError", "RunResult"]

_HOMES = {
    "Flowgraph": "semradio.flowgraphs.flowgraph",
    "FlowgraphError": "semradio.flowgraphs.plan",
    "RunError": "semradio.flowgraphs.runtime.failure",
    "RunResult": "semradio.flowgraphs.runtime.result",
}


def __getattr__(name: str) -> Any:
    # Loaded when asked for: the command line imports this package, and has to answer at once.
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
