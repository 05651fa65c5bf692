"""Export a finished run of the ``intercept`` recipe as ONNX files with model cards."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from semradio.blocks.neural.model_card import ModelCard
from semradio.export.deploying import Part, export_parts
from semradio.export.fitting import load_best
from semradio.export.recipes.intercept.air import Air
from semradio.export.recipes.intercept.eves import EVES
from semradio.export.recipes.intercept.report import Report
from semradio.export.recipes.intercept.train import untrained
from semradio.export.seeds import generator

_EXAMPLES = 32
_SIDES = (32, 32)
_BATCHES = (1, 2, 7, 40)
_TOLERANCE = 1e-4
"""Of logits: the sums of convolutions round more than 1e-5."""
_NOT_CONFIDENTIAL = "A lower bound: a stronger attacker learns more where there is anything."


def export(folder: Path, out: Path) -> list[Path]:
    """Export the eavesdroppers of a finished run, for pictures of 32 x 32 pixels.

    Weights are stored with 16 bits. The cards hold their accuracy with and without a key.

    Returns the files written. Raises :class:`~semradio.blocks.errors.ModelError` if the run
    is not finished or a file does not reproduce its network.
    """
    report = Report.read(folder)
    examples = _examples(report)
    parts = []
    for name, eve in EVES.items():
        module = untrained(name, report.config, examples["symbols"], _SIDES, len(report.classes))
        load_best(folder / f"{name}.pt", {"eve": module})
        heard = examples["pictures" if eve.pictures else "symbols"]
        parts.append(Part(module=module, card=_card(name, report), inputs={"y": heard}))
    return export_parts(parts, out, tolerance=_TOLERANCE, batches=_BATCHES, half=True)


def _examples(report: Report) -> dict[str, Tensor]:
    source = generator(0, "export", "examples")
    pixels = torch.randint(0, 256, (_EXAMPLES, 3, *_SIDES), generator=source, dtype=torch.uint8)
    air = Air(report.config)
    symbols = air.received(air.features(air.sent(pixels)), source)
    return {"pictures": air.pictures(symbols), "symbols": symbols}


def _card(name: str, report: Report) -> ModelCard:
    config, eve = report.config, EVES[name]
    heard = (
        "picture [row, column, colour], 0 to 255, as the receiver decodes it without a key"
        if eve.pictures
        else "received symbols of mean power 1 before noise, as features [feature, row, column]: "
        "of symbol i of a place the real part at 2i, the imaginary one at 2i + 1"
    )
    return ModelCard(
        name=f"intercept/{name}",
        role="eavesdropper",
        system="intercept",
        summary=f"{eve.summary} For {config.link} at k/n = 1/{config.values_per_use:g} and "
        f"pictures of 32 x 32 pixels. {_NOT_CONFIDENTIAL}",
        inputs={"y": heard},
        outputs={"logits": f"one value per class: {', '.join(report.classes)}"},
        power_normalisation="outside the model: a mean power of 1 per complex symbol for each "
        "picture; SNR is Es/N0 of a complex symbol",
        snr_db=config.snr_db,
        dataset=", ".join(config.datasets),
        split=report.split,
        seed=config.seed,
        metrics={
            "test.accuracy_without_key": report.plain[name],
            "test.accuracy_with_key": report.keyed[name],
        },
        architecture=f"three 3 x 3 convolutions of {config.width} features with ReLU, one linear "
        "layer",
        source="none: a plain convolutional classifier",
        licence="MIT",
    )
