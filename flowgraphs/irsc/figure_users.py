"""More and more users on one channel."""

from __future__ import annotations

from semradio.flowgraphs.figures.declaration import Curve, Panel, Reference, Text
from semradio.flowgraphs.irsc.interference import (
    MEAN_IMAGE,
    SNR,
    SSIM,
    ZOO,
    context,
    curve,
    irsc_figure,
)

_USERS = (1.0, 2.0, 3.0, 5.0)


def _curve(label: str, style: str, scheme: str, snr_db: str) -> Curve:
    overrides: dict[str, Text] = {
        "users": "{x}",
        "datasets": "[mnist]",
        "scheme": scheme,
        "snr_db": snr_db,
    }
    return curve(label, style, f"{scheme}_mnist_{{x}}", overrides)


FIGURE = irsc_figure(
    name="irsc-users",
    title="More users on a MIMO interference channel",
    summary="SSIM over the number of users, at 0 and 15 dB (Wang et al., Fig. 5)",
    zoo=ZOO,
    note=f"{SNR}; 2 x 2 antennas per pair, 16 slots, perfect CSI; networks of width 128, trained "
    "for each number of users",
    context=context(5),
    panels=(
        Panel(
            title="Mean of all users",
            quantity="quality[*].ssim_global",
            quantity_label=SSIM,
            x_label="users K, all of them with MNIST",
            x=_USERS,
            limits=(0.4, 1.0),
            curves=(
                _curve("IRSC CSIR, 15 dB", "csir_high_snr", "csir", "15"),
                _curve("IRSC CSITR, 15 dB", "csitr_high_snr", "csitr", "15"),
                _curve("IRSC CSIR, 0 dB", "csir", "csir", "0"),
                _curve("IRSC CSITR, 0 dB", "csitr", "csitr", "0"),
            ),
            references=(Reference("mean image", MEAN_IMAGE["mnist"]),),
        ),
    ),
)
