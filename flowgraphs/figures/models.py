"""Where the models of a figure are: trained for it, or in the zoo."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from semradio.blocks.errors import ModelError
from semradio.blocks.neural.model_file import model_folders

Training = Literal["full", "quick", "zoo", "none"]
"""How the models came to be, as tables tell it; ``none`` where a figure needs no models."""


class Models(Protocol):
    """The models of each variant and seed."""

    @property
    def training(self) -> Training:
        """How they came to be."""

    def folder(self, variant: str, seed: int | str) -> Path:
        """Return the folder of a variant's models; ``seed`` may be text that stands for one."""


@dataclass(frozen=True)
class Trained:
    """Models that were trained for the figure, for each seed.

    root : holds ``VARIANT/seed-N/MODEL.onnx``
    quick : whether they were trained in a hurry
    """

    root: Path
    quick: bool = False

    @property
    def training(self) -> Training:
        return "quick" if self.quick else "full"

    def folder(self, variant: str, seed: int | str) -> Path:
        return self.root / variant / f"seed-{seed}"


@dataclass(frozen=True)
class Shipped:
    """Models of a family in the zoo, the same for all seeds.

    A family has a folder for each variant, or is one variant itself and has none. Like every
    model that is called by name, they are looked for in the folders of $SEMRADIO_MODELS first.
    """

    family: str

    @property
    def training(self) -> Training:
        return "zoo"

    def folder(self, variant: str, seed: int | str) -> Path:
        """Return the folder of a variant's models, whatever the seed; ModelError if none is."""
        for place in model_folders():
            family = place / self.family
            for folder in (family / variant, family):
                if any(folder.glob("*.onnx")):
                    return folder.absolute()
        raise ModelError(f"the zoo has no {self._named([variant])}")

    def require(self, variants: Iterable[str]) -> None:
        """Raise ModelError unless there are models of all variants; it names those that lack."""
        lacking = []
        for variant in variants:
            try:
                self.folder(variant, "")
            except ModelError:
                lacking.append(variant)
        if lacking:
            raise ModelError(
                f"the zoo has no {self._named(lacking)}; '--train' trains models of your own"
            )

    def _named(self, variants: Iterable[str]) -> str:
        names = ", ".join(f"{self.family}/{variant}" for variant in variants)
        return f"{names} (looked in {', '.join(map(str, model_folders())) or 'nowhere'})"


@dataclass(frozen=True)
class Without:
    """No models: of figures whose flowgraphs have none."""

    @property
    def training(self) -> Training:
        return "none"

    def folder(self, variant: str, seed: int | str) -> Path:
        """Raise ModelError: there are none."""
        raise ModelError("a figure without a recipe has no models")
