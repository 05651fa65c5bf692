"""The settings of the ``intercept`` recipe."""

from __future__ import annotations

from dataclasses import dataclass

from semradio.export.recipes.settings import RecipeConfig, setting


@dataclass(frozen=True)
class Config(RecipeConfig):
    """Settings of the ``intercept`` recipe."""

    seed: int = setting(0, "Seed of weights, batches, noise and the key of the training.", low=0)
    link: str = setting("deepjscc/cifar", "Models of the link: a name, or a folder.")
    values_per_use: float = setting(24.0, "Source values for each channel use, n/k.", low=1)
    snr_db: float = setting(10.0, "Es/N0 at Eve, in training and in the report.", unit="dB")

    datasets: tuple[str, ...] = setting(
        ("cifar10/train.zip",),
        "Folders or zip files of pictures whose sub-folders are the classes, also below "
        "$SEMRADIO_DATA.",
        some=True,
    )
    test: tuple[str, ...] = setting(
        ("cifar10/test.zip",), "What the report is measured on.", some=True
    )
    train_images: int | None = setting(
        20_000, "Pictures to learn from, the validating tenth included; none: all.", low=20
    )
    test_pictures: int | None = setting(2_000, "Pictures to measure on; none: all.", low=1)

    width: int = setting(64, "Features of the classifiers.", low=1)
    symbol_epochs: int = setting(15, "Epochs of those who read symbols.", low=1)
    picture_epochs: int = setting(8, "Epochs of those who read decoded pictures.", low=1)
    batch: int = setting(128, "Batch size.", low=1)
    learning_rate: float = setting(2e-3, "Adam's learning rate; it falls along a cosine.", low=0)

    @classmethod
    def quick(cls) -> Config:
        """Return settings for a run of a minute: 4,000 pictures, narrow networks."""
        return cls(
            train_images=4_000,
            test_pictures=500,
            width=32,
            symbol_epochs=6,
            picture_epochs=4,
        )
