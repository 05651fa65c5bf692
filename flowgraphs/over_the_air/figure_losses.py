"""What each impairment costs, and the picture that comes out."""

from __future__ import annotations

from collections.abc import Mapping

from semradio.flowgraphs.figures.declaration import Curve, Figure, Panel, Reference, Text
from semradio.flowgraphs.figures.palette import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    Style,
)

_SNRS = (0.0, 5.0, 10.0, 15.0, 20.0)
_SNR = "Es/N0 (dB)"
_LOSS, _LOSS_LABEL = "loss.loss_db", "loss (dB)"
_PERFECT = {"offset": "0.0", "ppm": "0.0", "delay": "0.0"}
_HARD = {"offset": "0.005", "ppm": "20.0", "linewidth": "2.5e-6", "taps": "[1, 0, 0, 0, 0, 0.4j]"}
_CONVERTER = {"snr_db": "20", "clip": "1.0", "level": "{x}"}


def _curve(label: str, style: Style, flowgraph: str = "over_the_air", **given: Text) -> Curve:
    overrides: Mapping[str, Text] = {"snr_db": "{x}", **given}
    return Curve(label, style, "white-10", flowgraph, overrides)


FIGURE = Figure(
    name="over-the-air",
    title="The protected link over the air",
    summary="what carrier, clock, phase noise, echoes and converters cost, and Bob's picture",
    recipe="arn",
    zoo="arn",
    chance=("noise", "phase noise"),
    note="Loss: error of the received frames over that of noise alone at the same Es/N0; bursts of "
    "256 frames, 4 samples to a symbol; widths and offsets relative to the symbol rate",
    settings={"quality.ssim": "false"},
    context=("dataset", "split", "snr_db", "protect", "receive.lost", "receive.snr_db"),
    as_table=True,
    panels=(
        Panel(
            title="Offsets, phase noise, mixer",
            quantity=_LOSS,
            quantity_label=_LOSS_LABEL,
            x_label=_SNR,
            x=_SNRS,
            limits=(0.0, 1.0),
            digits=2,
            curves=(
                _curve("noise alone", Style(BLACK, "s"), **_PERFECT),
                _curve("carrier off by 2 %", Style(BLUE, "o"), **{**_PERFECT, "offset": "0.005"}),
                _curve("clock off by 100 ppm", Style(SKY, "D"), **{**_PERFECT, "ppm": "100.0"}),
                _curve("DC 20 dB down", Style(GREEN, "D", "-."), **{**_PERFECT, "air.dc": "0.025"}),
                _curve(
                    "mirror image 30 dB down",
                    Style(PURPLE, "X", ":"),
                    **{**_PERFECT, "air.iq_phase": "3.0", "air.iq_gain_db": "0.3"},
                ),
                _curve(
                    "linewidth 1e-5",
                    Style(ORANGE, "v", "--"),
                    **{**_PERFECT, "linewidth": "2.5e-6"},
                ),
                _curve(
                    "linewidth 5e-5",
                    Style(VERMILION, "^", "--"),
                    **{**_PERFECT, "linewidth": "1.25e-5"},
                ),
            ),
        ),
        Panel(
            title="Echoes",
            quantity=_LOSS,
            quantity_label=_LOSS_LABEL,
            x_label=_SNR,
            x=_SNRS,
            limits=(0.0, 3.0),
            digits=2,
            curves=(
                _curve(
                    "-8 dB after 1.25 symbols",
                    Style(GREEN, "D"),
                    **{**_PERFECT, "taps": "[1, 0, 0, 0, 0, 0.4j]"},
                ),
                _curve(
                    "-6 dB after 0.75 symbols",
                    Style(PURPLE, "X"),
                    **{**_PERFECT, "taps": "[1, 0, 0, 0.5j]"},
                ),
                _curve("all together", Style(VERMILION, "^", "--"), **_HARD),
            ),
            references=(
                Reference("ideal filter, 1.25 symbols", 1.14, 20.0),
                Reference("ideal filter, 0.75 symbols", 2.17, 20.0),
            ),
        ),
        Panel(
            title="A converter at 20 dB",
            quantity=_LOSS,
            quantity_label=_LOSS_LABEL,
            x_label="mean power of a burst (dBFS)",
            x=(-30.0, -24.0, -18.0, -12.0, -9.0, -6.0, -3.0, 0.0),
            limits=(0.0, 3.0),
            digits=2,
            curves=(
                _curve("6 bits", Style(VERMILION, "^"), **{**_CONVERTER, "bits": "6"}),
                _curve("8 bits", Style(BLUE, "o"), **{**_CONVERTER, "bits": "8"}),
                _curve("12 bits", Style(BLACK, "s"), **{**_CONVERTER, "bits": "12"}),
            ),
        ),
        Panel(
            title="Bob's picture",
            quantity="quality.psnr_db",
            quantity_label="PSNR (dB)",
            x_label=_SNR,
            x=_SNRS,
            digits=2,
            curves=(
                _curve("noise alone, no radio", Style(BLACK, "s"), "arn_link"),
                _curve("over the air", Style(BLUE, "o")),
                _curve("with an echo and phase noise", Style(VERMILION, "^", "--"), **_HARD),
            ),
        ),
    ),
)
