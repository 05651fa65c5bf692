"""What a run of the ``irsc`` recipe found out."""

from __future__ import annotations

from dataclasses import dataclass

from semradio.export.fitting import Figures
from semradio.export.recipes.irsc.config import Config
from semradio.export.report import RunReport


@dataclass(frozen=True)
class UserFigures:
    """How well a user's pictures arrive."""

    ssim_global: float
    """Eq. (9) over the whole image, [0, 1], population variance, mean over the images."""
    mse: float
    """Mean squared error per pixel of [0, 1]."""


@dataclass(frozen=True)
class SystemFigures:
    """All users at one SNR."""

    snr_db: float
    """P / sigma^2 per receive antenna, dB."""
    users: tuple[UserFigures, ...]


@dataclass(frozen=True)
class Report(RunReport):
    """The outcome of a run of the recipe."""

    recipe: str
    config: Config
    datasets: tuple[str, ...]
    """Per user."""
    split: str
    figures: dict[str, list[SystemFigures]]
    """Per evaluation set, one entry per SNR."""
    history: dict[str, list[Figures]]
    """Validation figures of each epoch."""

    def __str__(self) -> str:
        """Return the figures as a table: a row per SNR, SSIM and MSE of each user."""
        lines = [self.split, "SNR = P / sigma^2 per receive antenna; per user SSIM (eq. 9), MSE"]
        for part, rows in self.figures.items():
            lines.append(part)
            lines += [
                f"  {row.snr_db:5g} dB  "
                + "   ".join(f"{user.ssim_global:.3f} {user.mse:.4f}" for user in row.users)
                for row in rows
            ]
        return "\n".join(lines)
