"""Turn a torch module into an ONNX file that a neural block can run.

:func:`export_onnx` works for any module, not only for the ones in this package. What it writes is
one file with a free batch dimension, a model card, and the same answers as the module; a module
whose answers depend on chance or on the other items of a batch is refused, because a streaming
block cuts its batches as the items happen to arrive.
"""

from __future__ import annotations

import contextlib
import copy
import importlib.metadata
import io
import logging
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec
import onnx
import torch
from torch import Tensor, nn

from semradio.blocks.errors import ModelError
from semradio.blocks.neural.gnuradio4_keys import Gnuradio4Keys
from semradio.blocks.neural.model_card import METADATA_KEY, ModelCard
from semradio.blocks.part_file import write_whole
from semradio.export.half_weights import round_weights, store_half
from semradio.export.operator_library import read_once
from semradio.export.parity import (
    example_batches,
    measured_parity,
    refuse_dependence_on_batch,
)

OPSET = 18
"""Default operator set: ONNX Runtime reads it since 1.14."""
NEWEST_IR = 10
"""Newest file format that ONNX Runtime reads since 1.18."""
BATCHES = (1, 2, 7, 1000)
"""Default batch sizes of the parity check."""

_RANDOM_OPERATORS = frozenset(
    {
        "Bernoulli",
        "Multinomial",
        "RandomNormal",
        "RandomNormalLike",
        "RandomUniform",
        "RandomUniformLike",
    }
)
_LARGEST_BYTES = 2**31 - 2**20

OpenAxes = Mapping[str, Mapping[int, tuple[str, int]]]
"""Axes of open length: by input and axis, a name, and what the length is a multiple of."""


def export_onnx(
    module: nn.Module,
    path: str | Path,
    *,
    inputs: Mapping[str, Tensor],
    outputs: Sequence[str],
    card: ModelCard,
    tolerance: float = 1e-5,
    levels: int = 0,
    opset: int = OPSET,
    batches: Sequence[int] = BATCHES,
    half: bool = False,
    compared: Sequence[str] = (),
    open_axes: OpenAxes = MappingProxyType({}),
    gnuradio4: bool = False,
) -> ModelCard:
    """Export a module as one ONNX file and check it against the module.

    Args:
        module: any torch module; it is copied, put into evaluation mode and left as it was.
        path: the file to write, whose name ends in .onnx; written in one step, and only if every
            check passes.
        inputs: an example for each input of ``forward``, in its order, under the name that the
            input shall have. The first dimension is the batch; give at least two different rows of
            realistic values, for all checks are made with mixtures of them.
        outputs: a name for each output (a tensor, or a tuple of tensors), batch first.
        card: parity, number of weights and versions are filled in here, the rest is yours.
        tolerance: largest difference of floating-point outputs between file and module, as a part
            of the largest output value, or absolute where that is below 1.
        levels: largest difference of integer outputs; 1 suits images that are rounded.
        opset: the ONNX operator set. The exporter silently gives 18 for some older ones, which is
            refused.
        batches: batch sizes to compare at.
        half: whether to round the weights to 16 bits and store them so, in half the space; they are
            computed with 32 bits, and compared is the module with rounded weights.
        compared: those of ``outputs`` that the card states the parity of and the file leaves out,
            such as an image before it is rounded.
        open_axes: axes of inputs that are of open length, besides the batch: by input and axis, a
            name, and what the length is a multiple of. Axes of one name have as many of these.
        gnuradio4: whether to write the keys by which the block ``OnnxInference`` of GNU Radio 4
            sets itself up. The first input is then float32[batch, M, N], a window of M frames.

    Returns:
        The card as written.

    Raises:
        ModelError: the module draws random numbers, its outputs depend on the other items of the
            batch, it does not run at every batch size, it gives NaN for the examples, torch cannot
            export it, or the file does not reproduce it. With ``gnuradio4``, its inputs are others
            than that block feeds. Path, examples or names are not what is said above.
    """
    path = Path(path)
    if path.suffix != ".onnx":
        raise ModelError(f"'{path}' cannot be the file of a model: its name must end in .onnx")
    if isinstance(outputs, str) or not isinstance(inputs, Mapping):
        raise ModelError(
            f"'{card.name}': inputs={{'NAME': examples, ...}} and outputs=['NAME', ...], "
            "the names that the block's ports shall have"
        )
    deployed = copy.deepcopy(module).cpu().eval()
    if half:
        round_weights(deployed)
    weights = [*deployed.parameters(), *deployed.buffers()]
    if sum(weight.numel() * weight.element_size() for weight in weights) > _LARGEST_BYTES:
        raise ModelError(f"'{card.name}' is larger than 2 GB, the limit of a single ONNX file")
    examples = example_batches(inputs, batches, card.name)
    refuse_dependence_on_batch(
        deployed, examples, outputs, name=card.name, tolerance=tolerance, levels=levels
    )
    model = _converted(deployed, inputs, outputs, card.name, opset, open_axes)
    if half:
        store_half(model)
    _check(model, inputs, outputs, card.name, opset)
    complete = msgspec.structs.replace(
        card,
        parity={
            **card.parity,
            **measured_parity(
                deployed,
                model.SerializeToString(),
                examples,
                outputs,
                name=card.name,
                tolerance=tolerance,
                levels=levels,
            ),
        },
        parameters=sum(weight.numel() for weight in deployed.parameters()),
        versions={**card.versions, **versions()},
    )
    kept = [value for value in model.graph.output if value.name not in compared]
    del model.graph.output[:]
    model.graph.output.extend(kept)
    keys = _gnuradio4_keys(inputs, card.name) if gnuradio4 else {}
    onnx.helper.set_model_props(model, {METADATA_KEY: complete.to_json(), **keys})
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, model.SerializeToString(), durable=True)
    return complete


def _gnuradio4_keys(inputs: Mapping[str, Tensor], name: str) -> dict[str, str]:
    first = next(iter(inputs.values()))
    if len(inputs) != 1 or first.dtype != torch.float32 or first.ndim != 3:
        given = ", ".join(f"{port}: {list(x.shape)}" for port, x in inputs.items())
        raise ModelError(
            f"GNU Radio 4 runs models with one input float32[batch, M, N]; '{name}' has {given}: "
            "put a module before it that takes the frame out of [batch, 1, N]"
        )
    return Gnuradio4Keys(first.shape[2], first.shape[1]).to_metadata()


def versions() -> dict[str, str]:
    """Return the versions of the programs that shape an exported file."""
    return {
        package: importlib.metadata.version(package)
        for package in ("semradio", "torch", "onnx", "onnxscript")
    }


def _converted(
    module: nn.Module,
    inputs: Mapping[str, Tensor],
    outputs: Sequence[str],
    name: str,
    opset: int,
    open_axes: OpenAxes = MappingProxyType({}),
) -> onnx.ModelProto:
    read_once()
    batch = torch.export.Dim("batch")
    axes = {
        port: {axis: step * torch.export.Dim(length) for axis, (length, step) in found.items()}
        for port, found in open_axes.items()
    }
    talk = io.StringIO()
    try:
        with _captured(talk):
            program = torch.onnx.export(
                module,
                tuple(inputs.values()),
                None,
                input_names=list(inputs),
                output_names=list(outputs),
                dynamic_shapes=tuple({0: batch, **axes.get(port, {})} for port in inputs),
                opset_version=opset,
                dynamo=True,
                verbose=False,
            )
    # The exporter lets errors of every kind through, from all its stages.
    except Exception as error:
        raise ModelError(f"torch cannot export '{name}' to ONNX: {_reason(error)}") from error
    if program is None:
        raise ModelError(f"torch cannot export '{name}' to ONNX")
    model = program.model_proto
    _strip_provenance(model)
    return model


def _reason(error: BaseException) -> str:
    """Return the first line of what broke the export, without the colours of a terminal."""
    # The exporter's own text tells which of its steps failed; the cause tells why.
    cause = error.__cause__ or error
    lines = re.sub(r"\x1b\[[0-9;]*m", "", str(cause)).strip().splitlines()
    return lines[0] if lines else type(cause).__name__


@contextlib.contextmanager
def _captured(talk: io.StringIO) -> Iterator[None]:
    """Keep the exporter's progress report and its warnings off the user's terminal."""
    disabled = logging.root.manager.disable
    with (
        contextlib.redirect_stdout(talk),
        contextlib.redirect_stderr(talk),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        # Loggers hold the real stderr, which redirection does not reach.
        logging.disable(logging.CRITICAL)
        try:
            yield
        finally:
            logging.disable(disabled)


def _strip_provenance(model: onnx.ModelProto) -> None:
    """Remove the exporter's notes: they hold stack traces with the maker's file paths."""
    del model.metadata_props[:]
    for graph in _graphs(model):
        del graph.metadata_props[:]
        graph.doc_string = ""
        for part in (
            *graph.node,
            *graph.input,
            *graph.output,
            *graph.value_info,
            *graph.initializer,
        ):
            del part.metadata_props[:]
            part.doc_string = ""
    for function in model.functions:
        del function.metadata_props[:]
        for node in function.node:
            del node.metadata_props[:]
            node.doc_string = ""


def _graphs(model: onnx.ModelProto) -> Iterator[onnx.GraphProto]:
    """Yield the graph and every graph inside its nodes (branches, loops)."""
    yield model.graph
    yield from _inner_graphs(model.graph.node)
    for function in model.functions:
        yield from _inner_graphs(function.node)


def _inner_graphs(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.GraphProto]:
    for node in nodes:
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                if graph.node:
                    yield graph
                    yield from _inner_graphs(graph.node)


def _check(
    model: onnx.ModelProto,
    inputs: Mapping[str, Tensor],
    outputs: Sequence[str],
    name: str,
    opset: int,
) -> None:
    """Refuse a file that is not what was asked for; the exporter does not always tell."""
    nodes = [node for graph in _graphs(model) for node in graph.node]
    nodes += [node for function in model.functions for node in function.node]
    drawn = sorted({node.op_type for node in nodes} & _RANDOM_OPERATORS)
    if drawn:
        raise ModelError(
            f"'{name}' draws random numbers ({', '.join(drawn)}): keep noise and channels "
            "outside the model, they are blocks of their own"
        )
    found_opset = {entry.domain: entry.version for entry in model.opset_import}.get("", 0)
    if found_opset != opset:
        raise ModelError(
            f"'{name}' was asked for in opset {opset} and came out in {found_opset}; "
            f"torch's exporter gives {OPSET} and above reliably"
        )
    if model.ir_version > NEWEST_IR:
        raise ModelError(
            f"'{name}' came out in IR version {model.ir_version}; ONNX Runtime 1.18 reads "
            f"{NEWEST_IR} at most"
        )
    found_inputs = [value.name for value in model.graph.input]
    if found_inputs != list(inputs):
        raise ModelError(f"'{name}' came out with inputs {found_inputs}, not {list(inputs)}")
    for value in (*model.graph.input, *model.graph.output):
        dims = value.type.tensor_type.shape.dim
        if not dims or not dims[0].dim_param:
            raise ModelError(f"'{name}': the batch dimension of '{value.name}' is not free")
    onnx.checker.check_model(model, full_check=True)
