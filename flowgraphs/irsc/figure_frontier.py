"""What receivers with the channel state at the receivers alone give for their size."""

from __future__ import annotations

from semradio.flowgraphs.figures.costs import all_weights
from semradio.flowgraphs.figures.declaration import Curve, Panel, Reference
from semradio.flowgraphs.irsc.interference import (
    MEAN_IMAGE,
    SNR,
    SSIM,
    context,
    curve,
    irsc_figure,
)

_NAMES = {
    "csir": "CSIR",
    "csir_tuned": "CSIR, tuned",
    "lmmse": "LMMSE",
    "lmmse_tuned": "LMMSE, tuned",
    "csir_lmmse_small": "cancelling, small",
    "csir_lmmse_medium": "cancelling, medium",
    "csir_lmmse": "cancelling",
}
_SCHEMES = {
    name: name.removesuffix("_tuned").removesuffix("_small").removesuffix("_medium")
    for name in _NAMES
}


def _curve(label: str, style: str, snr_db: str) -> Curve:
    return curve(label, style, "{x}", {"scheme": _SCHEMES, "snr_db": snr_db})


FIGURE = irsc_figure(
    name="irsc-frontier",
    title="Quality against size",
    summary="SSIM of both users at 0 and 20 dB, and weights, with the channel state at receivers",
    note=f"{SNR}; 2 x 2 antennas, 16 slots, perfect CSI; tuned: GELU, receivers of width 512, "
    "learning rate 0.004 with warm-up, as the receivers that cancel; weights: all four networks",
    context=context(2),
    costs={"link.parameters": all_weights},
    panels=(
        *(
            Panel(
                title=f"User {k + 1}: {title}",
                kind="dots",
                quantity=f"quality[{k}].ssim_global",
                quantity_label=SSIM,
                x=tuple(_NAMES),
                names=_NAMES,
                limits=(0.4, 1.0),
                curves=(_curve("0 dB", "low_snr", "0"), _curve("20 dB", "high_snr", "20")),
                references=(Reference("mean image", MEAN_IMAGE[dataset]),),
            )
            for k, (dataset, title) in enumerate(
                {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST"}.items()
            )
        ),
        Panel(
            title="Size",
            kind="dots",
            quantity="link.parameters",
            quantity_label="weights",
            x=tuple(_NAMES),
            names=_NAMES,
            digits=0,
            curves=(curve("weights", "weights", "{x}"),),
        ),
    ),
)
