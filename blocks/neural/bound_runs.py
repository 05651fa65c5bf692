"""Runs of small batches at some microseconds less than ONNX Runtime's own call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from semradio.blocks.api import Array

_MOST_BYTES = 1 << 15
"""Bytes of a batch, in and out, beyond which copying costs what binding saves."""

_MOST_SIZES = 8
"""Batch sizes with buffers of their own; a stream that brings more is served without."""


class BoundRuns:
    """Runs a model of one input on buffers that are bound once for each small batch size.

    ``InferenceSession.run`` makes tensors of its inputs and arrays of its outputs at every call,
    which takes about as long as a small model. Bound buffers do without. What comes out is
    copied, so that nothing that was handed out is ever written to again; a copy of so little
    costs less than to keep account of who still looks at it. A size is bound when it comes for
    the second time. One thread at a time.

    Args:
        session: an ``onnxruntime.InferenceSession``.
        name: of its input.
        outputs: names of the outputs that are wanted.
    """

    def __init__(self, session: Any, name: str, outputs: Sequence[str]) -> None:
        self._session, self._run = session, session.run_with_iobinding
        self._name, self._outputs = name, list(outputs)
        self._bound: dict[tuple[int, ...], _Bound] = {}
        self._seen: set[tuple[int, ...]] = set()
        self._unfit: set[tuple[int, ...]] = set()
        self._dtype: np.dtype[Any] | None = None
        # Elsewhere memory is not the caller's, and the calls are long.
        self._binds = session.get_providers()[0] == "CPUExecutionProvider"

    def first(self, x: Array) -> Array:
        """Return the first of the outputs for the items ``x``."""
        bound = self._bound.get(x.shape)
        if bound is None or x.dtype != self._dtype:
            result: Array = self._run_unbound(x)[0]
            return result
        bound.x[...] = x
        self._run(bound.binding)
        return bound.outputs[0].copy()

    def all(self, x: Array) -> list[Array]:
        """Return the outputs for the items ``x``."""
        bound = self._bound.get(x.shape)
        if bound is None or x.dtype != self._dtype:
            return self._run_unbound(x)
        bound.x[...] = x
        self._run(bound.binding)
        return [y.copy() for y in bound.outputs]

    def _run_unbound(self, x: Array) -> list[Array]:
        results: list[Array] = self._session.run(self._outputs, {self._name: x})
        if self._binds and x.shape not in self._unfit:
            self._consider(x, results)
        return results

    def _consider(self, x: Array, results: Sequence[Any]) -> None:
        """Bind buffers of the size of these arrays, if they are worth it and have come before."""
        if x.shape in self._seen:
            self._bind(x, results)
        elif (
            len(self._seen) < _MOST_SIZES
            and all(isinstance(y, np.ndarray) and y.dtype.kind in "fiub" for y in (x, *results))
            and sum(y.nbytes for y in (x, *results)) <= _MOST_BYTES
        ):
            self._seen.add(x.shape)
        else:
            self._unfit.add(x.shape)

    def _bind(self, x: Array, results: Sequence[Array]) -> None:
        """Bind buffers of the size of these arrays."""
        binding, self._dtype = self._session.io_binding(), x.dtype
        room, *outputs = (np.empty(y.shape, y.dtype) for y in (x, *results))
        binding.bind_input(self._name, "cpu", 0, x.dtype.type, x.shape, room.ctypes.data)
        for name, y in zip(self._outputs, outputs, strict=True):
            binding.bind_output(name, "cpu", 0, y.dtype.type, y.shape, y.ctypes.data)
        self._bound[x.shape] = _Bound(room, outputs, binding)


class _Bound(NamedTuple):
    """Buffers for one batch size, and what binds them."""

    x: Array
    outputs: list[Array]
    binding: Any
