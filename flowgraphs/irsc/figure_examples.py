"""Pictures as each scheme receives them."""

from __future__ import annotations

from semradio.flowgraphs.figures.declaration import Examples
from semradio.flowgraphs.irsc.interference import (
    RECIPE,
    SCHEMES,
    SEMI_CONVENTIONAL,
    SNR,
    ZOO,
    scheme,
)

FIGURE = Examples(
    name="irsc-examples",
    title="Pictures received at 0 dB",
    summary="The first test image of each class, as each scheme receives it (Wang et al., Fig. 4)",
    recipe=RECIPE,
    zoo=ZOO,
    note=f"{SNR} = 0 dB; test images, the same channels and noise in all rows; SSIM: eq. 9, whole "
    f"image; {SEMI_CONVENTIONAL}",
    rows=tuple(scheme(name, snr_db="0") for name in SCHEMES),
    users=("User 1: MNIST", "User 2: Fashion-MNIST"),
)
