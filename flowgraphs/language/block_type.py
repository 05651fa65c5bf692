"""Checks a block's type and parameters against the registry, without making the block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

from semradio.blocks.api import registry
from semradio.blocks.api.block import Block
from semradio.blocks.api.port import Port
from semradio.blocks.errors import BlockNotFoundError, ParameterError, nearest
from semradio.flowgraphs.language.expression import WRONG
from semradio.flowgraphs.language.member import Endpoint, Member, Ports
from semradio.flowgraphs.language.scope import Scope
from semradio.flowgraphs.language.tree import Entry
from semradio.flowgraphs.plan import Location


def find_type(kind: str) -> type[Block]:
    """Return a block class; BlockNotFoundError if there is none or its module fails."""
    try:
        return registry.find(kind)
    except BlockNotFoundError:
        raise
    except Exception as error:
        raise BlockNotFoundError(
            f"block type '{kind}' cannot be loaded: {type(error).__name__}: {error}"
        ) from error


def takes_text(settings: Mapping[str, Entry], name: str) -> bool:
    """Whether a parameter of the block that an entry describes is text, and nothing else."""
    kind = settings.get("block")
    try:
        declared = find_type(str(kind.value.value)).parameters.get(name) if kind else None
    except BlockNotFoundError:
        declared = None
    if declared is not None:
        return declared.annotation is str
    given = settings.get(name)
    return given is not None and isinstance(given.value.value, str)


def check_parameters(
    cls: type[Block], name: str, settings: Mapping[str, Entry], scope: Scope, location: Location
) -> tuple[dict[str, Any], bool]:
    """Return the parameter values of a block, and whether all of them are right.

    Args:
        cls: the block's class. name: the block's name in the plan.
        settings: the block's entry, key by key. scope: what its expressions may use.
        location: where the block is declared.
    """
    values: dict[str, Any] = {}
    right = True
    problems = scope.problems
    for key, entry in settings.items():
        if key == "block":
            continue
        value = scope.value(entry.value)
        if key not in cls.parameters:
            problems.add(
                f"unknown parameter '{key}' of block '{name}'{nearest(key, cls.parameters)}; "
                f"parameters: {', '.join(cls.parameters)}",
                entry.key.location,
            )
            right = False
            continue
        if value is WRONG:
            right = False
            continue
        try:
            cls.parameters[key].validate(value)
        except ParameterError as error:
            where = f"parameter '{key}' of block '{name}'"
            problems.add(str(error).replace(f"parameter '{key}'", where, 1), entry.value.location)
            right = False
        else:
            values[key] = value
    for key, declared in cls.parameters.items():
        if declared.required and key not in settings:
            problems.add(
                f"parameter '{key}' of block '{name}' is required: {declared.doc}", location
            )
            right = False
    return values, right


def set_ports(member: Member, cls: type[Block], values: Mapping[str, Any]) -> None:
    """Give a block the ports that its class declares, with these parameter values."""
    member.inputs, complete = _declared(cls, member.full, cls.declared_inputs, values)
    member.open_inputs = not complete or cls.input_ports is not Block.input_ports
    member.outputs, complete = _declared(cls, member.full, cls.declared_outputs, values)
    member.open_outputs = not complete or cls.output_ports is not Block.output_ports


def _declared(
    cls: type[Block], name: str, ports: Sequence[Port], values: Mapping[str, Any]
) -> tuple[Ports, bool]:
    """Return the declared ports, and whether that is all: not so where a count is wrong."""
    defaults = {key: declared.default for key, declared in cls.parameters.items()}
    # Port names ask the block only for the counts of its ports, which are parameters.
    block = cast(Block, SimpleNamespace(**{**defaults, **values}))
    if not all(isinstance(getattr(block, p.count, None), int) for p in ports if p.count):
        return {}, False
    return {port: (Endpoint(name, port),) for p in ports for port in p.names(block)}, True
