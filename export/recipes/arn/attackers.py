"""The eavesdroppers whom the paper leaves out: what each learns from, and what she puts in front.

All of them hear what the paper's Eve hears. None is told the key of a keyed link.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

PAPER_WIDTHS = (64, 32, 32, 10)
"""Eve's classifier in the paper."""
BIG_WIDTHS = (256, 256, 10)
"""A larger one."""


@dataclass(frozen=True)
class Attacker:
    """One eavesdropper besides the paper's; a classifier of received frames."""

    name: str
    summary: str
    learns: Literal["plain", "protected"] = "plain"
    """The labelled signals that she trains on."""
    widths: tuple[int, ...] = PAPER_WIDTHS
    frames: int | None = None
    """Labelled frames that she has, and tunes the paper's Eve on; None: as many as the link was
    trained on, and she starts from random weights."""
    members: int = 1
    """Classifiers whose confidences are averaged."""
    pictures: bool = False
    """Whether she decodes the picture with a copy of Bob's decoder and classifies that."""
    behind_bob: str = ""
    """Whose classifier she puts behind a copy of Bob's module: ``eve`` or another attacker's. She
    trains nothing."""


ATTACKERS = MappingProxyType(
    {
        attacker.name: attacker
        for attacker in (
            Attacker(
                "adaptive_eve",
                "Has reacted: trained from scratch on protected signals with their labels.",
                learns="protected",
            ),
            Attacker(
                "few_200_eve",
                "Tunes the fixed classifier on 200 labelled protected frames.",
                learns="protected",
                frames=200,
            ),
            Attacker(
                "few_1000_eve",
                "Tunes the fixed classifier on 1000 labelled protected frames.",
                learns="protected",
                frames=1000,
            ),
            Attacker(
                "few_5000_eve",
                "Tunes the fixed classifier on 5000 labelled protected frames.",
                learns="protected",
                frames=5000,
            ),
            Attacker(
                "big_eve",
                "A larger classifier, 23-256-256-10, that never saw a protected signal.",
                widths=BIG_WIDTHS,
            ),
            Attacker(
                "big_adaptive_eve",
                "A larger classifier, 23-256-256-10, trained on protected signals.",
                learns="protected",
                widths=BIG_WIDTHS,
            ),
            Attacker(
                "ensemble_eve",
                "Five classifiers trained on protected signals, their confidences averaged.",
                learns="protected",
                members=5,
            ),
            Attacker(
                "stolen_bob_eve",
                "The fixed classifier behind a stolen copy of Bob's module, without any training.",
                behind_bob="eve",
            ),
            Attacker(
                "reconstruct_eve",
                "Decodes the picture with a copy of Bob's decoder and reads that; trained on "
                "unprotected signals.",
                pictures=True,
            ),
            Attacker(
                "reconstruct_bob_eve",
                "Like reconstruct_eve, behind a stolen copy of Bob's module.",
                behind_bob="reconstruct_eve",
            ),
        )
    }
)
"""The attackers by name, which is also the name of their model files."""
