"""The one call that a generated GNU Radio program makes: a semradio block, ready to connect."""

from __future__ import annotations

from typing import Any

from semradio.blocks.api import SemradioError, registry
from semradio.flowgraphs.gnuradio.adaptor import passes_straight
from semradio.flowgraphs.gnuradio.general_adaptor import GeneralAdaptor
from semradio.flowgraphs.gnuradio.io_types import (
    Stated,
    check_outputs,
    input_types,
    item_type,
    open_output,
)
from semradio.flowgraphs.gnuradio.sync_adaptor import SyncAdaptor
from semradio.flowgraphs.gnuradio.texts import read


def make(kind: str, name: str, types: Stated | None = None, **parameters: Any) -> Any:
    """Return a semradio block as a block of GNU Radio's.

    Args:
        kind: block type, such as ``awgn_channel``.
        name: the block's name, which seeds its noise: as in a semradio flowgraph.
        types: dtype and vector length of each port that the block leaves open, such as
            ``{"x": ("float32", 23)}``; those of outputs are compared with what the block gives.
        parameters: the block's own.

    Raises:
        BlockNotFoundError, ParameterError, ItemTypeError, ModelError, DatasetError: the block
            cannot be made like this; the text names it.
    """
    stated = types or {}
    try:
        cls = registry.find(kind)
        parameters = read(cls.parameters, parameters)
        output = open_output(cls)
        if output is not None and output.name in stated:
            parameters["type"] = str(item_type(*stated[output.name]))
        block = cls(name=name, **parameters)
        block.resolve(input_types(block, stated))
        check_outputs(block, stated)
    except SemradioError as error:
        # What a parameter is refused with names the block type, which may be there several times.
        known, text = f"block '{name}'", str(error).removeprefix(f"block '{kind}': ")
        if known not in text:
            error.args = (f"{known}: {text}", *error.args[1:])
        raise
    return SyncAdaptor(block) if passes_straight(block) else GeneralAdaptor(block)
