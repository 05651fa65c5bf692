"""Any ONNX model as a block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from semradio.blocks.api import Array, Input, ItemType, Output, block
from semradio.blocks.api.block import Outputs
from semradio.blocks.metrics.item_power import check_finite
from semradio.blocks.neural.model_block import ModelBlock


@block("onnx_model", category="neural")
class OnnxModel(ModelBlock):
    """Run an ONNX model on each item: the ports are the model's own inputs and outputs.

    The first axis of every input and output is the batch, of open length or fixed. A model with
    a fixed batch of B is run on groups of B items; the last group is filled up with zeros, and
    what they give is dropped. Other axes of open length take the size of the items that are
    connected. One item is one row: ``float32[batch, 23]`` takes items ``float32[23]``.

    A model must treat each row by itself, because a stream may be cut anywhere; a trial run
    refuses one that does not (batch statistics, noise) unless ``max_batch`` is 1.

    Floating inputs that carry NaN or infinity are an error that names the input and the item.
    Raises ModelError where the file is missing, damaged, or has ports that no stream can feed.
    """

    def input_ports(self) -> Sequence[Input]:
        meanings = self.card.inputs if self.card else {}
        ports = []
        for tensor in self.session.inputs:
            port = Input(tensor.pattern, doc=meanings.get(tensor.name, ""))
            port.name = tensor.name
            ports.append(port)
        return ports

    def output_ports(self) -> Sequence[Output]:
        meanings = self.card.outputs if self.card else {}
        ports = []
        for tensor in self.session.outputs:
            port = Output(doc=meanings.get(tensor.name, ""))
            port.name = tensor.name
            ports.append(port)
        return ports

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return self.session.output_types(list(self.outputs), inputs, self.max_batch > 1)

    def start(self) -> None:
        self._inputs = list(self.inputs)
        self._outputs = list(self.outputs)
        self._floating = [n for n in self.inputs if self.input_types[n].dtype.startswith("float")]
        self._run = self.session.runner()
        self.warm_up(self._outputs, self.input_types)

    def work(self, *arguments: Any) -> Outputs:
        # One array per input, then the index of the first item.
        feed: dict[str, Array] = dict(zip(self._inputs, arguments, strict=False))
        for name in self._floating:
            check_finite(feed[name], arguments[-1], name)
        try:
            outputs = self._run(self._outputs, feed)
        except Exception as error:
            raise self.session.failure(error) from None
        return outputs[0] if len(outputs) == 1 else tuple(outputs)
