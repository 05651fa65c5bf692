"""How much of the differences between schemes is chance of the training."""

from __future__ import annotations

from semradio.flowgraphs.figures.declaration import Curve, Panel, Reference
from semradio.flowgraphs.irsc.interference import (
    MEAN_IMAGE,
    SCHEMES,
    SNR,
    SSIM,
    context,
    curve,
    irsc_figure,
)

_NAMES = {name: SCHEMES[name][0] for name in ("csir", "csi_free", "lmmse", "csir_lmmse")}


def _curve(label: str, style: str, snr_db: str) -> Curve:
    return curve(label, style, "{x}", {"scheme": "{x}", "snr_db": snr_db})


FIGURE = irsc_figure(
    name="irsc-seeds",
    title="Schemes trained several times",
    summary="SSIM of both users at 0 and 20 dB, with intervals over trainings",
    note=f"{SNR}; 2 x 2 antennas, 16 slots, perfect CSI",
    context=context(2),
    panels=tuple(
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
)
