"""Checkpoint files: written whole or not at all, read without executing anything."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from semradio.blocks.errors import ModelError
from semradio.blocks.part_file import write_whole

FORMAT = 2
"""Version of the layout of a checkpoint."""


def save(path: Path, state: Mapping[str, Any]) -> None:
    """Write a checkpoint: tensors, numbers, text, and lists and dictionaries of them.

    Raises :class:`OSError` if it cannot be written.
    """
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, **state}, buffer)
    write_whole(path, buffer.getvalue(), durable=True)


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint; nothing but tensors and plain values is accepted in it.

    Raises :class:`ModelError` if the file is not there or is not such a checkpoint.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ModelError(f"no checkpoint {path}") from error
    # A damaged file may fail anywhere in the reader, with any exception.
    except Exception as error:
        raise ModelError(f"{path} is not a checkpoint of semradio, or is damaged") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise ModelError(f"{path} is not a checkpoint of semradio (format {FORMAT})")
    return state
