"""What a run of the ``arn`` recipe found out."""

from __future__ import annotations

from dataclasses import dataclass

from semradio.blocks.errors import ParameterError
from semradio.export.fitting import Figures
from semradio.export.recipes.arn.config import Config
from semradio.export.recipes.arn.evaluate import LinkFigures
from semradio.export.report import RunReport


@dataclass(frozen=True)
class Report(RunReport):
    """The outcome of a run of the recipe."""

    recipe: str
    config: Config
    dataset: str
    split: str
    figures: dict[str, list[LinkFigures]]
    """Per evaluation set, one entry per SNR."""
    history: dict[str, list[Figures]]
    """Per phase, the validation figures of each epoch."""

    def at(self, images: str, snr_db: float) -> LinkFigures:
        """Return the figures of one set at one SNR.

        Raises :class:`ParameterError` if the run was not measured there.
        """
        for figures in self.figures[images]:
            if figures.snr_db == snr_db:
                return figures
        raise ParameterError(f"the run was not measured on '{images}' at {snr_db} dB")

    def __str__(self) -> str:
        """Return the figures at the training SNR as text, all attackers among them."""
        snr_db = self.config.snr_db
        lines = [f"{self.split}; SNR {snr_db:g} dB"]
        for images in self.figures:
            found = self.at(images, snr_db)
            lines += [
                images,
                f"  Bob's MSE as trained               {found.bob_mse:.4f}",
                f"    without Bob's module             {found.bob_mse_without_bob:.4f}",
                f"    without protection               {found.bob_mse_unprotected:.4f}",
                f"  Eve's accuracy, fixed classifier   {found.eve_accuracy:.3f}",
                f"    without protection               {found.eve_accuracy_unprotected:.3f}",
                *(
                    f"    {name:33}{accuracy:.3f}"
                    for name, accuracy in found.attacker_accuracy.items()
                ),
                f"  PSR of the attack in dB            {_or_dash(found.psr_db)}",
                f"  power sent, E||x'||^2              {found.power_protected:.3f}",
                f"    without protection, E||x||^2     {found.power:.3f}",
            ]
        return "\n".join(lines)


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
