"""Block descriptions for GNU Radio Companion, made from the blocks' own declarations.

Format: GNU Radio 3.10, ``grc/core/schema_checker/block.py``, ``.block.yml`` files of format 1.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal, get_origin

from semradio.blocks.api import Block, ItemType, ItemTypeError, SemradioError, registry
from semradio.blocks.api.docstring import block_doc
from semradio.blocks.api.parameter import Parameter
from semradio.blocks.api.port import Input, Output, Port
from semradio.blocks.neural.model_block import ModelBlock
from semradio.blocks.neural.model_file import list_models, read_card
from semradio.flowgraphs.gnuradio.first_values import first_types, first_values
from semradio.flowgraphs.gnuradio.io_types import (
    ANY_INPUT,
    ANY_OUTPUT,
    GRC_TYPES,
    open_output,
)
from semradio.flowgraphs.gnuradio.labels import block_label, parameter_label, words_of
from semradio.flowgraphs.gnuradio.texts import NOTHING, is_text, may_be_none, words

PREFIX = "semradio_"
"""What the ids of the blocks in GNU Radio Companion begin with."""

MODULE = "semradio_gnuradio"
"""The module that generated programs import; see :mod:`.installation`."""

OWN_BLOCKS_OF_GNURADIO = ("gnuradio", "soapy_")
"""Category, and beginning of names, of blocks for which GNU Radio has its own."""

_TYPICAL_SHAPES: tuple[tuple[int, ...], ...] = ((), (23,), (28, 28), (28, 28, 3))
"""Shapes first shown, the first that a port takes: values, frames, images."""

_IMAGE = ItemType("uint8", (28, 28))


def described() -> list[str]:
    """Return the block types that GNU Radio Companion gets, sorted.

    Left out are those for which GNU Radio has its own, those that run code that they name, those
    that GNU Radio's process would not find, and those of :func:`inexpressible`.
    """
    without = inexpressible()
    return [name for name in _candidates() if name not in without]


def inexpressible() -> dict[str, str]:
    """Return the blocks that would be described, but for a port of which GNU Radio has no type.

    By name, with the reason.
    """
    found = {}
    for name in _candidates():
        cls = registry.find(name)
        try:
            for port in (*cls.declared_inputs, *cls.declared_outputs):
                _first_type(port)
        except ItemTypeError as error:
            found[name] = str(error)
    return found


def _candidates() -> list[str]:
    category, prefix = OWN_BLOCKS_OF_GNURADIO
    return [
        name
        for name in sorted(registry.names())
        if not name.startswith(prefix)
        and registry.find(name).category != category
        and not registry.find(name).needs_code
        and registry.loadable(registry.find(name))
    ]


def block_yml(name: str, imports: str) -> str:
    """Return the ``.block.yml`` of a block type; ``imports``: code that imports :data:`MODULE`.

    Raises:
        BlockNotFoundError: there is no such block.
    """
    return _yaml(description(registry.find(name), imports))


def description(cls: type[Block], imports: str) -> dict[str, Any]:
    """Return what stands in the ``.block.yml`` of a block class."""
    ports = _Ports(cls)
    filled = open_output(cls)
    shown = {
        key: declared
        for key, declared in cls.parameters.items()
        if not (filled is not None and key == "type")
    }
    suggested = first_values().get(cls.block_type, {})
    found: dict[str, Any] = {
        "id": PREFIX + cls.block_type,
        "label": block_label(cls.block_type),
        "category": f"[semradio]/{words_of(cls.category)}",
        "flags": ["python", *(["throttle"] if cls.block_type == "throttle" else [])],
        "parameters": [
            *(p for port in ports.open() for p in ports.parameters(port)),
            *(_parameter(cls, key, p, suggested.get(key)) for key, p in shown.items()),
        ],
    }
    for key, sides in (("inputs", ports.inputs), ("outputs", ports.outputs)):
        if sides:
            found[key] = [ports.port(port) for port in sides]
    asserts = [test for key, p in shown.items() for test in _limits(key, p)]
    if asserts:
        found["asserts"] = asserts
    stated = "".join(
        f"'{port}': ('${{{port}_type}}', ${{{port}_vlen}}), "
        for port in (p.name for p in ports.open())
    )
    values = "".join(f", {key}=${{{key}}}" for key in shown)
    found["templates"] = {
        "imports": imports,
        "make": f"{MODULE}.make('{cls.block_type}', '${{id}}', {{{stated.rstrip(', ')}}}{values})",
        "callbacks": [f"set_{key}(${{{key}}})" for key, p in shown.items() if p.live],
    }
    found["documentation"] = _documentation(cls)
    found["file_format"] = 1
    return found


class _Ports:
    """The ports of a block class as GNU Radio Companion shows them."""

    def __init__(self, cls: type[Block]) -> None:
        self.cls = cls
        self.inputs: list[Input] = sorted(cls.declared_inputs, key=lambda port: port.optional)
        self.outputs: list[Output] = list(cls.declared_outputs)
        if not self.inputs and not self.outputs:
            # The ports are named by a file: GNU Radio Companion gets one of each.
            first, last = Input("any[...]"), Output()
            first.name, last.name = ANY_INPUT, ANY_OUTPUT
            self.inputs, self.outputs = [first], [last]
        self.first = self._first_types()

    def open(self) -> list[Port]:
        """The ports whose item type the user states."""
        return [
            port
            for port in (*self.inputs, *self.outputs)
            if getattr(port, "like", None) is None and _exact(port) is None
        ]

    def parameters(self, port: Port) -> list[dict[str, Any]]:
        """The two parameters that state the item type of a port."""
        key, item = port.name, self.first[port.name]
        dtypes = [dtype for dtype in GRC_TYPES if _accepts(port, dtype)]
        vlen = item.size if len(item.shape) < 2 else list(item.shape)
        return [
            {
                "id": f"{key}_type",
                "label": f"Type of {key}",
                "dtype": "enum",
                "default": item.dtype,
                "options": dtypes,
                "option_attributes": {"grc": [GRC_TYPES[dtype] for dtype in dtypes]},
                "hide": "part",
            },
            {
                "id": f"{key}_vlen",
                "label": f"Vector length of {key}",
                "dtype": "raw",
                "default": str(vlen),
                "hide": "part",
            },
        ]

    def port(self, port: Port) -> dict[str, Any]:
        """One port."""
        found: dict[str, Any] = {"label": port.name, "domain": "stream"}
        like = next((p for p in self.inputs if p.name == getattr(port, "like", None)), port)
        exact = _exact(like)
        if exact is not None:
            found |= {"dtype": GRC_TYPES[exact.dtype], "vlen": exact.size}
        else:
            key = like.name
            found |= {
                "dtype": f"${{ {key}_type.grc }}",
                "vlen": f"${{ {_product(f'{key}_vlen')} }}",
            }
        if port.count is not None:
            found["multiplicity"] = f"${{ {port.count} }}"
        if getattr(port, "optional", False) or port in self.outputs[1:]:
            found["optional"] = True
        return found

    def _first_types(self) -> dict[str, ItemType]:
        """The item types first shown; those that the block itself finds, if it can be made."""
        found = {port.name: _first_type(port) for port in (*self.inputs, *self.outputs)}
        cls = self.cls
        known = first_types().get(cls.block_type)
        if known is not None:
            return found | {name: ItemType.parse(text) for name, text in known.items()}
        values = dict(first_values().get(cls.block_type, {}))
        output = open_output(cls)
        if output is not None:
            values["type"] = "float32"
        try:
            block = cls(**values)
            first = {name: _first_type(port) for name, port in block.inputs.items()}
            block.resolve(first)
        except (SemradioError, OSError):
            return found
        own = {port.name: block.input_types[name] for name, port in block.inputs.items()}
        own |= {port.name: block.output_item_types[name] for name, port in block.outputs.items()}
        if ANY_INPUT in found and len(block.inputs) == len(block.outputs) == 1:
            own = dict(zip((ANY_INPUT, ANY_OUTPUT), own.values(), strict=True))
        return found | own


def _exact(port: Port) -> ItemType | None:
    """The item type that a port fixes."""
    exact = None if port.pattern is None else port.pattern.exact
    return exact if exact is not None and exact.dtype in GRC_TYPES else None


def _accepts(port: Port, dtype: str) -> bool:
    """Whether a port takes items of a dtype, of some shape."""
    pattern = port.pattern
    return pattern is None or any(pattern.accepts(ItemType(dtype, s)) for s in _TYPICAL_SHAPES)


def _first_type(port: Port) -> ItemType:
    """The item type that a port is first shown with."""
    if port.pattern is None:
        return ItemType("float32")
    if port.pattern.options[0][0] == "uint8" and port.pattern.accepts(_IMAGE):
        return _IMAGE
    preferred = sorted(GRC_TYPES, key=lambda dtype: dtype != "float32")
    own = [tuple(n or 23 for n in shape) for _, shape in port.pattern.options if shape]
    for shape in (*_TYPICAL_SHAPES, *own):
        for dtype in preferred:
            item = ItemType(dtype, shape)
            if port.pattern.accepts(item):
                return item
    raise ItemTypeError(f"GNU Radio has nothing like {port.pattern}, the type of '{port.name}'")


def _product(name: str) -> str:
    """An expression for the number of values in an item, given its length or its shape."""
    return f"{name} if isinstance({name}, int) else __import__('math').prod({name})"


def _parameter(cls: type[Block], key: str, declared: Parameter, suggested: Any) -> dict[str, Any]:
    dtype, options = _dtype(declared)
    required = declared.required
    value = suggested if required else declared.default
    found: dict[str, Any] = {
        "id": key,
        "label": parameter_label(key, declared),
        "dtype": dtype,
        "default": "" if required and suggested is None else _text(value, dtype),
    }
    if key == "model" and issubclass(cls, ModelBlock):
        options = _models(cls)
    if options:
        found["options"] = [_text(option, dtype) for option in options]
        # A text among other things has quotes, which nobody has to see who picks it from the list.
        found["option_labels"] = [str(option) for option in options]
        if required and suggested is None:
            found["default"] = found["options"][0]
    found["hide"] = "none" if required or (declared.live and key != "enabled") else "part"
    return found


def _models(cls: type[ModelBlock]) -> list[str]:
    """Return the names of the models that a block takes."""
    return [name for name, role in _roles().items() if not cls.roles or role in cls.roles]


@cache
def _roles() -> dict[str, str]:
    """Return the role of each model by name; '' without a card."""
    found = {}
    for name, path in list_models().items():
        try:
            card = read_card(path)
        except SemradioError:
            # A file among the user's own models that is none: there is nothing to choose.
            continue
        found[name] = card.role if card is not None else ""
    return found


def _dtype(declared: Parameter) -> tuple[str, Sequence[Any]]:
    """The type of a parameter in GNU Radio Companion, and what to choose from.

    Companion takes a ``string`` with quotes or without, and everything else as an expression.
    Where there are options, the user picks one or writes something else, such as a variable.
    """
    kind = declared.annotation
    choices = declared.choices or words(kind)
    if kind is bool:
        return "bool", (True, False)
    if is_text(kind):
        return "string", choices
    if may_be_none(kind):
        return "string", choices and ("", *(c for c in choices if c is not None))
    if kind in (int, float):
        return ("int" if kind is int else "real"), choices
    if choices and not declared.required and declared.default not in choices:
        return "raw", (declared.default, *choices)
    return "raw", choices


def _text(value: Any, dtype: str) -> str:
    if dtype != "string":
        return repr(value)
    return "" if value is None else str(value)


def _limits(key: str, declared: Parameter) -> list[str]:
    """Tests that GNU Radio Companion makes while the user types."""
    kind = declared.annotation
    choices = declared.choices or words(kind)
    if may_be_none(kind) and choices:
        return [f"${{ {key} in {(*NOTHING, *choices)!r} }}"]
    if declared.choices or get_origin(kind) is Literal:
        return [f"${{ {key} in {choices!r} }}"]
    if kind not in (int, float):
        return [f"${{ len({key}) > 0 }}"] if declared.required and kind is str else []
    tests = []
    for limit, sign in ((declared.low, ">="), (declared.high, "<="), (declared.above, ">")):
        if limit is not None:
            tests.append(f"${{ {key} {sign} {limit!r} }}")
    return tests


def _documentation(cls: type[Block]) -> str:
    lines = [block_doc(cls).told]
    ports = (*cls.declared_inputs, *cls.declared_outputs)
    lines += ["", *(f"{port.name}: {port.doc}" for port in ports if port.doc)]
    lines += [
        "",
        *(f"{parameter_label(key, p)}: {p.doc}{_words(p)}" for key, p in cls.parameters.items()),
    ]
    return "\n".join(lines).strip() + "\n"


def _words(declared: Parameter) -> str:
    limits = f" {declared.limits[0].upper()}{declared.limits[1:]}." if declared.limits else ""
    return limits + (" Live." if declared.live else "")


def _yaml(content: Any) -> str:
    """Return content as YAML that means the same in every version of YAML: texts are quoted."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 1 << 16
    stream = io.StringIO()
    yaml.dump(_quoted(content), stream)
    return stream.getvalue()


def _quoted(value: Any) -> Any:
    from ruamel.yaml.scalarstring import LiteralScalarString, SingleQuotedScalarString

    if isinstance(value, dict):
        return {key: _quoted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_quoted(inner) for inner in value]
    if isinstance(value, str):
        return LiteralScalarString(value) if "\n" in value else SingleQuotedScalarString(value)
    return value
