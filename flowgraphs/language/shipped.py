"""The flowgraphs that come with semradio, found by name."""

from __future__ import annotations

from pathlib import Path

from semradio.blocks.errors import nearest
from semradio.flowgraphs.plan import FlowgraphError, Problem

ROOT = Path(__file__).parent.parent


def shipped() -> dict[str, Path]:
    """Return the flowgraph files of semradio by name, sorted.

    Folders that are no packages hold parts of the others, which are no flowgraphs by themselves.
    """
    files = [path for path in ROOT.rglob("*.yml") if (path.parent / "__init__.py").is_file()]
    return {path.stem: path for path in sorted(files, key=lambda p: p.stem)}


def find(name: str) -> Path:
    """Return a flowgraph file: the path itself where there is one, or one shipped by that name.

    Raises:
        FlowgraphError: there is neither.
    """
    path = Path(name)
    try:
        if path.exists():
            return path
    except (OSError, ValueError):
        pass  # no name that a file can have
    found = shipped()
    if name in found:
        return found[name]
    raise FlowgraphError(
        [
            Problem(
                f"no file '{name}' and no flowgraph of that name{nearest(path.stem, found)}; "
                f"flowgraphs: {', '.join(found) or 'none'}"
            )
        ]
    )
