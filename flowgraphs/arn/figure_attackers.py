"""Attackers of every kind against the pair, and against a keyed rotation."""

from __future__ import annotations

from semradio.flowgraphs.arn.pair import AT_10_DB, curve, pair_figure
from semradio.flowgraphs.figures.declaration import Panel, Reference, Text

_NAMES = {
    "eve": "fixed, as in the paper",
    "big_eve": "fixed, larger network",
    "reconstruct_eve": "fixed, reads the decoded picture",
    "reconstruct_bob_eve": "fixed, reads Bob's picture",
    "stolen_bob_eve": "fixed, behind Bob's module",
    "few_200_eve": "tuned on 200 labelled frames",
    "few_1000_eve": "tuned on 1000 labelled frames",
    "adaptive_eve": "retrained",
    "big_adaptive_eve": "retrained, larger network",
    "ensemble_eve": "retrained, five networks",
}
_TRAINED_ON = {
    200.0: "few_200_eve",
    1000.0: "few_1000_eve",
    5000.0: "few_5000_eve",
    50000.0: "adaptive_eve",
}
_PLAIN = {**AT_10_DB, "protect": "false"}
_EACH = {**AT_10_DB, "attacker": "{x}"}
# Nothing but the key protects: the modules are off, and their blocks want a model all the same.
_KEYED = {**_EACH, "alice.model": "arn/alice", "bob.model": "arn/bob", "session": "${seed}"}
_TRAINED: dict[str, Text] = {**AT_10_DB, "attacker": _TRAINED_ON}

FIGURE = pair_figure(
    name="arn-attackers",
    title="What attackers of every kind read",
    summary="Eve's accuracy for each attacker, at PSR -10 and -5 dB, with and without a key",
    note="SNR 10 dB at Bob and Eve; white-box modules",
    as_table=True,
    panels=(
        Panel(
            title="Attackers",
            kind="dots",
            quantity="leakage.accuracy",
            quantity_label="accuracy",
            x=tuple(_NAMES),
            names=_NAMES,
            limits=(0.0, 1.0),
            curves=(
                curve("unprotected, fixed Eve", "plain", overrides=_PLAIN, at=()),
                curve("PSR -10 dB", "white", overrides=_EACH),
                curve("PSR -5 dB", "black", "white-5", overrides=_EACH),
                curve(
                    "keyed rotation",
                    "keyed",
                    "keyed",
                    "keyed_link",
                    _KEYED,
                    at=("eve", "adaptive_eve", "big_adaptive_eve"),
                ),
            ),
            references=(Reference("chance", 0.1),),
        ),
        Panel(
            title="Labelled frames that Eve has",
            quantity="leakage.accuracy",
            quantity_label="accuracy",
            x_label="labelled protected frames",
            x=tuple(_TRAINED_ON),
            names={200.0: "200", 1000.0: "1000", 5000.0: "5000", 50000.0: "50,000"},
            spacing="log",
            limits=(0.0, 1.0),
            curves=(
                curve("unprotected, fixed Eve", "plain", overrides=_PLAIN, at=()),
                curve("PSR -10 dB", "white", overrides=_TRAINED),
                curve("PSR -5 dB", "black", "white-5", overrides=_TRAINED),
                curve("PSR -10 dB, fixed Eve", "white_fixed", overrides=AT_10_DB, at=()),
                curve("PSR -5 dB, fixed Eve", "black_fixed", "white-5", overrides=AT_10_DB, at=()),
            ),
            references=(Reference("chance", 0.1),),
        ),
    ),
)
