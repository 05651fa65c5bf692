"""The training recipes, by name.

A recipe is a package beside this file with three modules: ``config`` (a frozen dataclass
``Config`` that needs no torch, with a classmethod ``quick``), ``train`` (a function ``run``) and
``deploy`` (a function ``export``). Adding one to :data:`RECIPES` makes it known to the command
line.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from semradio.blocks.errors import ParameterError, nearest
from semradio.export.recipes.settings import Option, RecipeConfig, options


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


RECIPES = MappingProxyType(
    {
        recipe.name: recipe
        for recipe in (
            Recipe(
                name="arn",
                summary=(
                    "Secure semantic communication by paired adversarial residual networks (He, "
                    "Wang, Quek): trains a semantic link for images, an eavesdropper's digit "
                    "classifier, and then Alice's and Bob's pluggable modules, which lower the "
                    "accuracy of that fixed classifier at almost no cost in picture quality. An "
                    "eavesdropper who retrains on protected signals is not stopped: the report "
                    "says how well she does."
                ),
                package="semradio.export.recipes.arn",
            ),
        )
    }
)
"""The known recipes, by name."""


def recipe_named(name: str) -> Recipe:
    """Return a recipe; raises :class:`ParameterError` with the nearest name if unknown."""
    if name not in RECIPES:
        known = ", ".join(RECIPES)
        raise ParameterError(f"no recipe '{name}'{nearest(name, RECIPES)}; recipes: {known}")
    return RECIPES[name]
