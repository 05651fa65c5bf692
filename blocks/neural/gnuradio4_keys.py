"""What a model file says to the ONNX block of GNU Radio 4, and how that block scales its input.

``OnnxInference`` of GNU Radio 4 sets itself up by texts in the file's metadata: ``input_size``,
``history_depth`` and ``normalise_mode``. A file that has them runs in both programs alike.

Source: GNU Radio 4, blocks/onnx/README.md, "Model I/O contract" and "Normalisation".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from semradio.blocks.api import Array, ModelError

_SIZES = ("input_size", "fft_size")
_DEPTH, _MODE = "history_depth", "normalise_mode"
_CLIP = (-5.0, 10.0)
_TINY = 1e-10
_MAD_TO_DEVIATION = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


@dataclass(frozen=True)
class Gnuradio4Keys:
    """The keys of one file.

    input_size : values of a frame, N. history_depth : frames of a window, M
    normalise_mode : how each frame is scaled before the model
    """

    input_size: int
    history_depth: int = 1
    normalise_mode: str = "None"

    def to_metadata(self) -> dict[str, str]:
        """Return the keys as they stand in a file."""
        return {
            _SIZES[0]: str(self.input_size),
            _DEPTH: str(self.history_depth),
            _MODE: self.normalise_mode,
        }

    @classmethod
    def read(cls, metadata: Mapping[str, str], path: Path) -> Self | None:
        """Return the keys of a file; None where it has none.

        Raises:
            ModelError: a key is no number, or the normalisation is not known here.
        """
        sizes = [metadata[key] for key in _SIZES if key in metadata]
        if not sizes:
            return None
        mode = metadata.get(_MODE, "None")
        if mode not in NORMALISATIONS:
            raise ModelError(
                f"model {path} asks for the normalisation '{mode}' of GNU Radio 4; known here: "
                f"{', '.join(NORMALISATIONS)}"
            )
        try:
            return cls(int(sizes[0]), int(metadata.get(_DEPTH, "1")), mode)
        except ValueError:
            raise ModelError(
                f"model {path}: {_SIZES[0]} and {_DEPTH} are whole numbers, not '{sizes[0]}' and "
                f"'{metadata.get(_DEPTH, '1')}'"
            ) from None


def normalised(x: Array, mode: str) -> Array:
    """Return frames, float32[..., N], each scaled by itself as a mode says."""
    scaled: Array = NORMALISATIONS[mode](x.astype(np.float64)).astype(x.dtype)
    return scaled


def _min_max(x: Array) -> Array:
    low, high = x.min(-1, keepdims=True), x.max(-1, keepdims=True)
    span = high - low
    scaled: Array = np.where(span < _TINY, 0.0, (x - low) / np.maximum(span, _TINY))
    return scaled


def _z_score(x: Array) -> Array:
    deviation = np.maximum(x.std(-1, keepdims=True), _TINY)
    scaled: Array = np.clip((x - x.mean(-1, keepdims=True)) / deviation, *_CLIP)
    return scaled


def _log_mad(x: Array) -> Array:
    logs = np.log10(x - x.min(-1, keepdims=True) + 1.0)
    middle = np.median(logs, axis=-1, keepdims=True)
    spread = np.median(np.abs(logs - middle), axis=-1, keepdims=True)
    spread = np.where(spread < _TINY, logs.std(-1, keepdims=True) + _TINY, spread)
    scaled: Array = np.clip((logs - middle) / (_MAD_TO_DEVIATION * spread + _TINY), *_CLIP)
    return scaled


NORMALISATIONS: Mapping[str, Callable[[Array], Array]] = {
    "None": lambda x: x,
    "LogMAD": _log_mad,
    "MinMax": _min_max,
    "ZScore": _z_score,
}
"""The modes; GNU Radio 4 has ``Expression`` besides, a program of its own."""
