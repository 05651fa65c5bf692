"""Item types and ports as GNU Radio has them: a dtype, a vector length, and numbered ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from semradio.blocks.api import Block, ItemType, ItemTypeError, Source
from semradio.blocks.api.port import Input, Output

GRC_TYPES = {
    "complex64": "complex",
    "float32": "float",
    "int32": "int",
    "int16": "short",
    "uint8": "byte",
    "complex128": "fc64",
    "float64": "f64",
    "int64": "s64",
    "int8": "byte",
    "uint16": "short",
    "uint32": "int",
    "uint64": "s64",
    "bool": "byte",
}
"""The type of a port in GNU Radio Companion for each dtype; float16 has none."""

ANY_INPUT, ANY_OUTPUT = "in", "out"
"""Names that stand for the only input and the only output of a block whose file names them."""

VectorLength = int | Sequence[int]
"""1 for single values, N for vectors, (rows, cols) and the like for items of several axes."""

Stated = Mapping[str, tuple[str, VectorLength]]
"""The dtype and vector length of ports, by port name."""


def item_type(dtype: str, vlen: VectorLength) -> ItemType:
    """Return the item type that GNU Radio Companion's two parameters state.

    Raises:
        ItemTypeError: there is no such type.
    """
    shape = (vlen,) if isinstance(vlen, int) else tuple(vlen)
    if not all(isinstance(n, int) and n > 0 for n in shape):
        raise ItemTypeError(f"a vector length is a positive integer, or a list of such: {vlen!r}")
    return ItemType(dtype, () if shape == (1,) else shape)


def open_output(cls: type[Block]) -> Output | None:
    """The output of a source that its parameter ``type`` describes, if there is such."""
    if not issubclass(cls, Source) or "type" not in cls.parameters:
        return None
    output = cls.declared_outputs[0]
    return output if output.pattern is None else None


def ordered(ports: Mapping[str, Input]) -> list[str]:
    """The names of a block's inputs in GNU Radio's order: those that may be left open come last.

    GNU Radio numbers connected ports without a gap.
    """
    return sorted(ports, key=lambda name: ports[name].optional)


def input_types(block: Block, stated: Stated) -> dict[str, ItemType]:
    """Return the item type of every input of a block.

    Raises:
        ItemTypeError: one is neither fixed by the block nor stated.
    """
    found: dict[str, ItemType] = {}
    for name in ordered(block.inputs):
        port = block.inputs[name]
        fixed = None if port.pattern is None else port.pattern.exact
        given = stated.get(port.name) or stated.get(ANY_INPUT)
        if fixed is None and given is None:
            raise ItemTypeError(f"block '{block.name}': the type of input '{name}' is not stated")
        found[name] = item_type(*given) if given is not None else fixed  # type: ignore[assignment]
    return found


def check_outputs(block: Block, stated: Stated) -> None:
    """Compare the item types that a block gives with those that are stated.

    Raises:
        ItemTypeError: they differ; what is connected to the block would misread its items.
    """
    for name, port in block.outputs.items():
        key = port.name if port.name in stated else ANY_OUTPUT
        if key not in stated:
            continue
        given, item = item_type(*stated[key]), block.output_item_types[name]
        if given != item:
            shape = list(item.shape) if len(item.shape) > 1 else item.size
            raise ItemTypeError(
                f"block '{block.name}' gives {item} on output '{name}', not {given}: set "
                f"{key}_type to {item.dtype} and {key}_vlen to {shape}"
            )
