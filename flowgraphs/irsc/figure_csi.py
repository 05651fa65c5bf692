"""Channel state that is estimated, or out of date."""

from __future__ import annotations

from statistics import fmean

from semradio.flowgraphs.figures.declaration import Curve, Panel, Reference
from semradio.flowgraphs.irsc.interference import (
    MEAN_IMAGE,
    SNR,
    SNR_LABEL,
    SNRS,
    SSIM,
    ZOO,
    context,
    curve,
    irsc_figure,
    scheme,
)

_RHO = (1.0, 0.99, 0.95, 0.9, 0.7, 0.0)
_BOTH = "quality[*].ssim_global"
_FLOOR = (Reference("mean image", fmean(MEAN_IMAGE.values())),)


def _estimated(
    label: str, style: str, scheme: str, csi: str = "perfect", variant: str | None = None
) -> Curve:
    overrides = {"scheme": scheme, "csi": csi, "snr_db": "{x}"}
    return curve(label, style, variant or scheme, overrides)


FIGURE = irsc_figure(
    name="irsc-csi",
    title="Perfect, estimated and outdated channel state",
    summary="SSIM with channel state from pilots over the SNR, and with outdated state",
    zoo=ZOO,
    note=f"{SNR}; mean of user 1 (MNIST) and user 2 (Fashion-MNIST); pilots: least squares, one "
    "pilot per antenna in turn (single) or all antennas at once (orthogonal), whose slots and "
    "energy are not counted; outdated: the ends know ρH + √(1−ρ²)W instead of H",
    context=context(2),
    panels=(
        Panel(
            title="Estimated from pilots",
            quantity=_BOTH,
            quantity_label=SSIM,
            x_label=SNR_LABEL,
            x=SNRS,
            limits=(0.4, 1.0),
            curves=(
                _estimated("CSIR: perfect CSI", "csir", "csir"),
                _estimated("CSIR: orthogonal pilots", "csir_orthogonal", "csir", "orthogonal"),
                _estimated("CSIR: single pilots", "csir_single", "csir", "single"),
                _estimated(
                    "CSIR trained on orthogonal", "csir_pilots", "csir", "orthogonal", "csir_pilots"
                ),
                _estimated("CSI-Free", "csi_free", "csi_free"),
                _estimated("with filter: perfect CSI", "csir_lmmse", "csir_lmmse"),
                _estimated(
                    "with filter: orthogonal pilots",
                    "csir_lmmse_orthogonal",
                    "csir_lmmse",
                    "orthogonal",
                ),
                _estimated(
                    "with filter, trained on orthogonal",
                    "csir_lmmse_pilots",
                    "csir_lmmse",
                    "orthogonal",
                    "csir_lmmse_pilots",
                ),
            ),
            references=_FLOOR,
        ),
        Panel(
            title="Outdated, at 15 dB",
            quantity=_BOTH,
            quantity_label=SSIM,
            x_label="correlation ρ of the known channel with the present one",
            x=_RHO,
            spacing="even",
            limits=(0.4, 1.0),
            curves=(
                scheme("csir_lmmse", snr_db="15", rho="{x}"),
                scheme("lmmse", snr_db="15", rho="{x}"),
                scheme("csir", snr_db="15", rho="{x}"),
                scheme("csitr", snr_db="15", rho="{x}"),
                scheme("csi_free", at=(), snr_db="15"),
            ),
            references=_FLOOR,
        ),
    ),
)
