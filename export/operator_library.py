"""Lets torch's ONNX exporter read its library of operators once, not anew for every model.

It parses the source of some five hundred functions for each export, and infers their signatures,
which takes longer than all the rest for networks of this size. The functions do not change while a
program runs.
"""

from __future__ import annotations

import copy
import functools
from typing import Any


@functools.cache
def read_once() -> bool:
    """Keep what the exporter has read of its library.

    Returns:
        Whether this version of the exporter has the places where that is done; without them models
        are exported all the same, more slowly.
    """
    try:
        from torch.onnx._internal._lazy_import import onnxscript_apis  # type: ignore[attr-defined]
        from torch.onnx._internal.exporter._registration import ONNXRegistry

        onnxscript_apis.get_torchlib_ops = functools.cache(onnxscript_apis.get_torchlib_ops)
        read = functools.cache(ONNXRegistry.from_torchlib)
    except (ImportError, AttributeError):
        return False

    def from_torchlib(*opset: int, **named: int) -> Any:
        # A copy: who exports by torch alone may add operators of his own to it.
        registry = copy.copy(read(*opset, **named))
        registry.functions = {name: list(found) for name, found in registry.functions.items()}
        return registry

    ONNXRegistry.from_torchlib = staticmethod(from_torchlib)  # type: ignore[method-assign]
    return True
