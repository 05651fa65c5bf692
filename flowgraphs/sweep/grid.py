"""The grid: every cell worked out and checked before the first one runs."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from semradio.blocks.api import registry
from semradio.blocks.api.kinds import Sink
from semradio.blocks.errors import ModelError, ParameterError
from semradio.flowgraphs.flowgraph import Flowgraph
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.language.template import split_outside
from semradio.flowgraphs.plan import FlowgraphError, Plan
from semradio.flowgraphs.sweep import files
from semradio.flowgraphs.sweep.axis import VALUE_LIMIT, Axis
from semradio.flowgraphs.sweep.failure import SweepError
from semradio.flowgraphs.sweep.job import Job, decode, encode, version
from semradio.flowgraphs.sweep.progress import OnPreparation
from semradio.flowgraphs.sweep.summary import ELAPSED, ERROR
from semradio.flowgraphs.sweep.table import from_text


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the grid.

    number : from 1 on, in the order of the table. label : the cell in words
    key : identifies its result, see :class:`~semradio.flowgraphs.sweep.job.Job`
    values : the columns of the table that are known beforehand
    job : what a worker needs to run it
    """

    number: int
    label: str
    key: str
    values: dict[str, Any]
    job: str


class Grid:
    """The cells of a sweep.

    Args:
        file: path or name of a flowgraph. axes: the values that are combined, the last axis
            changing fastest. overrides: for all cells, before those of the axes.
        write_files: whether sinks that write files take part.
        on_preparation: called after each cell that is prepared.

    Attributes:
        left_out: sinks that take no part, and the file that each would write in the first cell.

    Raises:
        FlowgraphError: the flowgraph is wrong in some cell, the first such cell is named.
        SweepError: two cells would write one file, or a file cannot be read.
        ParameterError: there are too many cells.
    """

    def __init__(
        self,
        file: str,
        axes: Sequence[Axis],
        overrides: Sequence[str],
        *,
        allow_code: bool,
        chunk: int | None,
        write_files: bool,
        on_preparation: OnPreparation | None = None,
    ) -> None:
        self.file = file
        self.axes = axes
        self.overrides = overrides
        self.allow_code = allow_code
        self.chunk = chunk
        self.write_files = write_files
        self.left_out: dict[str, str] = {}
        self._version = version()
        self._writers: dict[str, str] = {}
        count = math.prod(len(axis.texts) for axis in axes)
        if count > VALUE_LIMIT:
            raise ParameterError(f"the grid has {count:,} cells, more than {VALUE_LIMIT:,}")
        self.cells: list[Cell] = []
        for cell in self._prepared():
            self.cells.append(cell)
            if on_preparation is not None:
                on_preparation(len(self.cells), count)

    @property
    def columns(self) -> list[str]:
        """The leading columns of the table: axes that vary, other axes, then variables."""
        varying = [axis.name for axis in self.axes if axis.varies]
        return list(dict.fromkeys([*varying, *self.cells[0].values]))

    def check(self, cells: Sequence[Cell]) -> None:
        """Make the graphs of so many cells that each value of each axis is in one of them.

        :attr:`cells` has found names, values and models; graphs show item types that do not fit.
        """
        chosen = {cell.number: cell for cell in cells}
        for k in range(max((len(axis.texts) for axis in self.axes), default=1)):
            index = 0
            for axis in self.axes:
                index = index * len(axis.texts) + k % len(axis.texts)
            cell = chosen.get(index + 1)
            if cell is not None:
                with _named(cell.label):
                    Graph(decode(cell.job).plan)

    def _prepared(self) -> Iterator[Cell]:
        for number, texts in enumerate(itertools.product(*(a.texts for a in self.axes)), 1):
            given = dict(zip((axis.name for axis in self.axes), texts, strict=True))
            label = _label(number, given)
            with _named(label):
                yield self._cell(number, label, given)

    def _cell(self, number: int, label: str, given: Mapping[str, str]) -> Cell:
        settings = [*self.overrides, *(f"{name}={text}" for name, text in given.items())]
        whole = Flowgraph.load(self.file, settings, allow_code=self.allow_code).plan
        set_here = dict(_split(setting) for setting in settings)
        values = {name: _value(whole, name, set_here[name]) for name in given}
        values |= {k: _simple(v) for k, v in whole.variables.items() if k not in values}
        values |= {k: _value(whole, k, v) for k, v in set_here.items() if k not in values}
        for name in (ELAPSED, ERROR):
            if name in values:
                raise SweepError(f"the variable '{name}' has the name of a column of the table")
        plan = self._without_files(whole, label)
        job = Job(plan, self.chunk, files.read(plan), files.code(plan), self._version)
        return Cell(number, label, job.key, values, encode(job))

    def _without_files(self, plan: Plan, label: str) -> Plan:
        """Return what a cell runs: without processes, and without sinks that may not write."""
        outputs = files.written(plan)
        if self.write_files:
            self._claim(outputs, label)
            return replace(plan, processes={})
        self.left_out = self.left_out or outputs
        blocks = {name: block for name, block in plan.blocks.items() if name not in outputs}
        if outputs and not any(issubclass(registry.find(b.type), Sink) for b in blocks.values()):
            raise SweepError(
                f"all that the sinks of '{plan.name}' do is write files, which a sweep does only "
                "with --files (files=True)"
            )
        edges = [edge for edge in plan.edges if edge.target not in outputs]
        return replace(plan, processes={}, blocks=blocks, edges=edges)

    def _claim(self, outputs: Mapping[str, str], label: str) -> None:
        for block, file in outputs.items():
            path = Path(file).expanduser().absolute()
            if path.exists() and not path.is_file():
                continue  # a device or a pipe takes what all cells write
            other = self._writers.setdefault(str(path), label)
            if other != label:
                axis = next((axis.name for axis in self.axes if axis.varies), "NAME")
                raise SweepError(
                    f"block '{block}' would write {file}, as in {other}: give each cell a file of "
                    f"its own, such as {block}.file='{path.stem}-${{{axis}}}{path.suffix}'"
                )


@contextmanager
def _named(label: str) -> Iterator[None]:
    """Say in which cell something is wrong."""
    try:
        yield
    except FlowgraphError as error:
        first, *others = error.problems
        named = replace(first, message=f"{first.message} [{label}]")
        raise FlowgraphError([named, *others]) from None
    except (ModelError, SweepError) as error:
        raise SweepError(f"{label}: {error}") from None


def _label(number: int, given: Mapping[str, str]) -> str:
    values = ", ".join(f"{name}={text}" for name, text in given.items())
    return f"cell {number} ({values})" if values else f"cell {number}"


def _split(setting: str) -> tuple[str, str]:
    name, _, text = setting.partition("=")
    return name.strip(), text


def _value(plan: Plan, name: str, text: str) -> Any:
    """Return what a variable or a parameter is in a plan, else the text that it was set to."""
    if name in plan.variables:
        return _simple(plan.variables[name])
    *path, parameter = split_outside(name, ".")
    block = plan.blocks.get("".join(path))
    found = block is not None and parameter in block.parameters
    return _simple(block.parameters[parameter]) if block and found else from_text(text)


def _simple(value: Any) -> Any:
    """Return a value as a table holds it: lists and mappings as JSON text."""
    return json.dumps(value) if isinstance(value, list | dict) else value
