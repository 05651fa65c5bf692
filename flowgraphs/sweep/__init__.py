"""Sweeps: one flowgraph over a grid of values, resumable, on all cores or on a cluster.

::

    sweep = Sweep("arn_link", axes={"snr_db": [0.0, 5.0], "seed": [0, 1]})
    table = sweep.run(out=Path("results.csv"))
    table.select(snr_db=5.0).rows
    table.summary(over="seed").rows
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from semradio.flowgraphs.sweep.failure import SweepError
    from semradio.flowgraphs.sweep.progress import SweepProgress
    from semradio.flowgraphs.sweep.sweep import Sweep
    from semradio.flowgraphs.sweep.table import Table

__all__ = ["Sweep", "SweepError", "SweepProgress", "Table"]

_HOMES = {
    "Sweep": "semradio.flowgraphs.sweep.sweep",
    "SweepError": "semradio.flowgraphs.sweep.failure",
    "SweepProgress": "semradio.flowgraphs.sweep.progress",
    "Table": "semradio.flowgraphs.sweep.table",
}


def __getattr__(name: str) -> Any:
    # Loaded when asked for: a worker process imports this package, and needs none of it.
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
