"""Compare a torch module with its ONNX file, and an item alone with the same item in a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from semradio.blocks.errors import ModelError

Batch = dict[str, Tensor]
Arrays = list[NDArray[Any]]


def example_batches(inputs: Mapping[str, Tensor], sizes: Sequence[int], name: str) -> list[Batch]:
    """Make one batch of each size from the rows of the examples.

    A floating-point row is a mixture of two example rows, so it stays in the range of values
    that the examples span; a row of any other type is one of the example's. Always the same rows.

    Raises :class:`ModelError` if an example has fewer than two different rows: with equal rows a
    dependence on the batch could not be seen.
    """
    source = torch.Generator().manual_seed(0)
    batches: list[Batch] = [{} for _ in sizes]
    if not inputs:
        raise ModelError(f"'{name}': no example inputs were given")
    for key, example in inputs.items():
        if not isinstance(example, Tensor):
            raise ModelError(
                f"'{name}': the example of input '{key}' must be a torch tensor, not a "
                f"{type(example).__name__}"
            )
        rows = example.detach().cpu()
        if rows.dim() == 0 or len(rows) < 2 or bool((rows == rows[:1]).all()):
            raise ModelError(
                f"'{name}': the example of input '{key}' needs at least two different rows, "
                "the first dimension being the batch"
            )
        for batch, size in zip(batches, sizes, strict=True):
            batch[key] = _mixed_rows(rows, size, source)
    return batches


def _mixed_rows(rows: Tensor, size: int, source: torch.Generator) -> Tensor:
    first = torch.randint(len(rows), (size,), generator=source)
    if not rows.is_floating_point():
        return rows[first]
    second = torch.randint(len(rows), (size,), generator=source)
    share = torch.rand((size, *[1] * (rows.dim() - 1)), generator=source).to(rows.dtype)
    return rows[first] * share + rows[second] * (1 - share)


def torch_outputs(module: nn.Module, batch: Batch, outputs: Sequence[str], name: str) -> Arrays:
    """Run the module; raises :class:`ModelError` if it fails or its outputs are not as told.

    Nor may they be NaN or infinite, of examples that a stream would carry: such a file would end
    the first run that it is in.
    """
    size = len(next(iter(batch.values())))
    try:
        with torch.no_grad():
            found = module(*batch.values())
    # A module of the user's own may fail in any way.
    except Exception as error:
        raise ModelError(f"'{name}' does not run at batch size {size}: {error}") from error
    tensors = tuple(found) if isinstance(found, tuple | list) else (found,)
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise ModelError(
                f"'{name}' returns a {type(tensor).__name__}: a tensor, or a tuple of tensors, "
                "can be exported"
            )
    if len(tensors) != len(outputs):
        raise ModelError(
            f"'{name}' gives {len(tensors)} outputs, but {len(outputs)} names were given: "
            f"{', '.join(outputs)}"
        )
    for key, tensor in zip(outputs, tensors, strict=True):
        if tensor.dim() == 0 or len(tensor) != size:
            raise ModelError(
                f"'{name}': output '{key}' has shape {list(tensor.shape)} for a batch of {size}; "
                "the batch must come first"
            )
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise ModelError(
                f"'{name}': output '{key}' is NaN or infinite for the examples{_sick(module)}"
            )
    return [tensor.numpy() for tensor in tensors]


def _sick(module: nn.Module) -> str:
    """Name the first weight that is not a finite number, where there is one."""
    for key, weight in module.state_dict().items():
        if weight.is_floating_point() and not bool(weight.isfinite().all()):
            return f": the weight '{key}' is NaN or infinite, so training has gone astray"
    return ", with finite weights: look for a division by zero, a root or a logarithm"


def refuse_dependence_on_batch(
    module: nn.Module,
    batches: Sequence[Batch],
    outputs: Sequence[str],
    *,
    name: str,
    tolerance: float,
    levels: int,
) -> None:
    """Raise :class:`ModelError` if outputs depend on chance or on an item's neighbours."""
    with torch.random.fork_rng(devices=[]):
        for batch in batches:
            whole = torch_outputs(module, batch, outputs, name)
            again = torch_outputs(module, batch, outputs, name)
            for key, one, other in zip(outputs, whole, again, strict=True):
                if not np.array_equal(one, other, equal_nan=one.dtype.kind in "fc"):
                    raise ModelError(
                        f"'{name}' draws random numbers: output '{key}' differs between two runs "
                        "on the same input; keep noise and channels outside the model"
                    )
            # The first rows suffice: each is compared with itself among all the others.
            for row in range(min(4, len(whole[0]))):
                alone = {key: rows[row : row + 1] for key, rows in batch.items()}
                single = torch_outputs(module, alone, outputs, name)
                for key, one, many in zip(outputs, single, whole, strict=True):
                    beside_others = many[row : row + 1]
                    if not _within(one, beside_others, tolerance, levels):
                        difference = _difference(one, beside_others)
                        raise ModelError(
                            f"'{name}': output '{key}' of an item depends on the other items of "
                            f"its batch (alone it differs by {difference:.3g})"
                            "; replace averages over the batch by constants before the export"
                            f"{_hint(one, difference, levels, tolerance)}"
                        )


def measured_parity(
    module: nn.Module,
    model: bytes,
    batches: Sequence[Batch],
    outputs: Sequence[str],
    *,
    name: str,
    tolerance: float,
    levels: int,
) -> dict[str, float]:
    """Return, per output, the largest absolute difference between module and ONNX Runtime.

    Raises :class:`ModelError` if ONNX Runtime refuses the model, or a difference is too large or
    not a number.
    """
    try:
        session = _session(model)
    # ONNX Runtime's exceptions have no public common base.
    except Exception as error:
        raise ModelError(f"ONNX Runtime cannot load '{name}': {error}") from error
    worst = dict.fromkeys(outputs, 0.0)
    for batch in batches:
        expected = torch_outputs(module, batch, outputs, name)
        feed = {key: rows.numpy() for key, rows in batch.items()}
        try:
            found = session.run(list(outputs), feed)
        except Exception as error:
            size = len(next(iter(feed.values())))
            raise ModelError(
                f"ONNX Runtime cannot run '{name}' at batch size {size}: {error}"
            ) from error
        for key, one, other in zip(outputs, found, expected, strict=True):
            if one.dtype != other.dtype or one.shape != other.shape:
                raise ModelError(
                    f"'{name}': output '{key}' is {one.dtype}{list(one.shape)} in ONNX Runtime "
                    f"and {other.dtype}{list(other.shape)} in torch"
                )
            difference = _difference(one, other)
            if not _within(one, other, tolerance, levels):
                raise ModelError(
                    f"'{name}': output '{key}' differs by {difference:.3g} between ONNX Runtime "
                    f"and torch at batch size {len(other)}; allowed: "
                    f"{levels if other.dtype.kind in 'iub' else tolerance:g}"
                    f"{_hint(other, difference, levels, tolerance)}"
                )
            worst[key] = max(worst[key], difference)
    return worst


def _session(model: bytes) -> onnxruntime.InferenceSession:
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    settings.log_severity_level = 4
    return onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])


def _difference(one: NDArray[Any], other: NDArray[Any]) -> float:
    if one.size == 0:
        return 0.0
    # Unsigned integers would wrap around.
    wide = np.complex128 if one.dtype.kind == "c" else np.float64
    return float(np.abs(one.astype(wide) - other.astype(wide)).max())


def _hint(expected: NDArray[Any], difference: float, levels: int, tolerance: float) -> str:
    """Return how to allow that rounded values differ by one, or floats by little, where they do."""
    if expected.dtype.kind in "fc" and difference < 100 * tolerance * _scale(expected):
        return "; where that is but rounding, as of values far from 1, 'tolerance' allows more"
    if expected.dtype.kind in "iub" and levels == 0 and difference == 1:
        return "; where these are rounded values, 'levels=1' allows a difference of one"
    return ""


def _within(one: NDArray[Any], other: NDArray[Any], tolerance: float, levels: int) -> bool:
    if other.size == 0:
        return True
    if other.dtype.kind in "iub":
        return _difference(one, other) <= levels
    # Written so that NaN counts as a difference.
    return _difference(one, other) <= tolerance * _scale(other)


def _scale(values: NDArray[Any]) -> float:
    return max(1.0, float(np.abs(values).max()))
