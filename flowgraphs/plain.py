"""Values as plain data: what messages, results and files can say of what Python holds."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np


def for_message(value: Any) -> Any:
    """Return what stands for an array or a number of NumPy in a message.

    For msgspec, which asks for what it does not know itself. TypeError for all else.
    """
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not plain data")


def for_json(value: Any) -> Any:
    """Return a value as JSON has it: no NaN and no infinity, which become None; keys are text."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(k): for_json(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [for_json(v) for v in value]
    if hasattr(value, "tolist"):
        return for_json(value.tolist())
    return value


def for_yaml(value: Any) -> Any:
    """Return a value as Python's own kinds that YAML has; TypeError if it has none for it."""
    if isinstance(value, np.ndarray | np.generic):
        return for_yaml(value.tolist())
    if isinstance(value, os.PathLike):
        return for_yaml(os.fspath(value))
    if isinstance(value, list | tuple):
        return [for_yaml(item) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("keys are text")
        return {key: for_yaml(item) for key, item in value.items()}
    if value is None or isinstance(value, bool | str):
        return value
    # Members of an enumeration become the numbers that they are.
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    raise TypeError("no kind of YAML")
