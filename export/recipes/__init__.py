"""The training recipes, by name.

A recipe is a package with a paragraph :data:`SUMMARY` and four modules: ``config`` (``Config``, a
:class:`~semradio.export.recipes.settings.RecipeConfig` that needs no torch), ``variants``
(``VARIANTS``, named changes of it), ``train`` (a function ``run``, which opens a
:class:`~semradio.export.run.Run`) and ``deploy`` (a function ``export``). Recipes are found: those
beside this file, and those that other packages name in the entry-point group ``semradio.recipes``
(value: the package).
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, cast

from semradio.blocks.errors import ParameterError, nearest
from semradio.export.recipes.settings import Option, RecipeConfig, options

ENTRY_POINTS = "semradio.recipes"
"""Entry-point group through which other packages add recipes."""


@dataclass(frozen=True)
class Recipe:
    """One recipe; its modules are imported when they are needed."""

    name: str
    summary: str
    """One paragraph: what it trains, after which publication."""
    package: str

    def config_class(self) -> type[RecipeConfig]:
        """Return the class of its settings; needs no torch."""
        return cast("type[RecipeConfig]", self._module("config").Config)

    def variants(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the named variants: the settings of each that are not the defaults."""
        return cast("Mapping[str, Mapping[str, Any]]", self._module("variants").VARIANTS)

    def config(
        self, variant: str | None = None, *, seed: int | None = None, quick: bool = False
    ) -> RecipeConfig:
        """Return the settings of a variant.

        Raises :class:`ParameterError` if it is unknown, or the settings do not go together.
        """
        config_class = self.config_class()
        changes: dict[str, Any] = {}
        if variant is not None:
            known = self.variants()
            if variant not in known:
                raise ParameterError(
                    f"recipe '{self.name}' has no variant '{variant}'{nearest(variant, known)}; "
                    f"variants: {', '.join(known)}"
                )
            changes.update(known[variant])
        if seed is not None:
            changes["seed"] = seed
        return dataclasses.replace(config_class.quick() if quick else config_class(), **changes)

    def options(self) -> list[Option]:
        """Return name, type, default, unit and meaning of each setting."""
        return options(self.config_class())

    def train_module(self) -> Any:
        """Import and return the module with ``run``; needs torch."""
        return self._module("train")

    def deploy_module(self) -> Any:
        """Import and return the module with ``export``; needs torch and onnx."""
        return self._module("deploy")

    def _module(self, name: str) -> Any:
        return importlib.import_module(f"{self.package}.{name}")


@cache
def recipes() -> Mapping[str, Recipe]:
    """Return the recipes by name, sorted.

    Raises :class:`ParameterError` if the package of one cannot be imported.
    """
    own = {
        module.name: f"{__name__}.{module.name}"
        for module in pkgutil.iter_modules(__path__)
        if module.ispkg
    }
    others = {p.name: p.value for p in importlib.metadata.entry_points(group=ENTRY_POINTS)}
    found = sorted({**others, **own}.items())
    return MappingProxyType({name: _recipe(name, package) for name, package in found})


def _recipe(name: str, package: str) -> Recipe:
    try:
        return Recipe(name, str(importlib.import_module(package).SUMMARY), package)
    except (ImportError, AttributeError) as error:
        raise ParameterError(f"recipe '{name}': {error}") from error


def recipe_named(name: str) -> Recipe:
    """Return a recipe; raises :class:`ParameterError` with the nearest name if unknown."""
    known = recipes()
    if name not in known:
        names = ", ".join(known)
        raise ParameterError(f"no recipe '{name}'{nearest(name, known)}; recipes: {names}")
    return known[name]
