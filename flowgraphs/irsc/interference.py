"""What the figures of links over the MIMO interference channel have in common."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from semradio.flowgraphs.figures.declaration import Curve, Figure, Text, X
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

ZOO = RECIPE = "irsc"
FLOWGRAPH = "irsc_link"

SNR = "SNR = P/σ² per receive antenna"
"""The definition, for every plot; P is the mean power per transmit antenna and slot."""
SNR_LABEL = f"{SNR} (dB)"
SNRS = (-5.0, 0.0, 5.0, 10.0, 15.0, 20.0)

SSIM = "SSIM (eq. 9, whole image)"
MEAN_IMAGE = {"mnist": 0.443, "fashion-mnist": 0.466}
"""SSIM of the mean training image, which needs no channel at all."""

CHANCE = ("channels", "noise")

# Solid lines are the paper's schemes.
STYLES = {
    "bound": Style(BLACK, "s"),
    "csir": Style(BLUE, "o"),
    "csitr": Style(SKY, "s", filled=False),
    "csi_free": Style(VERMILION, "^"),
    "plugin_1": Style(GREEN, "D"),
    "plugin_2": Style(GREEN, "D", filled=False),
    "plugin_short": Style(GREEN, "v", ":", filled=False),
    "trained_1": Style(GREEN, "v", "--"),
    "trained_2": Style(GREEN, "v", "--", filled=False),
    "lmmse": Style(ORANGE, "P", "--", filled=False),
    "tdma": Style(PURPLE, "X", "-."),
    "csir_lmmse": Style(ORANGE, "P", "--"),
    "csir_single": Style(BLUE, "o", ":", filled=False),
    "csir_orthogonal": Style(BLUE, "o", "-.", filled=False),
    "csir_pilots": Style(BLUE, "D", "-."),
    "csir_lmmse_orthogonal": Style(ORANGE, "P", ":", filled=False),
    "csir_lmmse_pilots": Style(ORANGE, "X", "-."),
    "weights": Style(BLACK, "s"),
    "low_snr": Style(BLUE, "o"),
    "high_snr": Style(VERMILION, "^"),
    "csir_high_snr": Style(BLUE, "o", "--", filled=False),
    "csitr_high_snr": Style(SKY, "s", "--"),
}
"""The looks by what they stand for, the same in all figures."""

SCHEMES = {
    "interference_free": ("Interference-Free (bound)", "bound", "interference_free"),
    "csir": ("IRSC CSIR", "csir", "csir"),
    "csitr": ("IRSC CSITR", "csitr", "csitr"),
    "csi_free": ("CSI-Free", "csi_free", "csi_free"),
    "semi_plugin_1": ("Semi-Conv. plug-in, d = 1", "plugin_1", "interference_free_1"),
    "semi_plugin_1_short": (
        "Semi-Conv. plug-in, d = 1, short",
        "plugin_short",
        "interference_free_1_short",
    ),
    "semi_plugin_2": ("Semi-Conv. plug-in, d = 2", "plugin_2", "interference_free"),
    "semi_trained_1": ("Semi-Conv. trained, d = 1", "trained_1", "semi_trained_1"),
    "semi_trained_2": ("Semi-Conv. trained, d = 2", "trained_2", "semi_trained_2"),
    "lmmse": ("LMMSE front end", "lmmse", "lmmse"),
    "tdma": ("TDMA", "tdma", "tdma"),
    "csir_lmmse": ("CSIR, code and cancelling", "csir_lmmse", "csir_lmmse"),
}
"""Label, style and variant of each scheme of the flowgraph. What is plugged behind a design of
precoders was trained on a clean link."""

SEMI_CONVENTIONAL = (
    "Semi-Conventional: precoders and receive filters designed for each channel, d streams per "
    "user (d = 2 is the paper's, and infeasible), around networks trained on a clean link "
    "(plug-in) or through the design (trained)"
)


def scheme(name: str, at: tuple[X, ...] | None = None, **overrides: Text) -> Curve:
    """Return the curve of a scheme, with the variables that differ from the flowgraph's."""
    label, style, variant = SCHEMES[name]
    return curve(label, style, variant, {"scheme": name, **overrides}, at)


def curve(
    label: str,
    style: str,
    variant: Text,
    overrides: Mapping[str, Text] | None = None,
    at: tuple[X, ...] | None = None,
) -> Curve:
    """Return a curve of the link, in a style of :data:`STYLES`."""
    return Curve(label, STYLES[style], variant, FLOWGRAPH, overrides or {}, at)


def context(users: int) -> tuple[str, ...]:
    """Return what the table tells of each run: variables, and all measures of so many users."""
    measures = ("ssim_global", "ssim_gauss11", "psnr_db", "mse")
    return (
        "users",
        "scheme",
        "datasets",
        "split",
        "snr_db",
        "csi",
        "estimator",
        "rho",
        "fading",
        *(f"quality[{k}].{measure}" for k in range(users) for measure in measures),
    )


irsc_figure = partial(Figure, recipe=RECIPE, chance=CHANCE, as_table=True)
"""Makes a figure of links over the interference channel."""
