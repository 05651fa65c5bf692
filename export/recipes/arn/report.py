"""What a run of the ``arn`` recipe found out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from semradio.blocks.errors import ModelError, ParameterError
from semradio.export import checkpoint
from semradio.export.evaluate import LinkFigures
from semradio.export.fitting import Figures
from semradio.export.recipes.arn.config import Config

REPORT = "report.json"
"""File of the report in the folder of a run."""


@dataclass(frozen=True)
class Report:
    """The outcome of a run, also written as ``report.json`` into its folder."""

    recipe: str
    config: Config
    dataset: str
    split: str
    figures: dict[str, list[LinkFigures]]
    """Per evaluation set, one entry per SNR."""
    history: dict[str, list[Figures]]
    """Per phase, the validation figures of each epoch."""

    def at(self, images: str, snr_db: float) -> LinkFigures:
        """Return the figures of one set at one SNR."""
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

    def write(self, folder: Path) -> None:
        """Write the report into the folder of its run."""
        text = msgspec.json.format(msgspec.json.encode(self), indent=2)
        checkpoint.write_bytes(folder / REPORT, text)

    @classmethod
    def read(cls, folder: Path) -> Report:
        """Read a finished run's report; raises :class:`ModelError` if there is none."""
        path = folder / REPORT
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except FileNotFoundError as error:
            raise ModelError(f"{folder} holds no finished run: no {REPORT} in it") from error
        except msgspec.MsgspecError as error:
            raise ModelError(f"{path} cannot be read: {error}") from error


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
