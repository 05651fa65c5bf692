"""Settings of the recipe ``relay``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from semradio.export.recipes.settings import RecipeConfig, setting


@dataclass(frozen=True)
class Config(RecipeConfig):
    """Settings of the recipe, besides its seed."""

    gain: float = setting(2.0, "Gain that the examples show.", low=0)
    epochs: int = setting(30, "Epochs, of eight steps each.", low=1)

    @classmethod
    def quick(cls) -> Self:
        """Return settings for a run of an instant."""
        return cls(epochs=15)
