"""Photographs over the SNR at one number of channel uses: conventional chains and DeepJSCC."""

from __future__ import annotations

from collections.abc import Mapping

from semradio.flowgraphs.figures.declaration import Curve, Figure, Panel, Text
from semradio.flowgraphs.figures.palette import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    VERMILION,
    Style,
)

_STYLES = {
    "jpeg": Style(ORANGE, "o"),
    "jpeg2000": Style(GREEN, "s"),
    "webp": Style(BLUE, "D"),
    "avif": Style(VERMILION, "^"),
    "hevc": Style(PURPLE, "X"),
}
_NAMES = {"jpeg": "JPEG", "jpeg2000": "JPEG 2000", "webp": "WebP", "avif": "AVIF", "hevc": "HEVC"}

_SNRS = (0.0, 5.0, 10.0, 15.0)
_CLIFF = (0.0, 5.0, 8.0, 9.0, 10.0, 15.0)
_SET = {"bits": "6", "code_rate": "466"}
"""The densest of 5G's steps (TS 38.214, table 5.1.3.1-1) that loses no picture at 10 dB."""
_ADAPTED: Mapping[str, Text] = {
    "bits": {0.0: "2", 5.0: "4", 10.0: "6", 15.0: "6"},
    "code_rate": {0.0: "379", 5.0: "378", 10.0: "466", 15.0: "719"},
}
"""The same for each SNR."""


def _curves(flowgraph: str, settings: Mapping[str, Text]) -> tuple[Curve, ...]:
    return tuple(
        Curve(
            _NAMES[codec],
            style,
            "",
            flowgraph,
            {"codec": codec, "snr_db": "{x}", **settings},
        )
        for codec, style in _STYLES.items()
    )


def _panel(
    title: str,
    quantity: str,
    label: str,
    x: tuple[float, ...],
    curves: tuple[Curve, ...],
    digits: int,
) -> Panel:
    return Panel(
        title=title,
        quantity=quantity,
        quantity_label=label,
        x_label="Es/N0 (dB)",
        x=x,
        curves=curves,
        digits=digits,
    )


def _learned(**settings: Text) -> Curve:
    return Curve("DeepJSCC", Style(BLACK, "P"), "", "photo_link", {"snr_db": "{x}", **settings})


_CHAIN = (*_curves("conventional_link", _SET), _learned(believed_db="10"))
_PSNR, _PSNR_LABEL = "quality.psnr_db", "PSNR (dB)"

FIGURE = Figure(
    name="photo-snr",
    title="Photographs over the SNR, 12 values to a channel use",
    summary="PSNR, SSIM and MS-SSIM of photographs: DeepJSCC, and codecs with 5G LDPC and QAM",
    recipe=None,
    note="Kodak photographs, k/n = 1/12; codec, 5G LDPC code and QAM; PSNR of the mean squared "
    "error over all pictures, a lost one is grey; set for 10 dB: 64-QAM, rate 466/1024; DeepJSCC: "
    "one model, told 10 dB or the SNR",
    settings={"photos": "kodak", "rows": "512", "columns": "768"},
    context=("photos", "codec", "values_per_use", "snr_db"),
    as_table=True,
    panels=(
        _panel("Set for 10 dB", _PSNR, _PSNR_LABEL, _CLIFF, _CHAIN, 2),
        _panel("Set for 10 dB", "quality.ssim_gauss11", "SSIM", _CLIFF, _CHAIN, 3),
        _panel("Set for 10 dB", "scales.ms_ssim", "MS-SSIM", _CLIFF, _CHAIN, 3),
        _panel(
            "Set for each SNR",
            _PSNR,
            _PSNR_LABEL,
            _SNRS,
            (*_curves("conventional_link", _ADAPTED), _learned()),
            2,
        ),
        _panel(
            "Ideal code at capacity",
            _PSNR,
            _PSNR_LABEL,
            _SNRS,
            _curves("codec_at_capacity", {}),
            2,
        ),
    ),
)
