"""What Eve reads of the colour link, with and without a key."""

from __future__ import annotations

from semradio.flowgraphs.figures.declaration import Curve, Figure, Panel, Reference
from semradio.flowgraphs.figures.palette import BLACK, GREEN, Style
from semradio.flowgraphs.keyed import published_key

_NAMES = {"fixed": "learnt without a key", "adaptive": "learnt under keys"}
_EVES: dict[str, str | dict[str, str]] = {
    "attacker": {"fixed": "eve", "adaptive": "adaptive_eve"},
    "reader": {"fixed": "reader", "adaptive": "adaptive_reader"},
}


def _curve(label: str, style: Style, keyed: str) -> Curve:
    told: dict[str, str | dict[str, str]] = {**_EVES, "keyed": keyed, "session": "${seed}"}
    return Curve(label, style, "colour", "cifar_keyed", told)


_CURVES = (
    _curve("no key", Style(BLACK, "s"), "false"),
    _curve("keyed rotation", Style(GREEN, "D"), "true"),
)


def _accuracy(title: str, block: str) -> Panel:
    return Panel(
        title=title,
        kind="dots",
        quantity=f"{block}.accuracy",
        quantity_label="accuracy",
        x=tuple(_NAMES),
        names=_NAMES,
        limits=(0.0, 1.0),
        references=(Reference("chance", 0.1),),
        curves=_CURVES,
    )


def _quality(title: str, block: str) -> Panel:
    return Panel(
        title=title,
        kind="dots",
        quantity=f"{block}.psnr_db",
        quantity_label="PSNR (dB)",
        x=tuple(_NAMES),
        names=_NAMES,
        digits=2,
        curves=_CURVES,
    )


FIGURE = Figure(
    name="cifar-keyed",
    title="Eve on the colour link",
    summary="What Eve reads of CIFAR-10 pictures from symbols and decoded pictures, with and "
    "without a key",
    recipe="intercept",
    note="CIFAR-10 test pictures, k/n = 1/24, Es/N0 10 dB at Bob and Eve",
    settings={
        "pictures": "cifar10/test",
        # The key is published, and nothing is sent.
        "lock.reuse": "true",
        "quality.ssim": "false",
        "eve_quality.ssim": "false",
    },
    environment={published_key.VARIABLE: published_key.KEY},
    context=("pictures", "keyed", "attacker", "reader", "values_per_use", "snr_db", "eve_snr_db"),
    as_table=True,
    panels=(
        _accuracy("Eve reads symbols", "leakage"),
        _accuracy("Eve decodes the picture", "picture_leakage"),
        _quality("Bob's picture", "quality"),
        _quality("Eve's picture", "eve_quality"),
    ),
)
