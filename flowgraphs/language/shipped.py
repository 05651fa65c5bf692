"""The flowgraphs that come with semradio or its systems, found by name."""

from __future__ import annotations

from pathlib import Path

from semradio.blocks.errors import nearest
from semradio.flowgraphs.plan import FlowgraphError, Problem
from semradio.flowgraphs.systems import folders

ROOT = Path(__file__).parent.parent


def shipped() -> dict[str, Path]:
    """Return the flowgraph files by name, sorted; no system takes the name of one of semradio's.

    Folders that are no packages hold parts of the others, which are no flowgraphs by themselves.
    """
    own = _packages(ROOT)
    others = [folder for root in folders() for folder in _packages(root) if folder not in own]
    files = [path for place in (*others, *own) for path in place.glob("*.yml")]
    return {path.stem: path for path in sorted(files, key=lambda p: p.stem)}


def _packages(root: Path) -> list[Path]:
    return [root, *(file.parent for file in root.glob("*/__init__.py"))]


def located(path: Path) -> Path:
    """Return where the flowgraph is that a path names.

    The shipped ones are found as ``flowgraphs/NAME.yml``, though each stands with its system.
    """
    named = path.parent.name == ROOT.name and path.suffix == ".yml"
    return shipped().get(path.stem, path) if named and not path.exists() else path


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
    for folder in _packages(ROOT):
        # Without a look at what other packages bring, which takes longer.
        if name.isidentifier() and (own := folder / f"{name}.yml").is_file():
            return own
    found = shipped()
    if name in found:
        return found[name]
    if (moved := located(path)) != path:
        return moved
    raise FlowgraphError(
        [
            Problem(
                f"no file '{name}' and no flowgraph of that name{nearest(path.stem, found)}; "
                f"flowgraphs: {', '.join(found) or 'none'}"
            )
        ]
    )
