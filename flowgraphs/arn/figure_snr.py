"""MSE and accuracy over the SNR."""

from __future__ import annotations

from semradio.flowgraphs.arn.pair import curve, pair_figure
from semradio.flowgraphs.figures.declaration import Panel, Reference

_SNR = tuple(float(snr) for snr in range(0, 21, 2))
_AT = {"snr_db": "{x}"}
_PLAIN = {**_AT, "protect": "false"}
# A module that was never trained is switched off; its block wants a model all the same.
_BOB_ALONE = {**_PLAIN, "follow": "false", "alice.model": "arn/alice"}
_ALICE_ALONE = {**_AT, "restore": "false", "bob.model": "arn/bob"}

FIGURE = pair_figure(
    name="arn-snr",
    title="The paired modules over the SNR",
    summary="Bob's MSE and Eve's accuracy over the SNR, at PSR -10 dB (He, Wang & Quek, Fig. 3)",
    note="PSR limit -10 dB; Eve's SNR equals Bob's; the adaptive Eve has learnt from protected "
    "signals, the noise-free one from signals without noise",
    panels=(
        Panel(
            title="Bob's picture",
            quantity="quality.mse",
            quantity_label="MSE per pixel",
            digits=4,
            x_label="SNR (dB)",
            x=_SNR,
            curves=(
                curve("no modules", "plain", overrides=_PLAIN),
                curve("Bob's module only", "bob", "bob", overrides=_BOB_ALONE),
                curve(
                    "Alice's of the pair, Bob off", "halved", overrides={**_AT, "restore": "false"}
                ),
                curve("Alice's only", "alice", "alice-10", overrides=_ALICE_ALONE),
                curve("paired, white box", "white", overrides=_AT),
                curve("paired, black box", "black", "black-10", overrides=_AT),
            ),
        ),
        Panel(
            title="Eve's reading",
            quantity="leakage.accuracy",
            quantity_label="accuracy",
            x_label="SNR (dB)",
            x=_SNR,
            limits=(0.0, 1.0),
            curves=(
                curve("unprotected", "plain", overrides=_PLAIN),
                curve(
                    "white box, adaptive Eve",
                    "adaptive",
                    overrides={**_AT, "attacker": "adaptive_eve"},
                ),
                curve("white box", "white", overrides=_AT),
                curve("black box", "black", "black-10", overrides=_AT),
                curve("white box, noise-free Eve", "white_quiet", "quiet-white-10", overrides=_AT),
                curve("black box, noise-free Eve", "black_quiet", "quiet-black-10", overrides=_AT),
            ),
            references=(Reference("paper: about 0.4", 0.4), Reference("chance", 0.1)),
        ),
    ),
)
