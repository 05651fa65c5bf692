"""What a run of the ``intercept`` recipe found out."""

from __future__ import annotations

from dataclasses import dataclass

from semradio.export.fitting import Figures
from semradio.export.recipes.intercept.config import Config
from semradio.export.report import RunReport


@dataclass(frozen=True)
class Report(RunReport):
    """The outcome of a run of the recipe."""

    recipe: str
    config: Config
    classes: tuple[str, ...]
    split: str
    plain: dict[str, float]
    """Accuracy of each Eve on the link without a key."""
    keyed: dict[str, float]
    """The same under the keyed rotation."""
    history: dict[str, list[Figures]]
    """Per Eve, the validation figures of each epoch."""

    def __str__(self) -> str:
        """Return the figures as a table."""
        lines = [
            f"{self.split}; {self.config.snr_db:g} dB; chance {1 / len(self.classes):.3f}",
            f"{'accuracy':18}{'no key':>8}{'key':>8}",
        ]
        for name, accuracy in self.plain.items():
            lines.append(f"{name:18}{accuracy:8.3f}{self.keyed[name]:8.3f}")
        return "\n".join(lines)
