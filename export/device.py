"""Where a run trains."""

from __future__ import annotations

from typing import Literal

import torch

from semradio.blocks.errors import ParameterError


def device_for(wanted: Literal["auto", "cpu", "cuda"]) -> torch.device:
    """Return the device that the setting ``device`` of a recipe asks for.

    Raises :class:`ParameterError` if that is a GPU and torch finds none.
    """
    present = torch.cuda.is_available()
    if wanted == "cuda" and not present:
        raise ParameterError(
            "setting 'device=cuda', but torch finds no GPU here: use device=auto or device=cpu",
            "device",
        )
    return torch.device("cuda" if present and wanted != "cpu" else "cpu")
