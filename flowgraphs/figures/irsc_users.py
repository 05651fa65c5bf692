"""More and more users on one channel."""

from __future__ import annotations

from semradio.flowgraphs.figures.declaration import Curve, Figure, Panel, Reference, Text
from semradio.flowgraphs.figures.interference import (
    CHANCE,
    FLOWGRAPH,
    MEAN_IMAGE,
    RECIPE,
    SNR,
    SSIM,
    ZOO,
    context,
)

_USERS = (1.0, 2.0, 3.0, 5.0)


def _curve(label: str, style: str, scheme: str, snr_db: str) -> Curve:
    overrides: dict[str, Text] = {
        "users": "{x}",
        "datasets": "[mnist]",
        "scheme": scheme,
        "snr_db": snr_db,
    }
    return Curve(label, style, f"{scheme}_mnist_{{x}}", FLOWGRAPH, overrides)


FIGURE = Figure(
    name="irsc-users",
    title="More users on a MIMO interference channel",
    summary="SSIM over the number of users, at 0 and 15 dB (Wang et al., Fig. 5)",
    recipe=RECIPE,
    zoo=ZOO,
    chance=CHANCE,
    note=f"{SNR}; 2 x 2 antennas per pair, 16 slots, perfect CSI; networks of width 128, trained "
    "for each number of users",
    settings={},
    context=context(5),
    as_table=True,
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
