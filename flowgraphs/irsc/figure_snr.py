"""All schemes over the SNR."""

from __future__ import annotations

from semradio.flowgraphs.figures.declaration import Panel, Reference
from semradio.flowgraphs.irsc.interference import (
    MEAN_IMAGE,
    SCHEMES,
    SEMI_CONVENTIONAL,
    SNR,
    SNR_LABEL,
    SNRS,
    SSIM,
    ZOO,
    context,
    irsc_figure,
    scheme,
)

_CURVES = (
    scheme("interference_free", at=()),
    *(scheme(name, snr_db="{x}") for name in SCHEMES if name != "interference_free"),
)

FIGURE = irsc_figure(
    name="irsc-snr",
    title="Two users on a MIMO interference channel",
    summary="SSIM of both users over the SNR, for all schemes (Wang et al., Fig. 3)",
    zoo=ZOO,
    note=f"{SNR}; 2 x 2 antennas, 16 slots, perfect CSI, one model for all SNR; "
    f"{SEMI_CONVENTIONAL}; solid lines are the paper's schemes",
    context=context(2),
    panels=tuple(
        Panel(
            title=f"User {k + 1}: {title}",
            quantity=f"quality[{k}].ssim_global",
            quantity_label=SSIM,
            x_label=SNR_LABEL,
            x=SNRS,
            limits=(0.4, 1.0),
            curves=_CURVES,
            references=(Reference("mean image", MEAN_IMAGE[dataset]),),
        )
        for k, (dataset, title) in enumerate(
            {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST"}.items()
        )
    ),
)
