"""The runs that the study of the paired modules is made of, as named changes of the settings.

Names end in the power limit in dB, so that a sweep over ``psr_db`` can spell them:
``white-10`` is the paper's pair against a known Eve at a PSR of -10 dB.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from semradio.export.recipes.arn.attackers import ATTACKERS

PSR_DB = (-20, -15, -10, -5)
"""Power limits of the study, dB."""

_ADAPTIVE = ("adaptive_eve",)
_EVERYONE = tuple(ATTACKERS)
_GAME = ("adaptive_eve", "big_eve", "big_adaptive_eve")


def _variants() -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for psr in PSR_DB:
        limit = {"psr_db": float(psr), "attackers": _ADAPTIVE}
        black = {**limit, "scenario": "black"}
        everyone = _EVERYONE if psr in (-10, -5) else _ADAPTIVE
        found[f"white{psr}"] = {**limit, "attackers": everyone}
        found[f"black{psr}"] = black
        found[f"quiet-white{psr}"] = {**limit, "eve_snr_db": None}
        found[f"quiet-black{psr}"] = {**black, "eve_snr_db": None}
        found[f"fgsm{psr}"] = {**limit, "attack": "fgsm"}
    found["bob"] = {"modules": "bob", "attackers": ()}
    found["alice-10"] = {"modules": "alice", "attackers": _ADAPTIVE}
    found["residual-10"] = {"network": "residual", "attackers": _GAME}
    # A step of a transformer takes many times as long: it gets fewer epochs.
    found["transformer-10"] = {"network": "transformer", "module_epochs": 15, "attackers": _GAME}
    # With the paper's weights the best answer to an Eve who retrains is to attack nobody; these
    # give her accuracy a weight that Bob's picture feels.
    found["minmax-10"] = {
        "opponent": "retrained",
        "power_weight": 1.0,
        "privacy_weight": 0.1,
        "attackers": _GAME,
    }
    keyed = {"keyed": True, "normalisation": "frame", "attackers": _GAME}
    found["keyed"] = {**keyed, "modules": "none"}
    found["keyed-arn"] = keyed
    for name in ("white-10", "black-10", "bob", "keyed"):
        found[f"fashion-{name}"] = {**found[name], "dataset": "fashion-mnist"}
    return found


VARIANTS = MappingProxyType(_variants())
"""Settings that differ from the recipe's defaults, by name of the variant."""
