"""The settings of the ``irsc`` recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from semradio.blocks.errors import ParameterError
from semradio.export.recipes.settings import RecipeConfig, setting

_WITHOUT_PILOTS = ("csi_free", "interference_free", "semi_trained")
"""Schemes whose networks see no channel state, or (designs) one that is perfect."""


@dataclass(frozen=True)
class Config(RecipeConfig):
    """Settings of the ``irsc`` recipe; the defaults are the paper's wherever it tells them."""

    seed: int = setting(0, "Seed of weights, batches, channels and noise.", low=0)
    scheme: Literal[
        "csir",
        "csitr",
        "csi_free",
        "interference_free",
        "semi_trained",
        "lmmse",
        "tdma",
        "csir_lmmse",
    ] = setting(
        "csir",
        "'csir': channel state at the receivers, 'csitr': at both ends, 'csi_free': nowhere, "
        "'interference_free': no channel at all, 'semi_trained': through a precoder and a receive "
        "filter designed for each channel, 'lmmse': an LMMSE filter before the receiver's network, "
        "'tdma': the users take turns, 'csir_lmmse': a space-time code, and a filter that cancels "
        "interference inside the receiver.",
    )
    users: int = setting(2, "Transmitter-receiver pairs K.", low=1)
    datasets: tuple[str, ...] = setting(
        ("mnist", "fashion-mnist"), "Data sets of the users, in turn.", some=True
    )
    train_images: int | None = setting(
        None, "Use only so many training images, validation included; none: all.", low=20
    )
    tx_antennas: int = setting(2, "Antennas N_t of a transmitter.", low=1)
    rx_antennas: int = setting(2, "Antennas N_r of a receiver.", low=1)
    slots: int = setting(16, "Symbols N_B that an antenna sends for an image.", low=1)
    streams: int = setting(
        2, "Streams d per user of the schemes without antennas of their own.", low=1
    )

    encoder: Literal["dense", "residual"] = setting(
        "dense",
        "Semantic encoder and decoder: fully connected, or convolutions with residual connections "
        "for rich devices (several times the cost of a step).",
    )
    activation: Literal["relu", "gelu"] = setting("relu", "Between the layers.")
    width: int = setting(256, "Width of the transmitters' layers.", low=1)
    receiver_width: int = setting(256, "Width of the receivers' layers.", low=1)
    corrector_width: int = setting(
        128, "Width of what corrects the interferers' symbols before they are subtracted.", low=1
    )

    low_snr_db: float = setting(-5.0, "Lowest SNR in training; drawn for each image.", unit="dB")
    high_snr_db: float = setting(20.0, "Highest SNR in training.", unit="dB")
    csi: Literal["perfect", "single", "orthogonal"] = setting(
        "perfect",
        "What is known of the channel in training: all, or a least-squares estimate from one "
        "'single' pilot per antenna in turn, or from 'orthogonal' pilots of all antennas at once.",
    )
    weights: Literal["dynamic", "equal"] = setting(
        "dynamic", "Weights of the users' losses: by eq. (8) after each epoch, or 1/K."
    )

    epochs: int = setting(27, "Epochs; 27 of 45,000 images are 20 of 60,000.", low=1)
    batch: int = setting(128, "Batch size.", low=1)
    rate: float = setting(1e-3, "Adam's learning rate.", low=0)
    decay: Literal["constant", "cosine"] = setting("cosine", "Course of that rate.")
    warm_up: int = setting(0, "Steps in which that rate rises from zero.", unit="steps", low=0)
    designs: int = setting(
        20_000, "Channels for which precoders and filters are designed, for 'semi_trained'.", low=1
    )
    device: Literal["auto", "cpu", "cuda"] = setting(
        "auto",
        "Where to train: on a GPU if there is one, or where it says. They round differently.",
    )
    evaluation_snr_db: tuple[float, ...] = setting(
        (-5.0, 0.0, 5.0, 10.0, 15.0, 20.0), "SNRs of the report.", unit="dB"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.refuse_crossed("low_snr_db", "high_snr_db")
        if self.scheme == "tdma" and self.slots % self.users:
            raise ParameterError(
                f"{self.users} users cannot share {self.slots} slots in equal parts: change "
                "'slots' or 'users'",
                "slots",
            )
        if self.scheme == "csir_lmmse":
            self._check_code()
        most = min(self.tx_antennas, self.rx_antennas)
        if self.scheme == "semi_trained" and self.streams > most:
            raise ParameterError(
                f"{self.streams} streams per user do not fit through {self.tx_antennas} transmit "
                f"and {self.rx_antennas} receive antennas: streams of at most {most}",
                "streams",
            )
        if self.csi != "perfect" and self.scheme in _WITHOUT_PILOTS:
            raise ParameterError(
                f"scheme '{self.scheme}' learns nothing from pilots: csi=perfect", "csi"
            )

    def _check_code(self) -> None:
        """Refuse what a space-time code of two antennas and pairs of slots cannot be."""
        if self.tx_antennas != 2 or self.slots % 2:
            raise ParameterError(
                "scheme 'csir_lmmse' codes pairs of slots over two transmit antennas: "
                f"tx_antennas={self.tx_antennas}, slots={self.slots} do not go with it",
                "scheme",
            )
        if self.encoder != "dense":
            raise ParameterError("scheme 'csir_lmmse' has dense networks alone", "encoder")

    @property
    def csi_at_transmitter(self) -> bool:
        """Whether the transmitters' networks see the channel state."""
        return self.scheme == "csitr"

    @property
    def user_datasets(self) -> tuple[str, ...]:
        """The data set of each user."""
        return tuple(self.datasets[k % len(self.datasets)] for k in range(self.users))

    @classmethod
    def quick(cls) -> Config:
        """Return settings for a run of seconds: 5,000 images, few epochs, narrow networks."""
        return cls(
            train_images=5_000,
            epochs=6,
            width=64,
            receiver_width=64,
            rate=3e-3,
            designs=1_000,
            evaluation_snr_db=(0.0, 20.0),
        )
