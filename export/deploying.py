"""The files of a trained system, written one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from semradio.blocks.neural.model_card import ModelCard
from semradio.export.onnx_export import OpenAxes, export_onnx

UNROUNDED = "image_before_rounding"
"""An output that is compared and left out: a picture's values, of which the file gives integers."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One file to write, of the name that its card ends in.

    inputs : examples, by port. compared : outputs of which the card states the parity, and which
    the file leaves out. open_axes : as of :func:`~semradio.export.onnx_export.export_onnx`
    """

    module: nn.Module
    card: ModelCard
    inputs: Mapping[str, Tensor]
    compared: Sequence[str] = ()
    open_axes: OpenAxes = field(default_factory=dict)


def export_parts(parts: Iterable[Part], out: Path, **options: Any) -> list[Path]:
    """Write the files of a system into a folder, and return them.

    Args:
        options: of :func:`~semradio.export.onnx_export.export_onnx`, the same for all.

    Raises:
        ModelError: a file does not reproduce its network.
    """
    written = []
    for part in parts:
        path = out / f"{part.card.name.rpartition('/')[2]}.onnx"
        export_onnx(
            part.module,
            path,
            inputs=part.inputs,
            outputs=[*part.card.outputs, *part.compared],
            card=part.card,
            compared=part.compared,
            open_axes=part.open_axes,
            **options,
        )
        written.append(path)
    return written
