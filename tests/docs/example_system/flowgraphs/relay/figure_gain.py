"""The relay's gain over the SNR."""

from __future__ import annotations

from semradio.flowgraphs.figures.declaration import Curve, Figure, Panel
from semradio.flowgraphs.figures.palette import BLUE, ORANGE, Style

_AT = {"snr_db": "{x}"}

FIGURE = Figure(
    name="relay-gain",
    title="A relay",
    summary="The power gain of the relay over the SNR",
    recipe="relay",
    context=("snr_db",),
    panels=(
        Panel(
            title="Gain",
            quantity="power.power_gain_db",
            quantity_label="gain (dB)",
            x_label="SNR (dB)",
            x=(0.0, 20.0),
            curves=(
                Curve("double", Style(BLUE, "o"), "double", "relay_link", _AT),
                Curve("half", Style(ORANGE, "s"), "half", "relay_link", _AT),
            ),
        ),
    ),
)
