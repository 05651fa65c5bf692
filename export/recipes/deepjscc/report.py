"""What a run of the ``deepjscc`` recipe found out."""

from __future__ import annotations

from dataclasses import dataclass

from semradio.export.fitting import Figures
from semradio.export.recipes.deepjscc.config import Config
from semradio.export.report import RunReport


@dataclass(frozen=True)
class LinkFigures:
    """How well pictures arrive at one SNR and rate."""

    snr_db: float
    """Es/N0 of a complex symbol, dB."""
    rate: int
    """k/n is one over this."""
    psnr_db: float
    """Of the mean squared error over all pictures."""
    mean_psnr_db: float
    """Mean over the pictures of the PSNR of each."""


@dataclass(frozen=True)
class Report(RunReport):
    """The outcome of a run of the recipe."""

    recipe: str
    config: Config
    split: str
    figures: dict[str, list[LinkFigures]]
    """Per test set, one entry per rate and SNR."""
    history: dict[str, list[Figures]]
    """Validation figures of each epoch."""

    def __str__(self) -> str:
        """Return the figures as a table: a row per rate, PSNR at each SNR."""
        snrs = self.config.evaluation_snr_db
        lines = [
            self.split,
            "PSNR (dB) of the error over all pictures; SNR = Es/N0 of a complex symbol",
        ]
        for place, rows in self.figures.items():
            lines.append(f"{place:10}" + "".join(f"{snr:8g} dB" for snr in snrs))
            for rate in dict.fromkeys(self.config.rates):
                found = [row.psnr_db for row in rows if row.rate == rate]
                lines.append(f"  k/n 1/{rate:<3}" + "".join(f"{value:11.2f}" for value in found))
        return "\n".join(lines)
