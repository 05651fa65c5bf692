"""One ONNX model, loaded and ready to run on chunks of items."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from time import thread_time
from typing import Any

import numpy as np

from semradio.blocks.api import Array, ItemType, ItemTypeError, ModelError, ParameterError
from semradio.blocks.errors import nearest
from semradio.blocks.neural.bound_runs import BoundRuns
from semradio.blocks.neural.onnx_header import read_header

_DTYPES = {
    "float16": "float16",
    "float": "float32",
    "double": "float64",
    "bool": "bool",
    **{f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
"""NumPy's name of an ONNX element type that a stream can carry."""

Told = Callable[[int], Mapping[str, Array]]
"""Gives what inputs that take no items are fed, for so many items."""

_LANES = 16
"""Numbers that a processor works on at once at most: of a multiple of them none is left over."""

_LONG_S = 0.005
"""CPU seconds of a run from which on several runs cost little more than one."""

_TRIAL_ROWS = 3
"""Items of a trial run; more than one, so that the batch axis shows."""


def nothing_told(items: int) -> Mapping[str, Array]:
    """Feed nothing: all inputs take items."""
    return {}


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
        path: an .onnx file; for messages only where ``data`` is given.
        providers: ONNX Runtime's execution providers, best first; ``cpu`` and ``cuda`` are as
            good as their long names.
        threads: threads of one run.
        data: the content of a file, in its place.
        held: inputs that take a state and no items.

    Raises:
        ModelError: the file cannot be loaded, or a port is none that a stream can feed.
        ParameterError: a provider is not available here.
    """

    def __init__(
        self,
        path: Path,
        providers: Sequence[str] = ("CPUExecutionProvider",),
        threads: int = 1,
        data: bytes | None = None,
        held: Collection[str] = (),
    ) -> None:
        self.path = path
        if data is None:
            read_header(path)  # gives the better message where the file is damaged
        self._session = _open(path, providers, threads, data)
        self.inputs = tuple(_port(node) for node in self._session.get_inputs())
        self.outputs = tuple(_port(node) for node in self._session.get_outputs())
        self.batch = self._batch_size(held)

    def run(self, outputs: Sequence[str], feed: dict[str, Array]) -> list[Array]:
        """Return the named outputs for inputs of shape (n, *item), n at least 1."""
        try:
            return self.runner()(outputs, feed)
        except Exception as error:
            raise self.failure(error) from None

    def run_once(self, outputs: Sequence[str], feed: dict[str, Array]) -> list[Array]:
        """Return the named outputs of a single run, whatever the first axis means.

        Raises:
            ModelError: the model fails.
        """
        try:
            results: list[Array] = self._session.run(outputs, feed)
        except Exception as error:
            raise self.failure(error) from None
        return results

    def runner(self) -> Callable[[Sequence[str], dict[str, Array]], list[Array]]:
        """Return what :meth:`run` calls: for those who count microseconds.

        What it raises is made readable by :meth:`failure`.
        """
        run: Callable[[Sequence[str], dict[str, Array]], list[Array]] = self._session.run
        return run if self.batch is None else self._run_groups

    def first_of(self, name: str, output: str) -> Callable[[Array], Array]:
        """Return a function of the model's only input that gives one output, for one thread.

        Small batches cost less than by :meth:`run`; errors are as in :meth:`runner`.
        """
        if self.batch is not None:
            return lambda x: self._run_groups([output], {name: x})[0]
        return self.bound(name, [output]).first

    def bound(self, name: str, outputs: Sequence[str]) -> BoundRuns:
        """Return what runs a model of open batch size by its only input, for one thread."""
        return BoundRuns(self._session, name, outputs)

    def failure(self, error: Exception) -> ModelError:
        """Return the user's error for one that ONNX Runtime raised while running."""
        return ModelError(f"model {self.path}: {shortened(error)}")

    def by_item(self, port: ModelPort) -> bool:
        """Return whether an input has a row for each item, as its first axis tells."""
        return bool(port.shape) and (
            not isinstance(port.shape[0], int) or port.shape[0] == self.batch
        )

    def output_types(
        self,
        outputs: Sequence[str],
        inputs: Mapping[str, ItemType],
        independent: bool,
        told: Told = nothing_told,
    ) -> dict[str, ItemType]:
        """Find the item types of outputs by a trial run; ``inputs`` by the model's own names.

        Args:
            independent: whether to insist that an item's result depends on that item alone.
            told: what inputs that take no items are fed.

        Raises:
            ModelError: the first axis of an output does not count the items, an output is none
                that a stream carries, or the items of a batch influence each other.
        """
        random = np.random.default_rng(0)
        rows = self.batch or _TRIAL_ROWS
        feed = {name: sample(random, item, rows) for name, item in inputs.items()}
        results = self.run(outputs, {**feed, **told(rows)})
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
            self._check_independent(outputs, feed, results, told(rows))
        return types

    def same_in_one(self, name: str, output: str, item: ItemType, grid: int, most: int) -> bool:
        """Return whether 2 to ``most`` times ``grid`` items give, as one run, the bits of several.

        In which order a product adds up depends on how many items there are, not on what they are:
        so that is found by trying. What works on one number at a time may do so by another way for
        the last few, which shows for few values only: so the grid must leave no such rest. All this
        is so on the CPU with one thread; elsewhere a repeated run may differ from itself. A model
        that takes long for ``grid`` items gains nothing by fewer runs, and is not tried; nor is one
        whose numbers are whole, which would not show a difference.

        Args:
            name: the model's only input. item: what it takes.
        """
        shows = item.dtype in ("float32", "float64", "uint8") and self.gives_floats(output)
        on_cpu = self._session.get_providers() == ["CPUExecutionProvider"]
        threads = self._session.get_session_options().intra_op_num_threads
        if self.batch is not None or not shows or not on_cpu or threads != 1 or grid % _LANES:
            return False
        run = self.first_of(name, output)
        x = sample(np.random.default_rng(2), item, most * grid)
        began = thread_time()
        pieces = [run(x[:grid]).copy()]
        if thread_time() - began > _LONG_S:
            return False
        pieces += [run(x[k * grid : (k + 1) * grid]).copy() for k in range(1, most)]
        return all(
            run(x[: k * grid]).tobytes() == b"".join(piece.tobytes() for piece in pieces[:k])
            for k in range(2, most + 1)
        )

    def gives_floats(self, output: str) -> bool:
        """Return whether an output is floating."""
        return next(p.dtype for p in self.outputs if p.name == output).startswith("float")

    def check_numbers(self, output: str, y: Array, at: int) -> None:
        """Raise ModelError if a floating output holds NaN; to be called for finite inputs.

        Infinity passes: the logarithm of a probability has it by right.

        Args:
            y: what the model gave, of shape (n, *item).
            at: absolute index of the first item.
        """
        if isfinite(np.vdot(y, y)):
            return
        bad = np.isnan(y).reshape(len(y), -1).any(axis=1)
        if bad.any():
            raise ModelError(
                f"model {self.path}: output '{output}' is NaN for finite input, first at item "
                f"{at + int(bad.argmax())}"
            )

    def _check_independent(
        self,
        outputs: Sequence[str],
        feed: dict[str, Array],
        results: list[Array],
        told: Mapping[str, Array],
    ) -> None:
        """Give items other neighbours, on both sides; their results must stay.

        Of any two items the indices differ in some bit, so going through the bits, and changing
        once the items that have it and once those that have it not, changes each item while each
        other one stays.
        """
        random = np.random.default_rng(1)
        index = np.arange(len(results[0]))
        bits = range(max(1, (len(index) - 1).bit_length()))
        for stays in [(index >> bit & 1) == value for bit in bits for value in (0, 1)]:
            others = {}
            for name, x in feed.items():
                others[name] = sample(random, ItemType.of(x), len(x))
                others[name][stays] = x[stays]
            again = self.run(outputs, {**others, **told})
            for name, y, z in zip(outputs, results, again, strict=True):
                if not np.allclose(y[stays], z[stays], rtol=1e-3, atol=1e-5, equal_nan=True):
                    raise ModelError(self._dependent(name))

    def _dependent(self, output: str) -> str:
        """Return what to do about an output whose items depend on each other."""
        opens = [
            f"axis {axis} of '{port.name}'"
            for port in self.inputs
            for axis, length in enumerate(port.shape)
            if axis and not isinstance(length, int)
        ]
        if self.batch and self.batch > 1 and opens:
            return (
                f"model {self.path}: output '{output}' of an item changes with the other items, "
                f"and the first axis has the fixed length {self.batch} while {opens[0]} is open: "
                "if that one counts the items, export the model with it as the first axis"
            )
        return (
            f"model {self.path}: output '{output}' of an item changes with the other items of its "
            "batch or from run to run (batch statistics, noise, or time as the first axis?), so "
            "results would depend on how the stream is cut; 'max_batch: 1' runs it item by item"
        )

    def _batch_size(self, held: Collection[str]) -> int | None:
        """Check the ports; return the batch size that the model insists on, or None."""
        if not self.inputs or not self.outputs:
            lacking = "inputs" if self.outputs else "outputs"
            raise ModelError(f"model {self.path} has no {lacking}")
        fed = [port for port in self.inputs if port.name not in held]
        for port in self.inputs:
            if port.dtype not in _DTYPES.values():
                raise ModelError(
                    f"model {self.path}: input '{port.name}' takes {port.dtype}, which no "
                    "stream carries"
                )
            if not port.shape and port in fed:
                raise ModelError(
                    f"model {self.path}: input '{port.name}' has no batch axis for the items of "
                    "a stream; 'told' of 'onnx_model' gives it a number"
                )
            if 0 in port.shape:
                raise ModelError(f"model {self.path}: input '{port.name}' has an axis of length 0")
        sizes = {n if isinstance(n := port.shape[0], int) else None for port in fed}
        if len(sizes) > 1:
            ports = ", ".join(map(str, fed))
            raise ModelError(
                f"model {self.path}: the inputs differ in their batch axis: "
                f"{ports}; an input that is the model's memory is named by 'memory', one that is "
                "told a number by 'told'"
            )
        return sizes.pop() if sizes else None

    def _run_groups(self, outputs: Sequence[str], feed: dict[str, Array]) -> list[Array]:
        """Run a model of fixed batch size."""
        assert self.batch is not None
        size, count = self.batch, len(next(iter(feed.values())))
        groups: list[list[Array]] = []
        rows = {port.name for port in self.inputs if self.by_item(port)}
        for start in range(0, count, size):
            group = {n: x[start : start + size] if n in rows else x for n, x in feed.items()}
            if count - start < size:
                group = {n: _filled(x, size) if n in rows else x for n, x in group.items()}
            groups.append(self._session.run(outputs, group))
        return [np.concatenate(parts)[:count] for parts in zip(*groups, strict=True)]


def shortened(error: BaseException) -> str:
    """Return ONNX Runtime's error in one line, without its codes and source locations."""
    text = " ".join(str(error).split())
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text)
    text = re.sub(r"^Load model from .*? failed:", "", text)
    text = re.sub(r"\S+\.(cc|h):\d+ (\w+ (?=[A-Z])|.*?\) (?=[A-Z]))?", "", text)
    return text if len(text) <= 300 else f"{text[:297]}..."


def _open(path: Path, providers: Sequence[str], threads: int, data: bytes | None) -> Any:
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
        model = str(path) if data is None else data
        session = onnxruntime.InferenceSession(model, options, providers=wanted)
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


def sample(random: np.random.Generator, item: ItemType, rows: int) -> Array:
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
