"""Any ONNX model as a block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    Output,
    ParameterError,
    Tag,
    block,
    parameter,
    state,
)
from semradio.blocks.api.block import Outputs
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.neural.gnuradio4_keys import Gnuradio4Keys, normalised
from semradio.blocks.neural.model_block import ModelBlock
from semradio.blocks.neural.onnx_header import read_header
from semradio.blocks.neural.recurrence import Recurrence
from semradio.blocks.neural.told_inputs import ToldInputs, check_told


@block("onnx_model", category="neural")
class OnnxModel(ModelBlock):
    """Run an ONNX model on each item: the ports are the model's own inputs and outputs.

    The first axis of every input and output is the batch, of open length or fixed. A model with a
    fixed batch of B is run on groups of B items; the last group is filled up with zeros, and what
    they give is dropped. Other axes of open length take the size of the items that are connected.
    One item is one row: ``float32[batch, 23]`` takes items ``float32[23]``.

    A model must treat each row by itself, because a stream may be cut anywhere; a trial run
    refuses one that does not (batch statistics, noise, a recurrence along the first axis) unless
    ``max_batch`` is 1.

    A model that remembers (recurrent layers, streaming speech and video codecs) says so by
    ``memory``: ``{h_out: h_in}`` feeds what its output ``h_out`` gave at one run to its input
    ``h_in`` at the next, beginning with zeros; the two are no ports then. Items are steps of
    time. Where the first axis is open and the state has a fixed shape, a run takes any number of
    steps; where it has length 1, or the state has open axes (which become 1), it takes one.
    ``reset_by`` names a tag at whose items the memory begins anew, such as a frame's first.

    Inputs that are told a number instead of items (an SNR, a rate, the number of a key) stand in
    ``told``: ``{snr_db: 10}``. Such an input is no port; where its first axis is the batch, it
    gets a row for each item. ``told`` is live. ``told_by`` names tags that tell it from their item
    on: ``{snr_db: snr_db_at_bob}``; until the first one comes, ``told`` counts. A change of
    ``told`` counts until the next tag.

    A file with the keys of GNU Radio 4's ``OnnxInference`` has each frame of its first input
    scaled as its ``normalise_mode`` says (LogMAD, MinMax, ZScore; a frame is the last axis).
    GNU Radio 4 makes the windows of a model with ``history_depth`` by itself; here they are items.

    Raises:
        ModelError: the file is missing, damaged, or has ports that no stream can feed, or asks for
            a normalisation that is not known.
        StreamError: an input carries NaN or infinity, or the model makes NaN of finite input; the
            message names model, input and item. A tag of ``told_by`` holds no number.

    Example:
        >>> logits = OnnxModel(model="arn/eve")(np.zeros((5, 23), np.float32))
        >>> logits.shape
        (5, 10)
        >>> encode = OnnxModel(model="deepjscc/cifar/encoder", told={"snr_db": 3.0})
        >>> encode(np.zeros((2, 32, 32, 3), np.uint8)).shape
        (2, 128, 4, 4)
    """

    memory: dict[str, str] = parameter(
        {}, doc="Output that is the model's memory -> input that takes it next time."
    )
    reset_by: str = parameter("", doc="Key of the tag that clears the memory before its item.")

    told: dict[str, float] = parameter(
        {}, live=True, doc="Input of the model -> number that it is told for each item."
    )
    told_by: dict[str, str] = parameter(
        {}, doc="Input of the model, one of 'told' -> key of the tag that tells it."
    )

    heard: dict[str, float] = state(
        factory=dict, doc="What tags have told since 'told' was last changed, by input."
    )
    held: dict[str, Array] = state(
        factory=dict, doc="The memory, by the model's inputs; empty: as at the start."
    )

    _recurrence: Recurrence | None = None
    _told: ToldInputs | None = None

    def configure(self) -> None:
        if self._told is not None and self._told.ports.keys() != self.told.keys():
            raise ParameterError(
                f"parameter 'told': the inputs stay {', '.join(self._told.ports)} while running; "
                "only their numbers change",
                "told",
            )
        super().configure()
        if self.reset_by and not self.memory:
            raise ParameterError(
                "parameter 'reset_by' clears a memory, and 'memory' names none", "reset_by"
            )
        self._told = ToldInputs(self.session, self.told)
        check_told(self._told, self.told)
        for name in self.told_by:
            if name not in self.told:
                raise ParameterError(
                    f"parameter 'told_by': '{name}' needs a number in 'told', which counts until "
                    "the first tag",
                    "told_by",
                )
        if both := sorted({*self.told} & {*self.memory.values()}):
            raise ParameterError(
                f"input '{both[0]}' cannot both be told a number and take the memory", "told"
            )
        keys = Gnuradio4Keys.read(read_header(self.session.path).metadata, self.session.path)
        self._mode = keys.normalise_mode if keys else "None"
        tags = dict.fromkeys((self.reset_by, *self.told_by.values()))
        self.listens = tuple(key for key in tags if key)
        if self.memory:
            self._recurrence = Recurrence(self.session, self.memory, self.told)

    @property
    def held_inputs(self) -> tuple[str, ...]:
        return (*self.memory.values(), *self.told)

    def input_ports(self) -> Sequence[Input]:
        meanings = self.card.inputs if self.card else {}
        ports = []
        for tensor in (self._recurrence or self.session).inputs:
            if tensor.name in self.told:
                continue
            port = Input(tensor.pattern, doc=meanings.get(tensor.name, ""))
            port.name = tensor.name
            ports.append(port)
        return ports

    def output_ports(self) -> Sequence[Output]:
        meanings = self.card.outputs if self.card else {}
        ports = []
        for tensor in (self._recurrence or self.session).outputs:
            port = Output(doc=meanings.get(tensor.name, ""))
            port.name = tensor.name
            ports.append(port)
        return ports

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        if self._recurrence is not None:
            return self._recurrence.output_types(list(self.outputs), inputs, self._numbers)
        return self.session.output_types(
            list(self.outputs), inputs, self.max_batch > 1, self._numbers
        )

    def start(self) -> None:
        self._inputs = list(self.inputs)
        self._outputs = list(self.outputs)
        self._floating = [n for n in self.inputs if self.input_types[n].dtype.startswith("float")]
        self._run = self.session.runner()
        if self._recurrence is None:
            self.warm_up(self._outputs, self.input_types, self._numbers)

    def on_tag(self, tag: Tag) -> None:
        if tag.key == self.reset_by:
            self.held = {}
        assert self._told is not None
        for name, key in self.told_by.items():
            if key == tag.key:
                self.heard = {**self.heard, name: self._told.heard(name, tag)}

    def changed(self, name: str, at: int) -> None:
        if name == "told":
            self.heard = {}

    def _numbers(self, items: int) -> dict[str, Array]:
        """Return what the inputs that are told numbers are fed, for so many items."""
        assert self._told is not None
        return self._told.feed({**self.told, **self.heard}, items)

    def work(self, *arguments: Any) -> Outputs:
        # One array per input, then the index of the first item.
        feed: dict[str, Array] = dict(zip(self._inputs, arguments, strict=False))
        for name in self._floating:
            check_finite(feed[name], arguments[-1], name)
        if self._mode != "None":
            feed[self._inputs[0]] = normalised(feed[self._inputs[0]], self._mode)
        if self._recurrence is not None:
            outputs, self.held = self._recurrence.run(
                self._outputs, feed, self.held or self._recurrence.initial(), self._numbers
            )
        else:
            try:
                if self.told:
                    feed.update(self._numbers(len(arguments[0])))
                outputs = self._run(self._outputs, feed)
            except Exception as error:
                raise self.session.failure(error) from None
        for name, y in zip(self._outputs, outputs, strict=True):
            if y.dtype.kind == "f":
                self.session.check_numbers(name, y, arguments[-1])
        return outputs[0] if len(outputs) == 1 else tuple(outputs)
