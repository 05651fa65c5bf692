"""A model without its last rounding: what its whole numbers were before they were made so.

Source: onnx.proto of the ONNX project, messages ``ModelProto``, ``GraphProto``, ``NodeProto``.
"""

from __future__ import annotations

from semradio.blocks.neural.merged_model import INFO_NAME, Graph, Model, Node, Stage
from semradio.blocks.neural.protobuf import Data, encoded, fields

_ROUNDING = (
    "Cast",
    "Clip",
    "Round",
    "Floor",
    "Ceil",
    "Reshape",
    "Flatten",
    "Transpose",
    "Identity",
)
"""Operators that make whole numbers of others, one by one, or move them."""


def unrounded(stage: Stage) -> Stage:
    """Return the model with what is rounded last as its only output.

    Raises:
        ValueError: the file is damaged.
    """
    (graph,) = [part.data for part in fields(stage.data) if part.number == Model.GRAPH]
    output = _before(graph, stage.output)
    inner = b"".join(
        bytes(part.whole) for part in fields(graph) if part.number != Graph.OUTPUT
    ) + encoded(Graph.OUTPUT, encoded(INFO_NAME, output))
    data = b"".join(
        encoded(Model.GRAPH, inner) if part.number == Model.GRAPH else bytes(part.whole)
        for part in fields(stage.data)
    )
    return Stage(data, stage.input, output)


def _before(graph: Data, output: str) -> str:
    """Return the value that an output is rounded from."""
    made: dict[str, tuple[str, str]] = {}
    for part in fields(graph):
        if part.number == Graph.NODE:
            node = list(fields(part.data))
            operator = next((f.text for f in node if f.number == Node.OPERATOR), "")
            taken = [f.text for f in node if f.number == Node.INPUT]
            for given in (f.text for f in node if f.number == Node.OUTPUT):
                made[given] = operator, taken[0] if taken else ""
    while output in made and made[output][0] in _ROUNDING:
        output = made[output][1]
    return output
