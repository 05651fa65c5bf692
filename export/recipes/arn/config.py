"""The settings of the ``arn`` recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from semradio.blocks.errors import ParameterError
from semradio.export.recipes.settings import check_limits, setting


@dataclass(frozen=True)
class Config:
    """Settings of the ``arn`` recipe; the defaults are the paper's wherever it tells them."""

    seed: int = setting(0, "Seed of weights, batches and noise of all phases.", low=0)
    dataset: str = setting("mnist", "Data set by name; its labels are the privacy information.")
    train_images: int | None = setting(
        None, "Use only so many training images, validation included; none: all.", low=20
    )
    scenario: Literal["white", "black"] = setting(
        "white",
        "What Alice knows of Eve: 'white' her network and weights, 'black' nothing, so that a "
        "23-16-10 substitute takes Eve's place in training.",
    )
    modules: Literal["pair", "alice", "bob"] = setting(
        "pair", "Which modules exist: Alice's and Bob's, Alice's alone, or Bob's alone."
    )
    psr_db: float = setting(
        -10.0, "Power limit epsilon of the attack, relative to the signal's power.", unit="dB"
    )
    snr_db: float = setting(
        10.0, "SNR of the channels that the link and the modules are trained on.", unit="dB"
    )
    eve_snr_db: float | None = setting(
        10.0,
        "SNR of the signals on which Eve (and the substitute) trains; none: without noise. The "
        "paper does not tell. With noise she is the better classifier and harder to fool.",
        unit="dB",
    )

    power_weight: float = setting(0.1, "lambda_pow of eq. (19).", low=0)
    communication_weight: float = setting(0.5, "lambda_com of eq. (19).", low=0)
    privacy_weight: float = setting(0.01, "lambda_pri of eq. (19).", low=0)

    base_epochs: int = setting(30, "Epochs of the semantic link.", low=1)
    base_batch: int = setting(128, "Batch size of the semantic link.", low=1)
    base_rate: float = setting(1e-3, "Adam's learning rate of the semantic link.", low=0)
    base_decay: Literal["constant", "cosine"] = setting("constant", "Course of that rate.")

    eve_epochs: int = setting(20, "Epochs of Eve's classifier and of the substitute.", low=1)
    eve_batch: int = setting(128, "Batch size of Eve's classifier.", low=1)
    eve_rate: float = setting(1e-3, "Adam's learning rate of Eve's classifier.", low=0)
    eve_decay: Literal["constant", "cosine"] = setting("constant", "Course of that rate.")

    module_epochs: int = setting(
        75, "Epochs of the modules; 25 leave Eve about three points better off.", low=1
    )
    module_batch: int = setting(512, "Batch size of the modules.", low=1)
    module_rate: float = setting(3e-3, "Adam's learning rate of the modules.", low=0)
    module_decay: Literal["constant", "cosine"] = setting("cosine", "Course of that rate.")

    adaptive_epochs: int = setting(
        15, "Epochs of the Eve who retrains on protected signals.", low=1
    )
    adaptive_batch: int = setting(512, "Batch size of the retraining Eve.", low=1)
    adaptive_rate: float = setting(3e-3, "Adam's learning rate of the retraining Eve.", low=0)
    adaptive_decay: Literal["constant", "cosine"] = setting("cosine", "Course of that rate.")

    patience: int = setting(
        25, "Stop a phase after so many epochs without a better validation loss; 0: never.", low=0
    )
    evaluation_snr_db: tuple[float, ...] = setting(
        (0.0, 5.0, 10.0, 15.0, 20.0), "SNRs of the report, besides 'snr_db'.", unit="dB"
    )

    def __post_init__(self) -> None:
        check_limits(self)
        if not -60.0 <= self.psr_db <= 20.0:
            raise ParameterError(f"setting 'psr_db' must be -60 to 20 dB, not {self.psr_db}")

    @property
    def power_limit(self) -> float:
        """epsilon of eq. (20), relative to E||x||^2 = 1."""
        return float(10.0 ** (self.psr_db / 10.0))

    @classmethod
    def quick(cls) -> Config:
        """Return settings for a run of seconds: 10,000 images, fewer and faster epochs."""
        return cls(
            train_images=10_000,
            base_epochs=20,
            base_rate=3e-3,
            base_decay="cosine",
            eve_epochs=15,
            eve_batch=512,
            eve_rate=3e-3,
            eve_decay="cosine",
            module_epochs=20,
        )
