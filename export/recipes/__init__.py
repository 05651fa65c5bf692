"""The training recipes, by name.

A recipe is a package beside this file with four modules: ``config`` (a frozen dataclass
``Config`` that needs no torch, with a classmethod ``quick``), ``variants`` (``VARIANTS``, named
changes of it), ``train`` (a function ``run``) and ``deploy`` (a function ``export``). Adding one to
:data:`RECIPES` makes it known to the command line.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
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

    def variants(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the named variants: the settings of each that are not the defaults."""
        return cast("Mapping[str, Mapping[str, Any]]", self._module("variants").VARIANTS)

    def config(
        self, variant: str | None = None, *, seed: int | None = None, quick: bool = False
    ) -> RecipeConfig:
        """Return the settings of a variant; raises :class:`ParameterError` if it is unknown."""
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
            Recipe(
                name="irsc",
                summary=(
                    "Image links of several users over a MIMO interference channel (Wang, Guo, "
                    "Dong, Zhao): trains all transmitters and receivers end to end, with the "
                    "channel state at the receivers, at both ends or nowhere, with interference "
                    "alignment or turns instead, and with an LMMSE filter inside the receiver, "
                    "which beats all that know the channel at the receivers alone."
                ),
                package="semradio.export.recipes.irsc",
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
