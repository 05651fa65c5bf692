"""Several ONNX models in a row as one: each takes what the one before gives.

One run of a merged model spares the calls between them. Names are made unique, nothing else is
touched, and what each model gives stays an output, so the same operators meet the same numbers.
Source: onnx.proto of the ONNX project, messages ``ModelProto``, ``GraphProto``, ``NodeProto``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from semradio.blocks.api import ModelError
from semradio.blocks.neural.protobuf import Data, Field, encoded, fields


class Model:
    """Field numbers of ModelProto."""

    IR_VERSION, GRAPH, OPSET, TRAINING, FUNCTION = 1, 7, 8, 20, 25


class Graph:
    """Field numbers of GraphProto."""

    NODE, NAME, INITIALIZER, INPUT, OUTPUT = 1, 2, 5, 11, 12
    VALUE_INFO, QUANTIZATION, SPARSE_INITIALIZER = 13, 14, 15


class Node:
    """Field numbers of NodeProto, and those of AttributeProto that hold graphs."""

    INPUT, OUTPUT, NAME, OPERATOR, ATTRIBUTE = 1, 2, 3, 4, 5
    ATTRIBUTE_GRAPHS = (6, 11)


class Tensor:
    """Field numbers of TensorProto."""

    NAME, EXTERNAL, LOCATION = 8, 13, 14


INFO_NAME = 1
"""Field number of the name in ValueInfoProto."""


@dataclass(frozen=True)
class Stage:
    """One model of a row.

    data : the content of its file
    input : its input that takes what the model before gives, or the row's input
    output : its output that goes on
    """

    data: bytes
    input: str
    output: str


@dataclass(frozen=True)
class Merged:
    """A merged model: its bytes, its input, and what each of the models gives, in order."""

    data: bytes
    input: str
    outputs: tuple[str, ...]


@dataclass
class _Parts:
    """What the merged model is made of."""

    ir_version: int = 0
    opsets: dict[str, int] = field(default_factory=dict)
    graph: list[bytes] = field(default_factory=list)


def merge(stages: Sequence[Stage]) -> Merged:
    """Return one model for several in a row.

    Raises:
        ModelError: they cannot be one: a model keeps its weights in another file, defines
            functions of its own or carries training state, or two were made for different
            versions of an operator set.
    """
    parts = _Parts()
    before: str | None = None
    outputs = []
    for k, stage in enumerate(stages):
        names = _Names(k, {stage.input: before} if before is not None else {})
        try:
            _add(parts, stage, names)
        except ValueError as error:
            raise ModelError(f"model {k + 1} of a row is damaged: {error}") from None
        before = names(stage.output)
        outputs.append(before)
    graph = b"".join([*parts.graph, encoded(Graph.NAME, "merged")])
    opsets = [
        encoded(Model.OPSET, encoded(1, domain) + encoded(2, version))
        for domain, version in parts.opsets.items()
    ]
    data = b"".join(
        [encoded(Model.IR_VERSION, parts.ir_version), *opsets, encoded(Model.GRAPH, graph)]
    )
    return Merged(data, _Names(0, {})(stages[0].input), tuple(outputs))


class _Names:
    """Makes the names of one model unique; a linked input gets the name of what feeds it."""

    def __init__(self, model: int, linked: Mapping[str, str]) -> None:
        self._prefix, self.linked = f"{model}/", linked

    def __call__(self, name: str) -> str:
        # The empty name stands for an input or output that is left out.
        return self.linked.get(name) or (f"{self._prefix}{name}" if name else "")


def _add(parts: _Parts, stage: Stage, names: _Names) -> None:
    """Add a model to the parts."""
    for part in fields(stage.data):
        if part.number == Model.IR_VERSION and isinstance(part.value, int):
            parts.ir_version = max(parts.ir_version, part.value)
        elif part.number == Model.OPSET:
            _add_opset(parts.opsets, part.data)
        elif part.number in (Model.TRAINING, Model.FUNCTION):
            raise ModelError("models with functions or training state of their own do not merge")
        elif part.number == Model.GRAPH:
            parts.graph += _main_graph(part.data, stage, names)


def _add_opset(opsets: dict[str, int], message: Data) -> None:
    domain, version = "", 0
    for part in fields(message):
        if part.number == 1:
            domain = part.text
        elif part.number == 2 and isinstance(part.value, int):
            version = part.value
    if opsets.setdefault(domain, version) != version:
        raise ModelError(
            f"models made for versions {opsets[domain]} and {version} of the operator set "
            f"'{domain or 'ai.onnx'}' do not merge"
        )


def _main_graph(graph: Data, stage: Stage, names: _Names) -> Iterator[bytes]:
    """Give the fields of a model's graph, of whose outputs only the one that goes on is kept."""
    for part in fields(graph):
        name = _info_name(part) if part.number in (Graph.INPUT, Graph.OUTPUT) else ""
        if part.number == Graph.OUTPUT and name != stage.output:
            continue
        if part.number == Graph.INPUT and name in names.linked:
            continue
        if part.number == Graph.INITIALIZER and _tensor_name(part.data) in names.linked:
            continue  # what the input would be if it were left out
        yield from _graph_field(part, names)


def _graph_field(part: Field, names: _Names) -> Iterator[bytes]:
    """Give a field of a graph with its names made unique."""
    if part.number == Graph.NODE:
        yield encoded(Graph.NODE, _node(part.data, names))
    elif part.number == Graph.INITIALIZER:
        yield encoded(Graph.INITIALIZER, _tensor(part.data, names))
    elif part.number in (Graph.INPUT, Graph.OUTPUT):
        yield encoded(part.number, _renamed(part.data, {INFO_NAME}, names))
    elif part.number in (Graph.QUANTIZATION, Graph.SPARSE_INITIALIZER):
        raise ModelError("models with sparse weights or quantisation notes do not merge")
    # Names of graphs, texts, and shapes that ONNX Runtime infers by itself are left out.


def _node(node: Data, names: _Names) -> bytes:
    found = []
    for part in fields(node):
        if part.number in (Node.INPUT, Node.OUTPUT, Node.NAME):
            found.append(encoded(part.number, names(part.text)))
        elif part.number == Node.ATTRIBUTE:
            found.append(encoded(Node.ATTRIBUTE, _attribute(part.data, names)))
        else:
            found.append(bytes(part.whole))
    return b"".join(found)


def _attribute(attribute: Data, names: _Names) -> bytes:
    """Return an attribute; branches and loop bodies are graphs that use the names around them."""
    found = []
    for part in fields(attribute):
        if part.number in Node.ATTRIBUTE_GRAPHS:
            graph = [
                bytes(inner.whole)
                if inner.number == Graph.NAME
                else b"".join(_graph_field(inner, names))
                for inner in fields(part.data)
            ]
            found.append(encoded(part.number, b"".join(graph)))
        else:
            found.append(bytes(part.whole))
    return b"".join(found)


def _tensor(tensor: Data, names: _Names) -> bytes:
    for part in fields(tensor):
        if part.number == Tensor.EXTERNAL or (part.number == Tensor.LOCATION and part.value == 1):
            raise ModelError("models that keep their weights in files of their own do not merge")
    return _renamed(tensor, {Tensor.NAME}, names)


def _renamed(message: Data, numbers: set[int], names: _Names) -> bytes:
    """Return a message with the names in some fields made unique."""
    return b"".join(
        encoded(part.number, names(part.text)) if part.number in numbers else bytes(part.whole)
        for part in fields(message)
    )


def _info_name(part: Field) -> str:
    return next((inner.text for inner in fields(part.data) if inner.number == INFO_NAME), "")


def _tensor_name(tensor: Data) -> str:
    return next((part.text for part in fields(tensor) if part.number == Tensor.NAME), "")
