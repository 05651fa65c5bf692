"""How the tests of sweeps compare tables."""

from __future__ import annotations

from typing import Any

from semradio.flowgraphs.sweep import Table


def timeless(table: Table) -> list[dict[str, Any]]:
    """Return the rows without the time that they took."""
    return [{k: v for k, v in row.items() if k != "elapsed_s"} for row in table.rows]
