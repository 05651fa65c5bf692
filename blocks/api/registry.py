"""Which block types there are, and where: found by name, loaded when asked for.

A block of semradio stands in a module of its own name somewhere under ``blocks/``, so that both
people and this registry find it in one guess. Other packages add theirs through the entry-point
group ``semradio.blocks`` (name: block type, value: the class), or a flowgraph names a Python file.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from semradio.blocks.api.block import Block
from semradio.blocks.errors import BlockNotFoundError, nearest

ENTRY_POINTS = "semradio.blocks"
"""Entry-point group through which other packages register block types."""

CATEGORIES = (
    "sources",
    "channels",
    "mimo",
    "neural",
    "security",
    "stream",
    "metrics",
    "radio",
    "gnuradio",
    "sinks",
)
"""The folders of blocks, in the order in which the reference shows them."""

_registered: dict[str, type[Block]] = {}
_file_modules: dict[Path, set[str]] = {}
"""The modules whose blocks each file brought: its own, and those that it imports."""


def register(cls: type[Block]) -> None:
    """Make a block class known under its type name; called by the ``block`` decorator."""
    _registered[cls.block_type] = cls


def names() -> list[str]:
    """Return the names of all block types that can be found, sorted."""
    return sorted({*_registered, *_own(), *_entry_points()})


def find(name: str) -> type[Block]:
    """Return the block class of a type name; BlockNotFoundError with the nearest name."""
    if name in _registered:
        return _registered[name]
    if name in _own():
        importlib.import_module(_own()[name])
        return _registered[name]
    if name in _entry_points():
        cls = _entry_points()[name].load()
        if not (isinstance(cls, type) and issubclass(cls, Block)):
            raise BlockNotFoundError(f"entry point '{name}' is not a block class but {cls!r}")
        _registered[name] = cls
        return cls
    raise BlockNotFoundError(
        f"unknown block '{name}'{nearest(name, names())}; 'semradio blocks' lists all"
    )


def load_file(path: Path) -> list[str]:
    """Run a Python file that defines blocks; returns the names of those it registered.

    Raises:
        BlockNotFoundError: there is no such file, it fails, or it registers no block.
    """
    before = dict(_registered)
    module_name = f"semradio_file_{abs(hash(str(path.resolve()))):x}"
    if module_name in sys.modules:
        del sys.modules[module_name]
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise BlockNotFoundError(f"no Python file {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[module_name]
        raise BlockNotFoundError(f"{path}: {type(error).__name__}: {error}") from error
    added = [name for name, cls in _registered.items() if before.get(name) is not cls]
    if not added:
        raise BlockNotFoundError(f"{path} registers no block: use the 'block' decorator")
    brought = {_registered[name].__module__ for name in added}
    _file_modules.setdefault(path.resolve(), set()).update(brought)
    return added


def loadable(cls: type[Block], files: Iterable[str | Path] = ()) -> bool:
    """Whether another Python process finds this very class by its type name.

    It does where the class is one of semradio's, or of an entry point, or comes from one of the
    ``files``, which that process loads first.
    """
    name, module = cls.block_type, cls.__module__
    known = _registered.get(name)
    # By name, not identity: a file that is loaded again defines its classes anew.
    if known is None or (known.__module__, known.__qualname__) != (module, cls.__qualname__):
        return False
    if any(module in _file_modules.get(Path(file).resolve(), ()) for file in files):
        return True
    if name in _own():
        return _own()[name] == module
    point = _entry_points().get(name)
    return point is not None and point.module in sys.modules and point.load() is cls


@cache
def _own() -> dict[str, str]:
    """Block type -> module, by the names of the files under ``blocks/``."""
    root = Path(__file__).parent.parent
    package = __name__.rsplit(".api.", 1)[0]
    return {
        file.stem: f"{package}.{folder}.{file.stem}"
        for folder in CATEGORIES
        for file in sorted((root / folder).glob("[a-z]*.py"))
        if _defines_block(file)
    }


def _defines_block(file: Path) -> bool:
    """Whether a module holds the block of its own name; helpers stand in the same folders."""
    return f'@block("{file.stem}"' in file.read_text(encoding="utf-8")


@cache
def _entry_points() -> dict[str, importlib.metadata.EntryPoint]:
    return {e.name: e for e in importlib.metadata.entry_points(group=ENTRY_POINTS)}
