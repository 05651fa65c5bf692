"""Pictures of 32 x 32 pixels over the SNR: one model at four rates, and the published network."""

from __future__ import annotations

from semradio.flowgraphs.figures.declaration import Curve, Figure, Panel
from semradio.flowgraphs.figures.palette import (
    BLUE,
    FAINT,
    GREEN,
    ORANGE,
    VERMILION,
    Style,
)

_RATES = {
    3: Style(VERMILION, "^"),
    6: Style(BLUE, "o"),
    12: Style(GREEN, "s"),
    24: Style(ORANGE, "D"),
}
_SNRS = (-5.0, 0.0, 5.0, 10.0, 15.0, 20.0)


def _curve(label: str, style: Style, **settings: str) -> Curve:
    return Curve(label, style, "", "cifar_link", {"snr_db": "{x}", **settings})


FIGURE = Figure(
    name="cifar-snr",
    title="Pictures of 32 x 32 pixels over the SNR",
    summary="PSNR of CIFAR-10's test pictures: one model at four rates, and the published network",
    recipe=None,
    note="CIFAR-10 test pictures; one model for all rates k/n and SNR; the published five-layer "
    "network for 1/6 and 10 dB; PSNR of the mean squared error over all pictures",
    settings={"pictures": "cifar10/test"},
    context=("pictures", "model", "values_per_use", "snr_db"),
    as_table=True,
    panels=(
        Panel(
            title="Told the SNR",
            quantity="quality.psnr_db",
            quantity_label="PSNR (dB)",
            x_label="Es/N0 (dB)",
            x=_SNRS,
            digits=2,
            curves=(
                *(
                    _curve(f"k/n = 1/{rate}", style, values_per_use=str(rate))
                    for rate, style in _RATES.items()
                ),
                _curve(
                    "k/n = 1/6, of 1/3",
                    Style(BLUE, "o", "--", filled=False),
                    values_per_use="3",
                    decoded="6",
                ),
                _curve("published, k/n = 1/6", Style(FAINT, "X", ":"), model="published"),
            ),
        ),
        Panel(
            title="Told 10 dB",
            quantity="quality.psnr_db",
            quantity_label="PSNR (dB)",
            x_label="Es/N0 (dB)",
            x=_SNRS,
            digits=2,
            curves=tuple(
                _curve(f"k/n = 1/{rate}", style, values_per_use=str(rate), believed_db="10")
                for rate, style in _RATES.items()
            ),
        ),
    ),
)
