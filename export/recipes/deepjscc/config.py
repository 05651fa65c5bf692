"""The settings of the ``deepjscc`` recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from semradio.blocks.errors import ParameterError
from semradio.export.recipes.settings import RecipeConfig, setting

RATES = (24, 12, 6, 3)
"""The rates k/n are one over these."""


@dataclass(frozen=True)
class Config(RecipeConfig):
    """Settings of the ``deepjscc`` recipe."""

    seed: int = setting(0, "Seed of weights, batches, crops, SNR, rates and noise.", low=0)
    architecture: Literal["convnext", "published"] = setting(
        "convnext",
        "'convnext': a linear transform and blocks of ConvNeXt's kind that the SNR attends to; "
        "'published': the five convolutions of Bourtsoulatze et al., for one rate.",
    )
    width: int = setting(96, "Features per place of 4 x 4 pixels; twice as many per 8 x 8.", low=1)
    fine: int = setting(2, "Blocks at 4 x 4 pixels a place, at each end.", low=0)
    coarse: int = setting(3, "Blocks at 8 x 8 pixels a place, at each end.", low=0)

    datasets: tuple[str, ...] = setting(
        ("cifar10/train.zip",),
        "What is trained on: folders or zip files of pictures, also below $SEMRADIO_DATA.",
        some=True,
    )
    validation: tuple[str, ...] = setting(
        (), "What is watched while training; none: one in fifty of the training pictures."
    )
    test: tuple[str, ...] = setting(
        ("cifar10/test.zip",), "What the report is measured on, each by itself."
    )
    train_images: int | None = setting(
        None, "Use only so many training pictures, validation included; none: all.", low=2
    )
    test_pictures: int | None = setting(
        None, "Measure on only so many pictures of each; none: all.", low=1
    )
    crop: int = setting(32, "Side of the random crops that are trained on, in pixels.", low=8)
    crops: int = setting(1, "Crops of each picture in an epoch.", low=1)

    low_snr_db: float = setting(-5.0, "Lowest SNR in training, Es/N0.", unit="dB")
    high_snr_db: float = setting(20.0, "Highest SNR in training, Es/N0.", unit="dB")
    lean: float = setting(
        1.0,
        "Exponent of the even draw between these two: above 1 low SNR are drawn more often.",
        low=0.1,
    )
    rates: tuple[int, ...] = setting(
        RATES,
        "Rates k/n in training, as one over this; drawn for each batch, one that is named more "
        "than once more often.",
    )
    prefixes: float = setting(
        0.25, "Share of batches of which less is decoded than was sent, as after a loss.", low=0
    )

    epochs: int = setting(8, "Epochs, of all crops each.", low=1)
    batch: int = setting(32, "Crops of a batch.", low=1)
    learning_rate: float = setting(1.5e-3, "Adam's learning rate.", low=0)
    decay: Literal["constant", "cosine"] = setting("cosine", "Course of that rate.")
    warm_up: int = setting(300, "Steps in which that rate rises from zero.", unit="steps", low=0)
    begin: str | None = setting(
        None, "Folder of a finished run of the same network whose weights are begun with."
    )
    device: Literal["auto", "cpu", "cuda"] = setting(
        "auto",
        "Where to train: on a GPU if there is one, or where it says. They round differently.",
    )
    evaluation_snr_db: tuple[float, ...] = setting(
        (-5.0, 0.0, 5.0, 10.0, 15.0, 20.0), "SNRs of the report, Es/N0.", unit="dB"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.refuse_crossed("low_snr_db", "high_snr_db")
        if not self.rates or not set(self.rates) <= set(RATES):
            raise ParameterError(
                f"setting 'rates' must be some of {', '.join(map(str, RATES))}, not "
                f"{', '.join(map(str, self.rates)) or 'none'}",
                "rates",
            )
        if self.architecture == "published" and len(self.rates) > 1:
            raise ParameterError(
                "architecture 'published' has one rate: rates=6, for example", "rates"
            )
        if self.crop % 8:
            raise ParameterError(f"setting 'crop' must be a multiple of 8, not {self.crop}", "crop")

    @classmethod
    def quick(cls) -> Config:
        """Return settings for a run of a minute: 5,000 pictures, narrow networks."""
        return cls(
            train_images=5_000,
            test_pictures=200,
            width=32,
            fine=1,
            coarse=1,
            epochs=3,
            warm_up=50,
            evaluation_snr_db=(0.0, 10.0),
        )
