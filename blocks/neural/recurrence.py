"""A model that remembers: some of its outputs are some of its inputs at the next run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from semradio.blocks.api import Array, ItemType, ItemTypeError, ModelError, ParameterError
from semradio.blocks.errors import nearest
from semradio.blocks.neural.onnx_session import (
    ModelPort,
    OnnxSession,
    Told,
    nothing_told,
    sample,
)

_TRIAL_STEPS = 5
"""Items of a trial run."""

_TRIAL_CUT = 2
"""Items of the first of two runs that must give what one run does."""


class Recurrence:
    """Runs a model step by step in time, and keeps its state from one run to the next.

    Items are steps of time. A model whose first axis is open and whose state has a fixed shape
    takes any number of steps in one run (an exported recurrent layer); one whose first axis has
    length 1, or whose state has open axes too (a cell, exported with a batch axis), takes one at a
    time. Open axes of a state have length 1, and a state begins with zeros.

    Args:
        session: the model.
        pairs: output that holds the state after a run, and the input that takes it at the next.
        told: inputs that are told numbers and take no items.

    Raises:
        ParameterError: a name is none of the model's, or stands twice.
        ModelError: an output and its input differ in type, or the first axis has a fixed length.
    """

    def __init__(
        self, session: OnnxSession, pairs: Mapping[str, str], told: Collection[str] = ()
    ) -> None:
        self.session = session
        self.pairs = dict(pairs)
        inputs = {port.name: port for port in session.inputs}
        outputs = {port.name: port for port in session.outputs}
        for given, taken in self.pairs.items():
            _check_known(given, outputs, "output", session)
            _check_known(taken, inputs, "input", session)
        if len(set(self.pairs.values())) < len(self.pairs):
            raise ParameterError("parameter 'memory': an input takes two outputs", "memory")
        self.states = {name: inputs[name] for name in self.pairs.values()}
        for given, taken in self.pairs.items():
            if outputs[given].dtype != inputs[taken].dtype:
                raise ModelError(
                    f"model {session.path}: output '{given}' cannot be the state '{taken}': "
                    f"{outputs[given]} is no {inputs[taken]}"
                )
        self.inputs = tuple(
            p for p in session.inputs if p.name not in self.states and p.name not in told
        )
        self.outputs = tuple(p for p in session.outputs if p.name not in self.pairs)
        if not self.inputs or not self.outputs:
            raise ModelError(f"model {session.path}: without its state no input or output is left")
        lengths = {n if isinstance(n := port.shape[0], int) else None for port in self.inputs}
        for length in lengths - {1, None}:
            raise ModelError(
                f"model {session.path}: a model with state takes one item, or any number of "
                f"steps, at a run; its first axis has the fixed length {length}"
            )
        fixed = all(isinstance(n, int) for port in self.states.values() for n in port.shape)
        self.at_once = lengths == {None} and fixed
        """Whether one run takes several items."""

    def initial(self) -> dict[str, Array]:
        """Return the state before the first item, by the names of the model's inputs."""
        return {
            name: np.zeros([n if isinstance(n, int) else 1 for n in port.shape], port.dtype)
            for name, port in self.states.items()
        }

    def run(
        self,
        outputs: Sequence[str],
        feed: Mapping[str, Array],
        held: Mapping[str, Array],
        told: Told = nothing_told,
    ) -> tuple[list[Array], dict[str, Array]]:
        """Return the named outputs for n items, n at least 1, and the state after them.

        Args:
            held: the state before them.
            told: what inputs that take no items are fed.

        Raises:
            ModelError: the model fails, or gives a state of another shape than it takes.
        """
        count = len(next(iter(feed.values())))
        if self.at_once:
            return self._step(outputs, {**feed, **told(count)}, dict(held))
        parts: list[list[Array]] = []
        numbers = told(1)
        for i in range(count):
            step = {name: x[i : i + 1] for name, x in feed.items()}
            results, held = self._step(outputs, {**step, **numbers}, held)
            parts.append(results)
        return [np.concatenate(y) for y in zip(*parts, strict=True)], dict(held)

    def _step(
        self, outputs: Sequence[str], feed: Mapping[str, Array], held: Mapping[str, Array]
    ) -> tuple[list[Array], dict[str, Array]]:
        results = self.session.run_once([*outputs, *self.pairs], {**feed, **held})
        states = dict(zip(self.pairs.values(), results[len(outputs) :], strict=True))
        for name, value in states.items():
            if value.shape != held[name].shape:
                raise ModelError(
                    f"model {self.session.path}: the state '{name}' of shape "
                    f"{list(held[name].shape)} comes back as {list(value.shape)}"
                )
        return results[: len(outputs)], states

    def output_types(
        self, outputs: Sequence[str], inputs: Mapping[str, ItemType], told: Told = nothing_told
    ) -> dict[str, ItemType]:
        """Find the item types of outputs by a trial run; ``inputs`` by the model's own names.

        Raises:
            ModelError: an output does not give one item for each, none that a stream carries, or
                others when the stream is cut (noise, or a state that is not declared).
        """
        random = np.random.default_rng(0)
        feed = {name: sample(random, item, _TRIAL_STEPS) for name, item in inputs.items()}
        results, _ = self.run(outputs, feed, self.initial(), told)
        types = {}
        for name, y in zip(outputs, results, strict=True):
            if y.ndim == 0 or len(y) != _TRIAL_STEPS:
                raise ModelError(
                    f"model {self.session.path}: output '{name}' gives "
                    f"{len(y) if y.ndim else 'no'} rows for {_TRIAL_STEPS} items; its first axis "
                    "must be time"
                )
            try:
                types[name] = ItemType.of(y)
            except ItemTypeError:
                raise ModelError(
                    f"model {self.session.path}: output '{name}' gives {y.dtype}, which no stream "
                    "carries"
                ) from None
        first = {n: x[:_TRIAL_CUT] for n, x in feed.items()}
        before, held = self.run(outputs, first, self.initial(), told)
        after, _ = self.run(outputs, {n: x[_TRIAL_CUT:] for n, x in feed.items()}, held, told)
        for name, y, *cut in zip(outputs, results, before, after, strict=True):
            if not np.allclose(y, np.concatenate(cut), rtol=1e-3, atol=1e-5, equal_nan=True):
                raise ModelError(
                    f"model {self.session.path}: output '{name}' changes with how the stream is "
                    "cut; is there a state that 'memory' does not name, noise, or a look ahead?"
                )
        return types


def _check_known(
    name: str, ports: Mapping[str, ModelPort], kind: str, session: OnnxSession
) -> None:
    if name not in ports:
        raise ParameterError(
            f"parameter 'memory': model {session.path} has no {kind} '{name}'"
            f"{nearest(name, list(ports))}; write {{OUTPUT: INPUT}}, such as {{h_out: h_in}}",
            "memory",
        )
