"""The pair made of different networks, and trained against an Eve who learns along."""

from __future__ import annotations

from pathlib import Path

from semradio.flowgraphs.arn.pair import AT_10_DB, curve, pair_figure
from semradio.flowgraphs.figures.costs import microseconds, weights
from semradio.flowgraphs.figures.declaration import Panel, Reference

_NAMES = {
    "white-10": "mlp (the paper's)",
    "residual-10": "residual",
    "transformer-10": "transformer",
    "minmax-10": "mlp, trained min-max",
}


def _alice(folder: Path) -> Path:
    return folder / "alice.onnx"


FIGURE = pair_figure(
    name="arn-networks",
    title="Networks of the modules",
    summary="Modules of other networks and of min-max training: accuracy, MSE, size and time",
    note="SNR 10 dB at Bob and Eve, PSR limit -10 dB, white box; size and time are those of "
    "Alice's module, Bob's has the same network; one thread",
    as_table=True,
    costs={
        "module.parameters": lambda folder: weights(_alice(folder)),
        "module.microseconds": lambda folder: microseconds(_alice(folder)),
    },
    panels=(
        Panel(
            title="Eve's reading",
            kind="dots",
            quantity="leakage.accuracy",
            quantity_label="accuracy",
            x=tuple(_NAMES),
            names=_NAMES,
            limits=(0.0, 1.0),
            curves=(
                curve("fixed Eve", "white", "{x}", overrides=AT_10_DB),
                curve(
                    "adaptive Eve",
                    "adaptive",
                    "{x}",
                    overrides={**AT_10_DB, "attacker": "adaptive_eve"},
                ),
            ),
            references=(Reference("chance", 0.1),),
        ),
        Panel(
            title="Bob's picture",
            kind="dots",
            quantity="quality.mse",
            quantity_label="MSE per pixel",
            digits=4,
            x=tuple(_NAMES),
            names=_NAMES,
            curves=(curve("Bob's MSE", "white", "{x}", overrides=AT_10_DB),),
        ),
        Panel(
            title="Size of a module",
            kind="dots",
            quantity="module.parameters",
            quantity_label="parameters",
            digits=0,
            x=tuple(_NAMES),
            names=_NAMES,
            curves=(curve("parameters", "plain", "{x}"),),
        ),
        Panel(
            title="Time of a module",
            kind="dots",
            quantity="module.microseconds",
            quantity_label="µs per frame, batches of 64",
            digits=2,
            x=tuple(_NAMES),
            names=_NAMES,
            curves=(curve("µs per frame", "plain", "{x}"),),
        ),
    ),
)
