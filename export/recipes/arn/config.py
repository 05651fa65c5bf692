"""The settings of the ``arn`` recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from semradio.blocks.errors import ParameterError, nearest
from semradio.export.recipes.arn.attackers import ATTACKERS
from semradio.export.recipes.settings import RecipeConfig, setting


@dataclass(frozen=True)
class Config(RecipeConfig):
    """Settings of the ``arn`` recipe; the defaults are the paper's wherever it tells them."""

    seed: int = setting(0, "Seed of weights, batches and noise of all phases.", low=0)
    dataset: str = setting("mnist", "Data set by name; its labels are the privacy information.")
    train_images: int | None = setting(
        None, "Use only so many training images, validation included; none: all.", low=20
    )
    normalisation: Literal["batch", "frame"] = setting(
        "batch",
        "Power of the signal: E||x||^2 = 1 on average over the images (the paper's), or for each "
        "'frame', so that its energy tells nothing.",
    )
    scenario: Literal["white", "black"] = setting(
        "white",
        "What Alice knows of Eve: 'white' her network and weights, 'black' nothing, so that a "
        "23-16-10 substitute takes Eve's place in training.",
    )
    modules: Literal["pair", "alice", "bob", "none"] = setting(
        "pair", "Which modules exist: Alice's and Bob's, Alice's alone, Bob's alone, or none."
    )
    attack: Literal["arn", "fgsm"] = setting(
        "arn",
        "What Alice's module is: a residual network, or the gradient attack of eq. (3) at the same "
        "power, for which Bob's module alone is trained.",
    )
    network: Literal["mlp", "residual", "transformer"] = setting(
        "mlp", "Network of both modules; the paper's is 'mlp'."
    )
    opponent: Literal["fixed", "retrained"] = setting(
        "fixed",
        "The Eve whom the modules are trained against: fixed as in the paper, or retrained on "
        "their signals all the while (min-max).",
    )
    keyed: bool = setting(
        False,
        "Whether each frame is rotated by a secret key before it is sent: the Eves who learn from "
        "signals learn from such ones.",
    )
    attackers: tuple[str, ...] = setting(
        ("adaptive_eve",),
        f"Eves to be trained besides the fixed one, or 'none': {', '.join(ATTACKERS)}.",
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

    opponent_steps: int = setting(
        2, "Steps of a retrained opponent per step of the modules.", low=1
    )

    adaptive_epochs: int = setting(15, "Epochs of an Eve who learns from protected signals.", low=1)
    adaptive_batch: int = setting(512, "Batch size of the retraining Eve.", low=1)
    adaptive_rate: float = setting(3e-3, "Adam's learning rate of the retraining Eve.", low=0)
    adaptive_decay: Literal["constant", "cosine"] = setting("cosine", "Course of that rate.")

    few_epochs: int = setting(100, "Epochs of an Eve with few labelled frames.", low=1)
    few_batch: int = setting(64, "Batch size of an Eve with few labelled frames.", low=1)
    few_rate: float = setting(1e-3, "Adam's learning rate of an Eve with few labels.", low=0)
    few_decay: Literal["constant", "cosine"] = setting("cosine", "Course of that rate.")

    patience: int = setting(
        25, "Stop a phase after so many epochs without a better validation loss; 0: never.", low=0
    )
    evaluation_snr_db: tuple[float, ...] = setting(
        (0.0, 5.0, 10.0, 15.0, 20.0), "SNRs of the report, besides 'snr_db'.", unit="dB"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not -60.0 <= self.psr_db <= 20.0:
            raise ParameterError(f"setting 'psr_db' must be -60 to 20 dB, not {self.psr_db}")
        for name in self.attackers:
            if name not in ATTACKERS:
                raise ParameterError(
                    f"no attacker '{name}'{nearest(name, ATTACKERS)}; attackers: "
                    f"{', '.join(ATTACKERS)}",
                    "attackers",
                )
            classifier = ATTACKERS[name].behind_bob
            if classifier and not self.has_bob:
                raise ParameterError(
                    f"attacker '{name}' steals Bob's module, and with modules={self.modules} he "
                    "has none",
                    "attackers",
                )
            if classifier not in ("", "eve", *self.attackers):
                raise ParameterError(
                    f"attacker '{name}' uses the classifier of '{classifier}': name it too",
                    "attackers",
                )

    @property
    def has_alice(self) -> bool:
        """Whether anything of Alice's changes the signal."""
        return self.modules in ("pair", "alice")

    @property
    def has_bob(self) -> bool:
        """Whether Bob has a module."""
        return self.modules in ("pair", "bob")

    @property
    def power_limit(self) -> float:
        """Epsilon of eq. (20), relative to E||x||^2 = 1."""
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
            few_epochs=30,
        )
