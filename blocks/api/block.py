"""The Block API: what a block says about itself, and nothing else.

A block is a class with a docstring, typed parameters, ports and a vectorised ``work``::

    @block("multiply_const", category="stream")
    class MultiplyConst(SyncBlock):
        \"\"\"Multiply every value by a constant.\"\"\"
        gain: float = parameter(1.0, live=True, doc="Factor.")
        x = Input("number[...]", doc="Any signal.")
        y = Output(like="x", doc="The signal times the factor.")

        def work(self, x, at):
            return x * self.gain

Blocks know no transport: the runtime cuts streams as it likes, and a block's output must not
depend on the cuts. Input arrays belong to everyone: a block never writes into them, and never
writes into an array that it has handed out.
"""

from __future__ import annotations

import copy
import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from semradio.blocks.api.item_type import Array, ItemType
from semradio.blocks.api.parameter import Parameter, parameter
from semradio.blocks.api.port import Input, Output, Port, PortRef
from semradio.blocks.api.state import State
from semradio.blocks.api.tag import Tag, check_value
from semradio.blocks.errors import ItemTypeError, ParameterError, SemradioError, nearest

Outputs = Array | tuple[Array | None, ...] | None
"""What ``work`` returns: one array, a tuple of one per output, or None for no output."""


class Block:
    """Base of all blocks; derive from one of its kinds: :class:`Source`, :class:`SyncBlock`,
    :class:`RateBlock`, :class:`StreamBlock`, :class:`Sink`."""

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

    enabled: bool = parameter(
        True,
        live=True,
        doc="Whether the block acts; a disabled one passes its first input on unchanged.",
    )

    def __init__(self, *, name: str | None = None, **values: Any) -> None:
        """Make the block from parameter values; ParameterError tells what is wrong with them."""
        self.name = name or self.block_type
        errors = self.check_parameters(values)
        if errors:
            raise ParameterError(
                f"block '{self.block_type}': " + "; ".join(str(e) for e in errors),
                errors[0].parameter,
            )
        for key, declared in self.parameters.items():
            value = declared.validate(values[key]) if key in values else declared.default
            setattr(self, key, value)
        self.input_types: dict[str, ItemType] = {}
        self.output_item_types: dict[str, ItemType] = {}
        self.finished = False
        self.started = False
        """Whether it runs: whoever starts it says so. Live parameters alone may then change."""
        self.stopping = False
        """Whether the run was asked to stop: a block then waits no longer for a peer to come."""
        self.tags_out: list[tuple[str | None, Tag]] = []
        self.notes: list[str] = []
        self.wanted: frozenset[str] = frozenset()
        """Outputs that somebody receives; ``work`` may return None for any other but the first."""
        self.attention: list[Block] = []
        """Blocks that have something to tell their runner; shared by those that run together."""
        self.reset()
        self.configure()
        self.inputs: dict[str, Input] = self._names(self.input_ports())
        self.outputs: dict[str, Output] = self._names(self.output_ports())

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for key, declared in vars(cls).items():
            # A parameter 'inputs', say, would silently be overwritten by the ports.
            if isinstance(declared, Parameter | State | Port) and key in _reserved():
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

    # What a block may define ---------------------------------------------------------------

    def configure(self) -> None:
        """Check parameters against each other; called when made and after each live change."""

    def input_ports(self) -> Sequence[Input]:
        """The input ports; those declared in the class unless a block finds its own."""
        return self.declared_inputs

    def output_ports(self) -> Sequence[Output]:
        """The output ports; those declared in the class unless a block finds its own."""
        return self.declared_outputs

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        """Return the item types of those outputs whose declaration leaves them open."""
        return {}

    def start(self) -> None:
        """Acquire what running needs (files, sessions); item types are known."""

    def stop(self) -> None:
        """Release what :meth:`start` acquired; called once, also after an error, even of start."""

    def ready(self, items: int, ended: bool) -> int:
        """Return how many of the ``items`` that wait the block takes now.

        Only for blocks that wait for a clock or for company; ``ended`` tells that no more come.
        """
        return items

    def on_tag(self, tag: Tag) -> None:
        """Take note of a tag whose key :attr:`listens` names, before its item is worked on."""

    def on_start(self) -> None:
        """Leave tags on the first item, where a block has something to announce."""

    def changed(self, name: str, at: int) -> None:
        """React to a live change of parameter ``name``, in force from output item ``at`` on."""

    def results(self) -> dict[str, Any]:
        """Return what the block found out, as plain numbers, strings, lists and dictionaries."""
        return {}

    # What a block may call -----------------------------------------------------------------

    def tag(self, key: str, value: Any, index: int, output: str | None = None) -> None:
        """Leave a tag on the output item ``index`` (absolute), of one output or of all."""
        if self.outputs:
            self.tags_out.append((output, Tag(index, key, check_value(value, key))))
            self.attention.append(self)

    def finish(self) -> None:
        """Say that the stream ends with what this call of ``work`` returns."""
        self.finished = True
        self.attention.append(self)

    def note(self, text: str) -> None:
        """Say something once that the user should read at the end of the run."""
        if text not in self.notes:
            self.notes.append(text)

    # What users may call -------------------------------------------------------------------

    def reset(self) -> None:
        """Set every state field to its value at the start of a stream."""
        self.finished = False
        self.stopping = False
        self.tags_out = []
        self.notes = []
        for key, declared in self.states.items():
            setattr(self, key, declared.initial())

    def state(self) -> dict[str, Any]:
        """Return the present value of every declared state field."""
        return {key: getattr(self, key) for key in self.states}

    def set(self, name: str, value: Any) -> None:
        """Set a parameter, validated; ParameterError if unknown, not allowed, or not live while
        the block runs."""
        self.assign({name: value})

    def assign(self, values: Mapping[str, Any]) -> None:
        """Set several parameters as one, validated: all of them, or none if one is refused.

        Raises:
            ParameterError: as :meth:`set`; the block stays as it was.
        """
        before = {name: getattr(self, name, None) for name in values}
        given = {name: self._settable(name).validate(value) for name, value in values.items()}
        if not given.get("enabled", True) and (self.input_types or self.output_item_types):
            self._check_bypass()
        self._put(given)
        try:
            self.configure()
        except SemradioError:
            # What configure() derived from the refused values must not stay in force either.
            self._put(before)
            self.configure()
            raise

    def check_change(self, values: Mapping[str, Any]) -> None:
        """Raise what :meth:`assign` would raise while the block runs; the block is not touched."""
        running = copy.copy(self)
        running.started = True
        running.assign(values)

    def _settable(self, name: str) -> Parameter:
        """Return the declaration of a parameter that may be set now."""
        if name not in self.parameters:
            hint = nearest(name, self.parameters)
            raise ParameterError(f"block '{self.name}' has no parameter '{name}'{hint}", name)
        declared = self.parameters[name]
        if self.started and not declared.live:
            live = ", ".join(key for key, known in self.parameters.items() if known.live)
            raise ParameterError(
                f"parameter '{name}' of block '{self.name}' is not live: it cannot change while "
                f"the flowgraph runs; live here: {live}",
                name,
            )
        return declared

    def _put(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            setattr(self, name, value)

    def port(self, name: str) -> PortRef:
        """Return a reference to one port, for :meth:`semradio.flowgraphs.Flowgraph.connect`."""
        if name not in self.inputs and name not in self.outputs:
            ports = [*self.inputs, *self.outputs]
            raise ItemTypeError(
                f"block '{self.name}' has no port '{name}'{nearest(name, ports)}; "
                f"ports: {', '.join(ports) or 'none'}"
            )
        return PortRef(self, name)

    def resolve(self, inputs: Mapping[str, ItemType]) -> dict[str, ItemType]:
        """Fix the item types, given those of the connected inputs; returns those of the outputs.

        Raises:
            ItemTypeError: an input does not fit its port, or the inputs do not fit together.
        """
        for name, item in inputs.items():
            port = self.inputs[name]
            if port.pattern is not None and not port.pattern.accepts(item):
                raise ItemTypeError(
                    f"input '{name}' of block '{self.name}' takes {port.pattern}, not {item}"
                )
            first = next(iter(self._names([port])))
            like = port.like or (first if port.count else None)
            if like is not None and like in inputs and inputs[like] != item:
                raise ItemTypeError(
                    f"input '{name}' of block '{self.name}' must have the type of input "
                    f"'{like}', {inputs[like]}, not {item}"
                )
        self.input_types = dict(inputs)
        inferred = self.output_types(inputs)
        self.output_item_types = {}
        for name, output in self.outputs.items():
            pattern = output.pattern
            exact = None if pattern is None else pattern.exact
            found = inferred.get(name) or inferred.get(output.name) or exact
            if found is None and output.like is not None:
                like = output.like
                found = inputs.get(like) or inputs.get(f"{like}[0]")
            if found is None:
                raise ItemTypeError(
                    f"the type of output '{name}' of block '{self.name}' is not known"
                )
            if pattern is not None and not pattern.accepts(found):
                raise ItemTypeError(
                    f"output '{name}' of block '{self.name}' is declared {pattern}, not {found}"
                )
            self.output_item_types[name] = found
        if not self.enabled:
            self._check_bypass()
        return self.output_item_types

    @property
    def waits(self) -> bool:
        """Whether the runner has to ask :meth:`ready`; by default where a block defines it."""
        return type(self).ready is not Block.ready

    @property
    def bypassable(self) -> bool:
        """Whether ``enabled`` may be false: one item in, one of the same type out, or a sink."""
        return False

    def _check_bypass(self) -> None:
        if not self.bypassable:
            raise ItemTypeError(
                f"block '{self.name}' cannot be disabled: only blocks that give one item of the "
                "same type for each item, and sinks, can"
            )

    def _names(self, ports: Sequence[Any]) -> dict[str, Any]:
        return {name: port for port in ports for name in port.names(self)}

    def __repr__(self) -> str:
        values = ", ".join(
            f"{k}={getattr(self, k)!r}"
            for k, p in self.parameters.items()
            if repr(getattr(self, k)) != repr(p.default)
        )
        return f"{type(self).__name__}({values})"

    def __call__(self, *arrays: Any, **options: Any) -> Any:
        """Run whole streams through the block and return its outputs; needs no flowgraph.

        Each call is a stream of its own, from its first item to its end.

        Args:
            arrays: one array of shape (n, *item) per input, in port order; a source takes the
                number of items instead.
            tags: tags on the first input. chunk: items per step; the result does not depend on
                it.

        Returns:
            One array, or a tuple of one per output; for a sink, its results.
        """
        from semradio.blocks.api.harness import call

        return call(self, arrays, **options)


class Source(Block):
    """A block without inputs. ``work(n, at)`` returns at most ``n`` items from index ``at`` on;
    it calls :meth:`finish` when they are the last."""

    def work(self, n: int, at: int) -> Outputs:
        """Return up to ``n`` items, the first of which has the absolute index ``at``."""
        raise _undefined(self)


class SyncBlock(Block):
    """One item out for each item in. ``work(x, ..., at)`` gets an array of shape (n, *item) per
    input and returns one of n items per output; ``at`` is the index of the first."""

    work: Callable[..., Outputs]

    @property
    def bypassable(self) -> bool:
        if not self.outputs:
            return True
        inputs, outputs = list(self.input_types.values()), list(self.output_item_types.values())
        return len(outputs) == 1 and bool(inputs) and inputs[0] == outputs[0]


class Sink(SyncBlock):
    """A block without outputs: ``work(x, ..., at)`` takes items, ``results()`` reports."""

    def flush(self) -> None:
        """Complete the work at the end of the stream, such as a file; not called after an error."""


class RateBlock(Block):
    """A fixed number of items in for a fixed number of items out, as :meth:`rate` says.

    ``work(x, ..., at)`` gets a multiple of the former; what is left at the end goes to
    :meth:`tail`; :meth:`moved` tells where a tag goes.
    """

    work: Callable[..., Outputs]

    def rate(self) -> tuple[int, int]:
        """Return (items consumed, items produced) by one elementary step."""
        raise _undefined(self)

    def tail(self, x: Array, at: int) -> Outputs:
        """Return what the last, incomplete step gives; by default nothing, and a note says so."""
        consumed, _ = self.rate()
        self.note(f"the last {len(x)} items do not fill a step of {consumed} and were left out")
        return None

    def moved(self, index: int) -> int:
        """Return the output index of a tag on input item ``index``: in proportion, rounded down."""
        consumed, produced = self.rate()
        return index * produced // consumed


class StreamBlock(Block):
    """Any number of items out for any number in, as the data or the state decide.

    ``work(x, ..., at)`` takes all of ``x`` and returns what it has to give; :meth:`flush` returns
    what remains at the end of the stream; :meth:`moved` tells where a tag goes.
    """

    work: Callable[..., Outputs]

    def flush(self) -> Outputs:
        """Return the items that the end of the input releases."""
        return None

    def moved(self, index: int) -> int | None:
        """Return the output index of a tag on input item ``index``; None if it goes nowhere.

        Called after the item was worked on.
        """
        return index


def _reserved() -> set[str]:
    """The names that every block has, and that no declaration of a block may take."""
    made = {"name", "inputs", "outputs", "input_types", "output_item_types"}
    made |= {"finished", "started", "stopping", "tags_out", "notes", "attention", "work"}
    return (made | {key for key in vars(Block) if not key.startswith("__")}) - {"enabled"}


def _undefined(block: Block) -> SemradioError:
    return SemradioError(f"block type '{block.block_type}' lacks a method that its kind needs")


B = TypeVar("B", bound=type[Block])


def block(name: str, *, category: str) -> Callable[[B], B]:
    """Register a class as the block type ``name``, shown under ``category``."""

    def register(cls: B) -> B:
        from semradio.blocks.api import registry

        cls.block_type = name
        cls.category = category
        registry.register(cls)
        return cls

    return register


__all__ = [
    "Block",
    "Outputs",
    "Port",
    "RateBlock",
    "Sink",
    "Source",
    "StreamBlock",
    "SyncBlock",
    "block",
]
