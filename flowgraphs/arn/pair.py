"""What the figures of the paired modules have in common."""

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
from semradio.flowgraphs.keyed import published_key

AT_10_DB = {"snr_db": "10"}
PSR_DB = (-20.0, -15.0, -10.0, -5.0)
"""Limits on the power of the attack for which there are modules."""

STYLES = {
    "plain": Style(BLACK, "s"),
    "bob": Style(SKY, "D"),
    "alice": Style(ORANGE, "v", "-.", filled=False),
    "halved": Style(PURPLE, "P", ":"),
    "white": Style(BLUE, "o"),
    "white_quiet": Style(BLUE, "o", "-.", filled=False),
    "white_fixed": Style(BLUE, "o", "--", filled=False),
    "black": Style(VERMILION, "^"),
    "black_quiet": Style(VERMILION, "^", "-.", filled=False),
    "black_fixed": Style(VERMILION, "^", "--", filled=False),
    "adaptive": Style(PURPLE, "X", "--"),
    "fgsm": Style(GREEN, "v"),
    "fgsm_off": Style(GREEN, "v", ":", filled=False),
    "keyed": Style(GREEN, "D"),
}
"""The looks by what they stand for, the same in all figures."""

CONTEXT = (
    "dataset",
    "split",
    "snr_db",
    "eve_snr_db",
    "protect",
    "restore",
    "follow",
    "attacker",
    "power.psr_db",
    "power.power_gain_db",
)
"""What the tables tell of each run."""


def curve(
    label: str,
    style: str,
    variant: Text = "white-10",
    flowgraph: str = "arn_link",
    overrides: Mapping[str, Text] | None = None,
    at: tuple[X, ...] | None = None,
) -> Curve:
    """Return a curve of the link with the paired modules, in a style of :data:`STYLES`."""
    return Curve(label, STYLES[style], variant, flowgraph, overrides or {}, at)


pair_figure = partial(
    Figure,
    recipe="arn",
    # The windowed SSIM takes most of the time of a run, and none of the figures shows it.
    settings={"quality.ssim": "false"},
    environment={published_key.VARIABLE: published_key.KEY},
    context=CONTEXT,
)
"""Makes a figure of the paired modules."""
