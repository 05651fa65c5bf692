"""What the blocks that run a model have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from time import monotonic
from typing import ClassVar

import numpy as np

from semradio.blocks.api import (
    Array,
    Block,
    Input,
    ItemType,
    ItemTypeError,
    ModelError,
    SyncBlock,
    parameter,
    state,
)
from semradio.blocks.api.item_type import Pattern
from semradio.blocks.api.kinds import Joint
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.neural.merged_model import Stage
from semradio.blocks.neural.model_chain import ModelChain, OneModel, obstacle
from semradio.blocks.neural.model_file import find_model, read_card
from semradio.blocks.neural.onnx_session import OnnxSession, Told, nothing_told
from semradio.blocks.neural.unrounded import unrounded

_WARM_UP_ROWS = 64


class ModelBlock(SyncBlock):
    """Base of the blocks that run one ONNX model: one session, opened once, for each block."""

    model: str = parameter(doc="Name of a model, such as arn/encoder, or path to an .onnx file.")
    providers: list[str] = parameter(
        ["cpu"], doc="ONNX Runtime execution providers, best first: cpu, cuda, tensorrt, ..."
    )
    threads: int = parameter(
        1, low=1, high=1024, doc="Threads of one run; the flowgraph is the parallelism."
    )
    max_batch: int = parameter(
        256, low=1, high=1 << 20, unit="items", doc="Items that one run takes at most."
    )
    max_latency: float = parameter(
        0.0,
        low=0,
        high=60,
        unit="s",
        doc="How long the first item waits for company up to max_batch; 0: not at all.",
    )

    roles: ClassVar[tuple[str, ...]] = ()
    """Roles of the model cards that fit; empty for any."""

    cut_shows: ClassVar[bool] = True

    since: float | None = state(None, doc="Time from which the waiting items wait; None: none do.")

    _loaded: tuple[object, ...] = ()

    def configure(self) -> None:
        # Called again at each live change, which concerns none of these.
        wanted = (self.model, *self.providers, self.threads)
        if wanted == self._loaded:
            return
        path = find_model(self.model)
        card = read_card(path)
        if card is not None and self.roles and card.role not in self.roles:
            raise ModelError(
                f"model '{self.model}' is made for the block '{card.role}', "
                f"not for '{self.block_type}'"
            )
        self.session = OnnxSession(path, self.providers, self.threads, held=self.held_inputs)
        self.card, self._loaded = card, wanted

    def reads(self) -> Sequence[Path]:
        return [self.session.path]

    @property
    def held_inputs(self) -> tuple[str, ...]:
        """Inputs of the model that take a state and no items."""
        return ()

    @property
    def waits(self) -> bool:
        """Only where a latency is allowed: asking at each step would cost those who wait not."""
        return self.max_latency > 0

    def ready(self, items: int, ended: bool) -> int:
        now = monotonic()
        if self.since is None:
            self.since = now
        if ended or items >= self.max_batch or now - self.since >= self.max_latency:
            self.since = None
            return items
        return 0

    def restore(self, saved: None) -> None:
        # The clock of a host before it was started anew tells nothing.
        self.since = None

    def warm_up(
        self, outputs: Sequence[str], inputs: Mapping[str, ItemType], told: Told = nothing_told
    ) -> None:
        """Run once, so that the first items do not pay for memory and code paths."""
        rows = min(self.max_batch, _WARM_UP_ROWS)
        feed = {name: np.zeros((rows, *i.shape), i.numpy) for name, i in inputs.items()}
        self.session.run(outputs, {**feed, **told(rows)})


class OneToOneModelBlock(ModelBlock):
    """Base of the blocks that have one declared input, one model, and act by position.

    The input feeds the model's only input, and the result is the model's first output.

    ``work`` is :meth:`given` of :meth:`infer` where the block :attr:`acts`, and where it does not,
    its input: so several of them in a row can run as one (:mod:`.model_chain`).
    """

    def configure(self) -> None:
        super().configure()
        if len(self.session.inputs) != 1:
            ports = ", ".join(str(port) for port in self.session.inputs)
            raise ModelError(
                f"model '{self.model}' has {len(self.session.inputs)} inputs ({ports}); the block "
                f"'{self.block_type}' takes a model with one, 'onnx_model' takes any"
            )
        self._input = self.session.inputs[0].name
        self._outputs = [self.session.outputs[0].name]

    def input_ports(self) -> Sequence[Input]:
        declared = self.declared_inputs[0]
        port = Input(self.session.inputs[0].pattern, doc=declared.doc)
        port.name = declared.name
        return [port]

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        item = inputs[self.declared_inputs[0].name]
        types = self.session.output_types(self._outputs, {self._input: item}, self.max_batch > 1)
        return self.named(types[self._outputs[0]])

    def named(self, result: ItemType) -> Mapping[str, ItemType]:
        """Return the types of the block's outputs, given that of the model's result."""
        return {self.declared_outputs[0].name: result}

    def start(self) -> None:
        self._port, item = next(iter(self.input_types.items()))
        self._floating = item.dtype.startswith("float")
        self._run = self.session.first_of(self._input, self._outputs[0])
        self._gives_floats = self.session.gives_floats(self._outputs[0])
        self.warm_up(self._outputs, {self._input: item})

    @property
    def acts(self) -> bool:
        """Whether the block runs its model on the next item."""
        return self.enabled

    def given(self, result: Array) -> Array | tuple[Array | None, ...]:
        """Return what the block gives, given its model's result."""
        return result

    def joins(self, following: Block) -> bool:
        return obstacle(self, following) is None

    def joined(self, following: Sequence[Block]) -> Joint | None:
        others = [block for block in following if isinstance(block, OneModel)]
        try:
            return ModelChain([self, *others])
        except ModelError:
            # Their files speak against it; one by one they run as well.
            return None

    def same_in_one(self, grid: int, most: int) -> bool:
        session, output = self.session, self._outputs[0]
        if not session.gives_floats(output):
            # Whole numbers seldom show the last digits of what they were rounded from.
            try:
                stage = unrounded(self.as_stage())
                session = OnnxSession(session.path, self.providers, self.threads, stage.data)
            except (ModelError, OSError, ValueError):
                return False
            output = stage.output
        item = next(iter(self.input_types.values()))
        return session.same_in_one(self._input, output, item, grid, most)

    def as_stage(self) -> Stage:
        """Return the model as one of a row."""
        return Stage(self.session.path.read_bytes(), self._input, self._outputs[0])

    def infer(self, x: Array, at: int) -> Array:
        """Check a chunk and return the model's result for it."""
        # The first step of check_finite, here because a call costs as much as the step.
        if self._floating and not isfinite(np.vdot(x, x)):
            check_finite(x, at, self._port)
        try:
            result = self._run(x)
        except Exception as error:
            raise self.session.failure(error) from None
        # Again the first step here, for the same reason.
        if self._gives_floats and not isfinite(np.vdot(result, result)):
            self.session.check_numbers(self._outputs[0], result, at)
        return result

    work: Callable[..., Array | tuple[Array | None, ...]] = infer


class NamedModelBlock(ModelBlock):
    """Base of the blocks that feed a model by name.

    What a block calls ``h`` feeds the model's input ``h``. An input that a model may do without
    is left out where it has none.
    """

    needed: ClassVar[tuple[str, ...]] = ()
    """Inputs that every model has."""
    possible: ClassVar[tuple[str, ...]] = ()
    """Inputs that a model may have besides."""
    result: ClassVar[str]
    """The model's output."""

    def configure(self) -> None:
        super().configure()
        self.tensors = {port.name: port for port in self.session.inputs}
        known = {*self.needed, *self.possible}
        if not set(self.needed) <= self.tensors.keys() <= known:
            ports = ", ".join(map(str, self.session.inputs))
            also = f", and as it likes {', '.join(self.possible)}" if self.possible else ""
            raise ModelError(
                f"model '{self.model}' has the inputs {ports}; the block '{self.block_type}' "
                f"takes a model with {', '.join(self.needed)}{also}; 'onnx_model' takes any"
            )
        if self.result not in {port.name for port in self.session.outputs}:
            ports = ", ".join(map(str, self.session.outputs))
            raise ModelError(
                f"model '{self.model}' has the outputs {ports}; the block '{self.block_type}' "
                f"takes a model that gives '{self.result}'"
            )
        self._result = [self.result]

    def result_type(self, feed: Mapping[str, ItemType]) -> ItemType:
        """Return the item type of the model's result for these inputs, found by a trial run.

        Raises:
            ItemTypeError: an input does not fit the model.
            ModelError: the model is none for streams.
        """
        for name, item in feed.items():
            if not Pattern.parse(self.tensors[name].pattern).accepts(item):
                raise ItemTypeError(
                    f"input '{name}' of block '{self.name}' gives the model {item}, but model "
                    f"'{self.model}' takes {self.tensors[name].pattern}"
                )
        self._feed = dict(feed)
        return self.session.output_types(self._result, feed, self.max_batch > 1)[self.result]

    def start(self) -> None:
        self._run = self.session.runner()
        self.warm_up(self._result, self._feed)

    def infer(self, feed: dict[str, Array], at: int) -> Array:
        """Return the model's result for a chunk whose first item is item ``at``."""
        try:
            result = self._run(self._result, feed)[0]
        except Exception as error:
            raise self.session.failure(error) from None
        if self.session.gives_floats(self.result):
            self.session.check_numbers(self.result, result, at)
        return result
