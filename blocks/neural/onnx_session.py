"""One ONNX model, loaded and ready to run on chunks of items."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from semradio.blocks.api import Array, ItemType, ItemTypeError, ModelError, ParameterError
from semradio.blocks.errors import nearest
from semradio.blocks.neural.onnx_header import read_header

_DTYPES = {
    "float16": "float16",
    "float": "float32",
    "double": "float64",
    "bool": "bool",
    **{f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
"""NumPy's name of an ONNX element type that a stream can carry."""

_TRIAL_ROWS = 3
"""Items of a trial run; more than one, so that the batch axis shows."""


@dataclass(frozen=True, slots=True)
class ModelPort:
    """An input or output of a model.

    dtype : NumPy's name, or ONNX's own words (``tensor(string)``) where no stream carries it
    shape : batch axis first; an axis of open length is a name or None
    """

    name: str
    dtype: str
    shape: tuple[int | str | None, ...]

    @property
    def pattern(self) -> str:
        """The item types that fit, such as ``float32[*,28]``."""
        axes = ",".join(str(n) if isinstance(n, int) else "*" for n in self.shape[1:])
        return f"{self.dtype}[{axes}]" if axes else self.dtype

    def __str__(self) -> str:
        axes = ",".join("?" if n is None else str(n) for n in self.shape)
        return f"{self.name}: {self.dtype}[{axes}]"


class OnnxSession:
    """A model in ONNX Runtime, called with arrays whose first axis counts the items.

    A model that declares a fixed batch size is run in groups of that size; the last group is
    filled up with zeros, and what they give is dropped.

    Args:
        path: an .onnx file.
        providers: ONNX Runtime's execution providers, best first; ``cpu`` and ``cuda`` are as
            good as their long names.
        threads: threads of one run.

    Raises:
        ModelError: the file cannot be loaded, or a port is none that a stream can feed.
        ParameterError: a provider is not available here.
    """

    def __init__(
        self, path: Path, providers: Sequence[str] = ("CPUExecutionProvider",), threads: int = 1
    ) -> None:
        self.path = path
        read_header(path)  # gives the better message where the file is damaged
        self._session = _open(path, providers, threads)
        self.inputs = tuple(_port(node) for node in self._session.get_inputs())
        self.outputs = tuple(_port(node) for node in self._session.get_outputs())
        self.batch = self._batch_size()

    def run(self, outputs: Sequence[str], feed: dict[str, Array]) -> list[Array]:
        """Return the named outputs for inputs of shape (n, *item), n at least 1."""
        try:
            return self.runner()(outputs, feed)
        except Exception as error:
            raise self.failure(error) from None

    def runner(self) -> Callable[[Sequence[str], dict[str, Array]], list[Array]]:
        """Return what :meth:`run` calls: for those who count microseconds.

        What it raises is made readable by :meth:`failure`.
        """
        run: Callable[[Sequence[str], dict[str, Array]], list[Array]] = self._session.run
        return run if self.batch is None else self._run_groups

    def failure(self, error: Exception) -> ModelError:
        """Return the user's error for one that ONNX Runtime raised while running."""
        return ModelError(f"model {self.path}: {shortened(error)}")

    def output_types(
        self, outputs: Sequence[str], inputs: Mapping[str, ItemType], independent: bool
    ) -> dict[str, ItemType]:
        """Find the item types of outputs by a trial run; ``inputs`` by the model's own names.

        Args:
            independent: whether to insist that an item's result depends on that item alone.

        Raises:
            ModelError: the first axis of an output does not count the items, an output is none
                that a stream carries, or the items of a batch influence each other.
        """
        random = np.random.default_rng(0)
        rows = self.batch or _TRIAL_ROWS
        feed = {name: _sample(random, item, rows) for name, item in inputs.items()}
        results = self.run(outputs, feed)
        types = {}
        for name, y in zip(outputs, results, strict=True):
            if not isinstance(y, np.ndarray) or y.ndim == 0 or len(y) != rows:
                rows_given = len(y) if isinstance(y, np.ndarray) and y.ndim else "no"
                raise ModelError(
                    f"model {self.path}: output '{name}' gives {rows_given} rows for {rows} "
                    "items; its first axis must be the batch"
                )
            try:
                types[name] = ItemType.of(y)
            except ItemTypeError:
                raise ModelError(
                    f"model {self.path}: output '{name}' gives {y.dtype}, which no stream carries"
                ) from None
        if independent:
            self._check_independent(outputs, feed, results)
        return types

    def _check_independent(
        self, outputs: Sequence[str], feed: dict[str, Array], results: list[Array]
    ) -> None:
        """Give the first item other neighbours; its results must stay."""
        random = np.random.default_rng(1)
        others = {
            name: np.concatenate([x[:1], _sample(random, ItemType.of(x), len(x) - 1)])
            for name, x in feed.items()
        }
        again = self.run(outputs, others)
        for name, y, z in zip(outputs, results, again, strict=True):
            if not np.allclose(y[0], z[0], rtol=1e-3, atol=1e-5, equal_nan=True):
                raise ModelError(
                    f"model {self.path}: output '{name}' of an item changes with the other items "
                    "of its batch or from run to run (batch statistics or noise inside the "
                    "model?), so results would depend on how the stream is cut; "
                    "'max_batch: 1' runs it item by item"
                )

    def _batch_size(self) -> int | None:
        """Check the ports; return the batch size that the model insists on, or None."""
        if not self.inputs or not self.outputs:
            lacking = "inputs" if self.outputs else "outputs"
            raise ModelError(f"model {self.path} has no {lacking}")
        for port in self.inputs:
            if port.dtype not in _DTYPES.values():
                raise ModelError(
                    f"model {self.path}: input '{port.name}' takes {port.dtype}, which no "
                    "stream carries"
                )
            if not port.shape:
                raise ModelError(
                    f"model {self.path}: input '{port.name}' has no batch axis for the items of "
                    "a stream"
                )
            if 0 in port.shape:
                raise ModelError(f"model {self.path}: input '{port.name}' has an axis of length 0")
        sizes = {n if isinstance(n := port.shape[0], int) else None for port in self.inputs}
        if len(sizes) > 1:
            ports = ", ".join(map(str, self.inputs))
            raise ModelError(f"model {self.path}: the inputs differ in their batch axis: {ports}")
        return sizes.pop()

    def _run_groups(self, outputs: Sequence[str], feed: dict[str, Array]) -> list[Array]:
        """Run a model of fixed batch size."""
        assert self.batch is not None
        size, count = self.batch, len(next(iter(feed.values())))
        groups: list[list[Array]] = []
        for start in range(0, count, size):
            group = {name: x[start : start + size] for name, x in feed.items()}
            if count - start < size:
                group = {name: _filled(x, size) for name, x in group.items()}
            groups.append(self._session.run(outputs, group))
        return [np.concatenate(parts)[:count] for parts in zip(*groups, strict=True)]


def shortened(error: BaseException) -> str:
    """Return ONNX Runtime's error in one line, without its codes and source locations."""
    text = " ".join(str(error).split())
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text)
    text = re.sub(r"^Load model from .*? failed:", "", text)
    text = re.sub(r"\S+\.(cc|h):\d+ (\w+ (?=[A-Z])|.*?\) (?=[A-Z]))?", "", text)
    return text if len(text) <= 300 else f"{text[:297]}..."


def _open(path: Path, providers: Sequence[str], threads: int) -> Any:
    # Imported late: a tenth of a second that only running a model is worth.
    import onnxruntime  # type: ignore[import-untyped]

    wanted = [_provider(name, onnxruntime.get_available_providers()) for name in providers]
    options = onnxruntime.SessionOptions()
    # Errors come as exceptions; what ONNX Runtime would print beside them helps nobody.
    options.log_severity_level = 4
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = threads
    # Threads that spin while they wait take the core from the neighbouring block.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=wanted)
    except Exception as error:
        text = shortened(error)
        if "External data path does not exist" in text:
            missing = text.rsplit(": ", 1)[-1].strip('"')
            raise ModelError(
                f"model file {path} keeps its weights in {missing}, which is missing; the two "
                "files belong side by side"
            ) from None
        raise ModelError(f"model file {path} cannot be loaded: {text}") from None
    if wanted and session.get_providers()[0] != wanted[0]:
        raise ModelError(
            f"model {path}: provider '{wanted[0]}' is installed but could not be started; "
            f"running: {', '.join(session.get_providers())}"
        )
    return session


def _provider(name: str, available: Sequence[str]) -> str:
    """Return the full name of an execution provider."""
    short = {full.removesuffix("ExecutionProvider").lower(): full for full in available}
    if name in available:
        return name
    if name.lower() in short:
        return short[name.lower()]
    raise ParameterError(
        f"provider '{name}' is not available{nearest(name, [*available, *short])}; "
        f"this installation of onnxruntime has {', '.join(available)}",
        "providers",
    )


def _port(node: Any) -> ModelPort:
    element = node.type.removeprefix("tensor(").removesuffix(")")
    # ONNX Runtime gives -1 for an open axis of some models, a name or None for others.
    shape = tuple(None if n == -1 else n for n in node.shape)
    return ModelPort(node.name, _DTYPES.get(element, node.type), shape)


def _sample(random: np.random.Generator, item: ItemType, rows: int) -> Array:
    """Draw ``rows`` items for a trial: floats of the size of a signal, any byte, else zeros."""
    shape = (rows, *item.shape)
    if item.dtype.startswith("float"):
        return (0.3 * random.standard_normal(shape)).astype(item.numpy)
    if item.dtype == "uint8":
        return random.integers(0, 256, shape, np.uint8)
    # Other integers are often indices; zero is the one that a model surely has.
    return np.zeros(shape, item.numpy)


def _filled(x: Array, size: int) -> Array:
    """Append zero items up to ``size``."""
    return np.concatenate([x, np.zeros((size - len(x), *x.shape[1:]), x.dtype)])
