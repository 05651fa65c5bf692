"""What an Eve who has retrained reads, whatever the protection was trained against."""

from __future__ import annotations

from semradio.flowgraphs.arn.pair import AT_10_DB, PSR_DB, curve, pair_figure
from semradio.flowgraphs.figures.declaration import Panel, Reference

_PLAIN = {**AT_10_DB, "protect": "false"}
_RETRAINED = {**AT_10_DB, "attacker": "adaptive_eve"}

FIGURE = pair_figure(
    name="arn-adaptive",
    title="Eves who have retrained",
    summary="The accuracy of an Eve who retrains, beside every protection of arn-psr",
    note="SNR 10 dB at Bob and Eve; each Eve has learnt from labelled signals of the protection "
    "that she is measured on, the noise-free ones from signals without noise",
    panels=(
        Panel(
            title="Eve's reading once she has retrained",
            quantity="leakage.accuracy",
            quantity_label="accuracy",
            x_label="PSR limit (dB)",
            x=PSR_DB,
            limits=(0.0, 1.0),
            curves=(
                curve("unprotected", "plain", overrides=_PLAIN, at=()),
                curve("white box", "white", "white{x}", overrides=_RETRAINED),
                curve("black box", "black", "black{x}", overrides=_RETRAINED),
                curve(
                    "white box, noise-free Eve",
                    "white_quiet",
                    "quiet-white{x}",
                    overrides=_RETRAINED,
                ),
                curve(
                    "black box, noise-free Eve",
                    "black_quiet",
                    "quiet-black{x}",
                    overrides=_RETRAINED,
                ),
                curve("FGSM, white box", "fgsm", "fgsm{x}", "arn_fgsm", _RETRAINED),
            ),
            references=(Reference("chance", 0.1),),
        ),
    ),
)
