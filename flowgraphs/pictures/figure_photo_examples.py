"""Photographs as DeepJSCC and a conventional chain bring them over."""

from __future__ import annotations

from semradio.flowgraphs.figures.declaration import Curve, Examples
from semradio.flowgraphs.figures.palette import BLACK, ORANGE, Style

_LEARNED, _CHAIN = Style(BLACK, "P"), Style(ORANGE, "o")


def _learned(snr_db: str) -> Curve:
    return Curve(f"DeepJSCC, {snr_db} dB", _LEARNED, "", "photo_link", {"snr_db": snr_db})


def _chain(label: str, codec: str, snr_db: str, bits: str, code_rate: str) -> Curve:
    settings = {"codec": codec, "snr_db": snr_db, "bits": bits, "code_rate": code_rate}
    return Curve(label, _CHAIN, "", "conventional_link", settings)


FIGURE = Examples(
    name="photo-examples",
    title="Photographs received, 12 values to a channel use",
    summary="Photographs as DeepJSCC receives them, and JPEG with 5G LDPC and QAM",
    recipe=None,
    note="Kodak photographs, k/n = 1/12; PSNR of the mean squared error; JPEG, 5G LDPC code and "
    "QAM: set for 10 dB with 64-QAM, rate 466/1024, for 5 dB with 16-QAM, 378/1024, for 0 dB with "
    "4-QAM, 379/1024; a lost picture is grey",
    settings={"photos": "kodak", "rows": "512", "columns": "768"},
    rows=(
        _learned("10"),
        _chain("JPEG set for 10 dB, 10 dB", "jpeg", "10", "6", "466"),
        _learned("5"),
        _chain("JPEG set for 10 dB, 5 dB", "jpeg", "5", "6", "466"),
        _chain("JPEG set for 5 dB, 5 dB", "jpeg", "5", "4", "378"),
        _learned("0"),
        _chain("JPEG set for 0 dB, 0 dB", "jpeg", "0", "2", "379"),
    ),
    users=("Kodak",),
    sheet="pictures",
    quantity="quality.psnr_db",
    quantity_label="PSNR (dB)",
    pictures=4,
    high=0.8,
    digits=2,
)
