"""Which block types there are, and where: found by name, loaded when asked for.

A block of semradio stands in a module of its own name somewhere under ``blocks/``, so that both
people and this registry find it in one guess. Other packages add theirs through the entry-point
group ``semradio.blocks`` (name: block type, value: the class), or a flowgraph names a Python file.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from semradio.blocks.api.block import Block
from semradio.blocks.api.own_line import last_line
from semradio.blocks.errors import BlockNotFoundError, nearest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINTS = "semradio.blocks"
"""Entry-point group through which other packages register block types."""

CATEGORIES = (
    "sources",
    "media",
    "channels",
    "coding",
    "phy",
    "mimo",
    "neural",
    "security",
    "stream",
    "conversion",
    "filters",
    "analog",
    "spectrum",
    "metrics",
    "radio",
    "gnuradio",
    "sinks",
)
"""The categories of semradio's blocks, in the order in which the reference shows them.

Nothing is found through this list: a folder that is not here is shown after the others.
"""

RENAMED = {"complex_to_real": "complex_to_interleaved"}
"""Former names of block types, each known for one more version. (GNU Radio's Complex To Real gives
the real part, which here is the output ``re`` of ``complex_to_float``.)"""

_ROOT = Path(__file__).parent.parent

_BLOCK = re.compile(r'^@block\(\s*"(?P<name>\w+)".*?^class (?P<cls>\w+)', re.M | re.S)
"""A block in the text of its module."""

_registered: dict[str, type[Block]] = {}
_file_modules: dict[Path, set[str]] = {}
"""The modules whose blocks each file brought: its own, and those that it imports."""


B = TypeVar("B", bound=type[Block])


def block(name: str, *, category: str) -> Callable[[B], B]:
    """Register a class as the block type ``name``, shown under ``category``.

    Raises TypeError where the class has no ``work``, or one that cannot be called as blocks are.
    """

    def register(cls: B) -> B:
        _check_work(cls)
        cls.block_type = name
        cls.category = category
        _registered[name] = cls
        return cls

    return register


def _check_work(cls: type[Block]) -> None:
    ports = [port.name for port in cls.declared_inputs]
    told = f"work(self, {', '.join([*(ports or ['n']), 'at'])})"
    work = getattr(cls, "work", None)
    if work is None:
        raise TypeError(f"{cls.__name__} has no method '{told}'")
    try:
        inspect.signature(work).bind(cls, *(ports or ["n"]), "at")
    except TypeError:
        raise TypeError(f"{cls.__name__}.work is called as {told}") from None


def names() -> list[str]:
    """Return the names of all block types that can be found, sorted."""
    return sorted({*_registered, *_own(), *_entry_points()})


def find(name: str) -> type[Block]:
    """Return the block class of a type name; BlockNotFoundError with the nearest name.

    A former name gives the block under its new one, with a FutureWarning.
    """
    if name in RENAMED and name not in _registered:
        warnings.warn(
            f"block type '{name}' is called '{RENAMED[name]}' now; the next version does not know "
            "the old name",
            FutureWarning,
            stacklevel=2,
        )
        name = RENAMED[name]
    if name in _registered:
        return _registered[name]
    if (home := _home(name)) is not None:
        importlib.import_module(home.module)
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


def classes() -> dict[str, str]:
    """Return class name -> module of the blocks that come with semradio; imports none of them."""
    return {home.cls: home.module for home in _own().values()}


_loading = threading.RLock()
"""One file at a time is run: while one is, its module is there in part only, and what is registered
is counted as its own."""


def load_file(path: Path) -> list[str]:
    """Run a Python file that defines blocks; returns the names of those it registered.

    Raises:
        BlockNotFoundError: there is no such file, it fails, or it registers no block.
    """
    with _loading:
        return _load_file(path)


def _load_file(path: Path) -> list[str]:
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
        raise BlockNotFoundError(_told(path, error)) from error
    added = [name for name, cls in _registered.items() if before.get(name) is not cls]
    if not added:
        raise BlockNotFoundError(f"{path} registers no block: use the 'block' decorator")
    brought = {_registered[name].__module__ for name in added}
    _file_modules.setdefault(path.resolve(), set()).update(brought)
    return added


def _told(path: Path, error: Exception) -> str:
    """Return what is wrong with a file, and the line of it."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{path}:{error.lineno}: {type(error).__name__}: {error.msg}"
    return f"{last_line(error, {str(path)}) or path}: {type(error).__name__}: {error}"


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
    if (home := _home(name)) is not None:
        return home.module == module
    point = _entry_points().get(name)
    return point is not None and point.module in sys.modules and point.load() is cls


class _Home(NamedTuple):
    """Where a block of semradio stands."""

    module: str
    cls: str


@cache
def _own() -> dict[str, _Home]:
    """Block type -> where it stands, by the files in the folders under ``blocks/``."""
    return {
        file.stem: home
        for file in sorted(_ROOT.glob("*/[a-z]*.py"))
        if (home := _home_in(file)) is not None
    }


@cache
def _home(name: str) -> _Home | None:
    """Return where a block stands, without a look at the others; None if it is none of ours."""
    files = _ROOT.glob(f"*/{name}.py") if name.isidentifier() else ()
    return next((home for file in files if (home := _home_in(file)) is not None), None)


def _home_in(file: Path) -> _Home | None:
    """Return where the block of a module's own name stands; helpers stand in the same folders."""
    package = __name__.rsplit(".api.", 1)[0]
    for found in _BLOCK.finditer(file.read_text(encoding="utf-8")):
        if found["name"] == file.stem:
            return _Home(f"{package}.{file.parent.name}.{file.stem}", found["cls"])
    return None


@cache
def _entry_points() -> dict[str, EntryPoint]:
    # Imported late: semradio's own blocks do without, and it takes longer than all else here.
    from importlib.metadata import entry_points

    return {e.name: e for e in entry_points(group=ENTRY_POINTS)}
