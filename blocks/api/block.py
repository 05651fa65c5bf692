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
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

from semradio.blocks.api.declaration import Declared
from semradio.blocks.api.item_type import Array, ItemType
from semradio.blocks.api.parameter import Parameter, parameter
from semradio.blocks.api.port import Input, Output, PortRef
from semradio.blocks.api.tag import Tag, check_value
from semradio.blocks.errors import ItemTypeError, ParameterError, SemradioError, nearest

Outputs = Array | tuple[Array | None, ...] | None
"""What ``work`` returns: one array, a tuple of one per output, or None for no output."""


class ChangeOutcome(Protocol):
    """What became of a live change of one block."""

    @property
    def block(self) -> str:
        """Its name."""

    @property
    def index(self) -> int | None:
        """The first item for which the change counts; None if it was refused."""

    @property
    def reason(self) -> str:
        """Why it was refused."""


Ask = Callable[[Mapping[str, Mapping[str, Any]], Callable[[Any], None]], None]
"""Takes live changes, by block and parameter, and who is told the outcome for each block; raises
ParameterError where one is wrong, and then changes nothing."""

_callers: list[Callable[..., Any]] = []


def calls_go_through(caller: Callable[..., Any]) -> None:
    """Say what runs ``block(x)``: the engine, which knows blocks and is not known to them."""
    _callers.append(caller)


class Block(Declared):
    """Base of all blocks.

    Derive from one of its kinds: :class:`Source`, :class:`SyncBlock`, :class:`RateBlock`,
    :class:`StreamBlock`, :class:`Sink`.
    """

    ask: Ask | None = None
    """Changes live parameters of blocks that run beside this one; None where nobody takes changes.
    Given before :meth:`start` by whoever runs the flowgraph."""

    cut_shows: ClassVar[bool] = False
    """Whether the last digits of its outputs show where the stream was cut, as those of a matrix
    product may: a run that is to be repeated bit for bit then cuts it at the same items."""

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
        self.resumes = False
        """Whether :meth:`start` prepares for going on where another process was: the state is then
        in place already, and what only a first start does (taking a number, emptying a file) is
        left out."""
        self.tags_out: list[tuple[str | None, Tag]] = []
        self.notes: list[str] = []
        self.wanted: frozenset[str] = frozenset()
        """Outputs that somebody receives; ``work`` may return None for any other but the first."""
        self.attention: list[Block] = []
        """Blocks that have something to tell the engine; shared by those that run together."""
        self.reset()
        self.configure()
        self.inputs: dict[str, Input] = self._names(self.input_ports())
        self.outputs: dict[str, Output] = self._names(self.output_ports())

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

    def so_far(self) -> dict[str, Any]:
        """Return what the block has found out of the items so far, for those who look on.

        Asked now and then between two chunks: it takes little time and leaves no trace.
        Numbers, and small tables of them; by default nothing.
        """
        return {}

    # For a block that keeps more than its declared state ------------------------------------

    def unrepeatable(self) -> str:
        """Return why another process cannot go on with the block's work; '' if one can.

        Declared state, live parameters and notes are saved for every block. One that holds more (a
        file, say) defines :meth:`save` and :meth:`restore`, or says here why it cannot.
        """
        cls = type(self)
        if cls.stop is not Block.stop and cls.restore is Block.restore:
            return "it holds more than its declared state, such as a connection or a device"
        return ""

    rejoins: ClassVar[bool] = False
    """Whether another process goes on all the same where :meth:`unrepeatable` has a reason: with
    another stream, whose first item gets the tag ``gap``. :meth:`restore` sees to that."""

    def save(self) -> Any:
        """Return what is to be kept beside the declared state, as plain data; between two chunks.

        What has been written to files is handed to the system by then.
        """
        return None

    def reads(self) -> Sequence[Path]:
        """Return the files that its outputs depend on, such as a model."""
        return ()

    def unsynced(self) -> Sequence[int]:
        """Return descriptors of the files that must be on the disk before what was saved counts."""
        return ()

    def restore(self, saved: Any) -> None:
        """Go on from what :meth:`save` returned; called after :meth:`start`, with the state set.

        Raises:
            SemradioError: that is not possible any more, for instance because a file was changed.
        """

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
        """Set a parameter, validated.

        ParameterError if unknown, not allowed, or not live while the block runs.
        """
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
        """Whether the engine has to ask :meth:`ready`; by default where a block defines it."""
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
            arrays: one array of shape ``(n, *item)`` per input, in port order; a source takes the
                number of items instead.
            tags: tags on the first input. chunk: items per step; the result does not depend on
                it.

        Returns:
            One array, or a tuple of one per output; for a sink, its results.
        """
        return _callers[-1](self, arrays, **options)
