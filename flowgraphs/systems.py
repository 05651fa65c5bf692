"""The systems that semradio knows: what stands together because one paper, or one idea, made it.

A system is a package with a module ``system`` that declares :data:`SYSTEM`. Beside it stand its
flowgraphs (``*.yml``, called by the names of the files), its figures (``figure_*.py``, each with a
``FIGURE``) and what these share; parts of flowgraphs stand in a folder that is no package. Systems
are found: those beside this file, and those that other packages name in the entry-point group
``semradio.systems`` (value: the package). What trains a system's models is found in the same way,
by :mod:`semradio.export.recipes`.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from semradio.blocks.errors import SemradioError

ENTRY_POINTS = "semradio.systems"
"""Entry-point group through which other packages add systems."""

_MARK = "system"
_FIGURES = "figure_"


@dataclass(frozen=True, kw_only=True)
class System:
    """What the machinery cannot find in a system's folder by itself.

    Attributes:
        first_values: by block type, values of parameters that have no default: GNU Radio Companion
            shows a block before the user has said anything.
        first_types: by block type and port, item types first shown, where neither the port nor the
            block with its first values says enough.
    """

    first_values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    first_types: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@cache
def packages() -> dict[str, str]:
    """Return the package of each system by its name, sorted; none of them is imported."""
    # Imported late: semradio's own flowgraphs are found without.
    from importlib.metadata import entry_points

    here = __name__.rpartition(".")[0]
    own = {
        module.name: f"{here}.{module.name}"
        for module in pkgutil.iter_modules([str(Path(__file__).parent)])
        if module.ispkg and (Path(__file__).parent / module.name / f"{_MARK}.py").is_file()
    }
    others = {p.name: p.value for p in entry_points(group=ENTRY_POINTS)}
    return dict(sorted({**others, **own}.items()))


def folders() -> Iterator[Path]:
    """Yield the folder of each system, in the order of their names."""
    for name, package in packages().items():
        yield from _places(name, package)


def systems() -> dict[str, System]:
    """Return the systems by name, sorted.

    Raises:
        SemradioError: a package declares none.
    """
    found = {}
    for name, package in packages().items():
        system = getattr(_imported(name, f"{package}.{_MARK}"), "SYSTEM", None)
        if not isinstance(system, System):
            raise SemradioError(f"system '{name}': {package}.{_MARK} declares no SYSTEM")
        found[name] = system
    return found


def figure_modules() -> Iterator[ModuleType]:
    """Import and yield the modules of all figures, system by system."""
    for name, package in packages().items():
        for module in pkgutil.iter_modules(map(str, _places(name, package))):
            if module.name.startswith(_FIGURES):
                yield _imported(name, f"{package}.{module.name}")


def _places(name: str, package: str) -> list[Path]:
    try:
        spec = importlib.util.find_spec(package)
    except ImportError as error:
        raise SemradioError(f"system '{name}': {error}") from error
    if spec is None or not spec.submodule_search_locations:
        raise SemradioError(f"system '{name}': there is no package {package}")
    return [Path(place) for place in spec.submodule_search_locations]


def _imported(name: str, module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise SemradioError(f"system '{name}': {error}") from error
