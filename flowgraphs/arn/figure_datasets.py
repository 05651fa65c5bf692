"""The pair on different data sets."""

from __future__ import annotations

from semradio.flowgraphs.arn.pair import curve, pair_figure
from semradio.flowgraphs.figures.declaration import Panel, Reference

_NAMES = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST"}
_WHITE, _BLACK, _BOB, _KEYED = (
    {"mnist": name, "fashion-mnist": f"fashion-{name}"}
    for name in ("white-10", "black-10", "bob", "keyed")
)
_AT_10_DB = {"snr_db": "10", "dataset": "{x}"}
_ADAPTIVE = {**_AT_10_DB, "attacker": "adaptive_eve"}
_PLAIN = {**_AT_10_DB, "protect": "false"}
_BOB_OFF = {**_AT_10_DB, "restore": "false"}
# A module that does not exist is switched off; its block wants a model all the same.
_KEY_ALONE = {
    **_ADAPTIVE,
    "alice.model": "arn/alice",
    "bob.model": "arn/bob",
    "session": "${seed}",
}
_BOB_ALONE = {**_PLAIN, "follow": "false", "alice.model": "arn/alice"}

FIGURE = pair_figure(
    name="arn-datasets",
    title="The paired modules on two data sets",
    summary="Headline results on MNIST and Fashion-MNIST side by side",
    note="SNR 10 dB at Bob and Eve, PSR limit -10 dB; the adaptive Eve has learnt from protected "
    "signals",
    as_table=True,
    panels=(
        Panel(
            title="Bob's picture",
            kind="dots",
            quantity="quality.mse",
            quantity_label="MSE per pixel",
            digits=4,
            x=tuple(_NAMES),
            names=_NAMES,
            curves=(
                curve("no modules", "plain", _WHITE, overrides=_PLAIN),
                curve("Bob's only", "bob", _BOB, overrides=_BOB_ALONE),
                curve("white box", "white", _WHITE, overrides=_AT_10_DB),
                curve("black box", "black", _BLACK, overrides=_AT_10_DB),
                curve("white box, Bob off", "halved", _WHITE, overrides=_BOB_OFF),
            ),
        ),
        Panel(
            title="Eve's reading",
            kind="dots",
            quantity="leakage.accuracy",
            quantity_label="accuracy",
            x=tuple(_NAMES),
            names=_NAMES,
            limits=(0.0, 1.0),
            curves=(
                curve("unprotected", "plain", _WHITE, overrides=_PLAIN),
                curve("white box", "white", _WHITE, overrides=_AT_10_DB),
                curve("black box", "black", _BLACK, overrides=_AT_10_DB),
                curve("white box, adaptive Eve", "adaptive", _WHITE, overrides=_ADAPTIVE),
                curve("keyed, adaptive Eve", "keyed", _KEYED, "keyed_link", _KEY_ALONE),
            ),
            references=(Reference("chance", 0.1),),
        ),
    ),
)
