"""What a block declares in its class body, read once when the class is made."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping
from typing import Any, ClassVar

from semradio.blocks.api.item_type import Array
from semradio.blocks.api.parameter import Parameter
from semradio.blocks.api.port import Input, Output, Port
from semradio.blocks.api.state import State
from semradio.blocks.errors import ParameterError, nearest


class Declared:
    """A class with parameters, states and ports; ``Block`` is the one."""

    block_type: ClassVar[str] = ""
    category: ClassVar[str] = ""
    parameters: ClassVar[dict[str, Parameter]] = {}
    states: ClassVar[dict[str, State]] = {}
    declared_inputs: ClassVar[tuple[Input, ...]] = ()
    declared_outputs: ClassVar[tuple[Output, ...]] = ()
    listens: tuple[str, ...] = ()
    """Keys of the tags that :meth:`on_tag` wants to see; ``("*",)`` for all. :meth:`configure` may
    set it for one block."""
    needs_code: ClassVar[bool] = False
    """Whether the block runs code that its parameters name; files need leave to use such."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for key, declared in vars(cls).items():
            # A parameter 'inputs', say, would silently be overwritten by the ports.
            if isinstance(declared, Parameter | State | Port) and key in cls.reserved():
                raise TypeError(f"{cls.__name__}: the name '{key}' is taken by Block itself")
        hints = typing.get_type_hints(cls, localns={"Array": Array})
        fields: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            fields.update(vars(base))
        cls.parameters = {k: v for k, v in fields.items() if isinstance(v, Parameter)}
        cls.states = {k: v for k, v in fields.items() if isinstance(v, State)}
        cls.declared_inputs = tuple(v for v in fields.values() if isinstance(v, Input))
        cls.declared_outputs = tuple(v for v in fields.values() if isinstance(v, Output))
        for key, declared in cls.parameters.items():
            if key in hints:
                declared.annotation = hints[key]
        empty = inspect.Parameter.empty
        cls.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter(
                    key,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=empty if declared.required else declared.default,
                    annotation=declared.annotation,
                )
                for key, declared in cls.parameters.items()
            ]
        )

    @classmethod
    def check_parameters(cls, values: Mapping[str, Any]) -> list[ParameterError]:
        """Return everything that is wrong with parameter values; an empty list if nothing is."""
        errors = []
        for key, value in values.items():
            if key not in cls.parameters:
                known = ", ".join(cls.parameters)
                hint = nearest(key, cls.parameters)
                errors.append(
                    ParameterError(f"no parameter '{key}'{hint}; parameters: {known}", key)
                )
                continue
            try:
                cls.parameters[key].validate(value)
            except ParameterError as error:
                errors.append(error)
        errors += [
            ParameterError(f"parameter '{key}' is required: {declared.doc}", key)
            for key, declared in cls.parameters.items()
            if declared.required and key not in values
        ]
        return errors

    @classmethod
    def reserved(cls) -> set[str]:
        """Return the names that every block has, and that no declaration of one may take."""
        made = {"name", "inputs", "outputs", "input_types", "output_item_types"}
        made |= {"finished", "started", "stopping", "tags_out", "notes", "attention", "work"}
        base = next(c for c in reversed(cls.__mro__) if Declared in c.__bases__)
        had = {key for c in (base, Declared) for key in vars(c) if not key.startswith("__")}
        return (made | had) - {"enabled"}
