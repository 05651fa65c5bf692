"""MSE and accuracy over the power of the attack."""

from __future__ import annotations

from semradio.flowgraphs.arn.pair import AT_10_DB, PSR_DB, curve, pair_figure
from semradio.flowgraphs.figures.declaration import Panel, Reference

_BOB_OFF = {**AT_10_DB, "restore": "false"}
_PLAIN = {**AT_10_DB, "protect": "false"}

FIGURE = pair_figure(
    name="arn-psr",
    title="The paired modules over the power of the attack",
    summary="Bob's MSE and Eve's accuracy over the PSR, at SNR 10 dB (He, Wang & Quek, Fig. 4)",
    note="SNR 10 dB at Bob and Eve; modules trained for each PSR; the adaptive Eve has learnt from "
    "protected signals, the noise-free one from signals without noise",
    panels=(
        Panel(
            title="Bob's picture",
            quantity="quality.mse",
            quantity_label="MSE per pixel",
            digits=4,
            x_label="PSR limit (dB)",
            x=PSR_DB,
            curves=(
                curve("no modules", "plain", overrides=_PLAIN, at=()),
                curve("paired, white box", "white", "white{x}", overrides=AT_10_DB),
                curve("paired, black box", "black", "black{x}", overrides=AT_10_DB),
                curve("white box, Bob off", "halved", "white{x}", overrides=_BOB_OFF),
                curve("FGSM, Bob off", "fgsm_off", "fgsm{x}", "arn_fgsm", _BOB_OFF),
                curve("FGSM, Bob trained for it", "fgsm", "fgsm{x}", "arn_fgsm", AT_10_DB),
            ),
            references=(Reference("paper: below 0.03", 0.03, x=-5.0, bound=True),),
        ),
        Panel(
            title="Eve's reading",
            quantity="leakage.accuracy",
            quantity_label="accuracy",
            x_label="PSR limit (dB)",
            x=PSR_DB,
            limits=(0.0, 1.0),
            curves=(
                curve("unprotected", "plain", overrides=_PLAIN, at=()),
                curve(
                    "white box, adaptive Eve",
                    "adaptive",
                    "white{x}",
                    overrides={**AT_10_DB, "attacker": "adaptive_eve"},
                ),
                curve("white box", "white", "white{x}", overrides=AT_10_DB),
                curve("black box", "black", "black{x}", overrides=AT_10_DB),
                curve(
                    "white box, noise-free Eve",
                    "white_quiet",
                    "quiet-white{x}",
                    overrides=AT_10_DB,
                ),
                curve(
                    "black box, noise-free Eve",
                    "black_quiet",
                    "quiet-black{x}",
                    overrides=AT_10_DB,
                ),
                curve("FGSM, white box", "fgsm", "fgsm{x}", "arn_fgsm", AT_10_DB),
            ),
            references=(
                Reference("paper: about 0.4", 0.4, x=-10.0),
                Reference("chance", 0.1),
            ),
        ),
    ),
)
