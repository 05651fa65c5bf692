"""Runs a flowgraph once for each cell of a grid."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from semradio.blocks.errors import ParameterError
from semradio.flowgraphs.runtime.failure import RunError
from semradio.flowgraphs.runtime.run import protocol
from semradio.flowgraphs.sweep.axis import Axis
from semradio.flowgraphs.sweep.grid import Cell, Grid
from semradio.flowgraphs.sweep.interruption import SweepInterruptedError
from semradio.flowgraphs.sweep.outputs import Outputs
from semradio.flowgraphs.sweep.progress import OnPreparation, OnSweepProgress, SweepProgress
from semradio.flowgraphs.sweep.store import ENDING, Store
from semradio.flowgraphs.sweep.summary import ELAPSED, ERROR
from semradio.flowgraphs.sweep.table import Table

LIST_LIMIT = 100_000
"""Characters of a list among the results at most; a longer one is left out of the table."""


class Sweep:
    """A flowgraph and the grid of values that it is run over.

    Args:
        file: path of a flowgraph file, or name of a shipped one.
        axes: the values of each variable (``NAME``) or parameter (``BLOCK.PARAM``): plain values,
            or one text as on the command line (``"0:20:2"``, ``"1..5"``, ``"true,false"``). All
            values are combined with each other; those of the last axis change fastest.
        overrides: ``NAME=VALUE`` or ``BLOCK.PARAM=VALUE`` for all cells.
        allow_code: whether the file may load Python code that it names.
        chunk: items that a source emits per step.
        files: whether sinks that write files take part; each cell then needs files of its own.

    Attributes:
        left_out: after a run, the sinks that took no part, and the files that they would write.

    Raises:
        ParameterError: an axis is wrong.
    """

    def __init__(
        self,
        file: str | Path,
        axes: Mapping[str, str | Iterable[Any]],
        overrides: Sequence[str] = (),
        *,
        allow_code: bool = False,
        chunk: int | None = None,
        files: bool = False,
    ) -> None:
        self.file = str(file)
        self.axes = [Axis.of(name, values) for name, values in axes.items()]
        self.overrides = list(overrides)
        self.allow_code = allow_code
        self.chunk = chunk
        self.files = files
        self.left_out: dict[str, str] = {}
        for setting in overrides:
            name = setting.partition("=")[0].strip()
            if name in axes:
                raise ParameterError(f"'{name}' is both an axis and an override", name)

    def grid(self, on_preparation: OnPreparation | None = None) -> Grid:
        """Work out all cells and check their names, values, models and keys.

        Args:
            on_preparation: called after each cell.

        Raises:
            FlowgraphError: the flowgraph is wrong in some cell.
            SweepError: two cells would write one file, or a model or a key is missing.
            ParameterError: there are too many cells.
        """
        return Grid(
            self.file,
            self.axes,
            self.overrides,
            allow_code=self.allow_code,
            chunk=self.chunk,
            write_files=self.files,
            on_preparation=on_preparation,
        )

    def run(
        self,
        out: str | Path | None = None,
        *,
        jobs: int | None = None,
        cluster: str | None = None,
        keep_going: bool = False,
        fresh: bool = False,
        on_progress: OnSweepProgress | None = None,
        on_preparation: OnPreparation | None = None,
    ) -> Table:
        """Run the cells that are not finished yet, and return the table of all.

        Args:
            out: .csv or .parquet file for the table; the other one is written too where pyarrow
                is installed. What an older sweep has left of these and of ``.summary.csv`` goes.
                Finished cells are kept beside it, and are not run again. None: nothing is stored.
            jobs: worker processes of this machine; None: one for each core.
            cluster: address of a Dask scheduler, whose workers run the cells instead; ``jobs``
                counts for nothing then.
            keep_going: whether a cell that fails is noted in the column ``error``; otherwise it
                ends the sweep.
            fresh: whether to forget the cells that are finished.
            on_progress: called at the beginning and after each cell.
            on_preparation: called before the beginning, after each cell that is checked.

        Raises:
            FlowgraphError: the flowgraph is wrong in some cell; nothing was run.
            SweepError: the table, its store or the cluster cannot be used.
            RunError: a cell failed, or a worker died; the table with what is finished was written.
            SweepInterruptedError: a KeyboardInterrupt; the table with what is finished was written.
        """
        outputs = None if out is None else Outputs(Path(out))
        if outputs is not None:
            outputs.check()
        if jobs is not None and jobs < 1:
            raise ParameterError(f"jobs must be at least 1, not {jobs}", "jobs")
        if cluster is not None:
            # Imported late: the rest runs without Dask.
            from semradio.flowgraphs.sweep.cluster import check_address

            check_address(cluster)
        grid = self.grid(on_preparation)
        self.left_out = grid.left_out
        with Store(outputs.path.with_suffix(ENDING)) if outputs else nullcontext() as store:
            state = _State(grid, store, keep_going, on_progress)
            grid.check(state.resume(fresh))
            try:
                state.run(jobs, cluster)
            except KeyboardInterrupt:
                table = state.table()
                if outputs is not None:
                    outputs.write(table)
                raise SweepInterruptedError(table, state.progress().left) from None
            except RunError as error:
                if outputs is None:
                    raise
                table = state.table()
                outputs.write(table)
                raise RunError(
                    f"{error}\n{outputs.path} holds the cells that are finished, "
                    f"{len(table.rows)} of {len(grid.cells)}; the same command goes on from there",
                    error.trace,
                ) from None
            table = state.table()
            if outputs is not None:
                outputs.write(table)
            return table


class _State:
    """What a run of a sweep has found so far."""

    def __init__(
        self,
        grid: Grid,
        store: Store | None,
        keep_going: bool,
        on_progress: OnSweepProgress | None,
    ) -> None:
        self.grid = grid
        self.store = store
        self.keep_going = keep_going
        self.on_progress = on_progress
        self.results: dict[str, dict[str, Any]] = {}
        self.errors: dict[str, str] = {}
        self.cells_of = Counter(cell.key for cell in grid.cells)
        self.reused = self.done = self.failed = 0
        self.began = time.monotonic()

    def resume(self, fresh: bool) -> list[Cell]:
        """Take what the store has, and return the cells that are left."""
        if self.store is not None:
            if fresh:
                self.store.clear()
            self.results = self.store.results(cell.key for cell in self.grid.cells)
            self.reused = self.done = sum(self.cells_of[key] for key in self.results)
        return self.left()

    def left(self) -> list[Cell]:
        """Return the cells to run; of those that are the same run, the first."""
        # From the last on, so that the first of several stays.
        first = {cell.key: cell for cell in reversed(self.grid.cells)}
        known = self.results.keys() | self.errors.keys()
        return [c for c in self.grid.cells if first[c.key] is c and c.key not in known]

    def run(self, jobs: int | None, cluster: str | None) -> None:
        """Run the cells that are left."""
        left = self.left()
        self.began = time.monotonic()
        self._tell()
        if not left:
            return
        if cluster is not None:
            from semradio.flowgraphs.sweep.cluster import Cluster

            workers: Any = Cluster(cluster)
        else:
            from semradio.flowgraphs.sweep.pool import Pool

            workers = Pool(min(jobs or _cores(), len(left)))
        with workers:
            for cell, said in workers.run(left):
                self._take(cell, protocol.from_worker.decode(said))
                self._tell()

    def _take(self, cell: Cell, message: protocol.FromWorker) -> None:
        if isinstance(message, protocol.Done):
            if self.store is not None:
                self.store.add(cell.key, message.report)
            self.results[cell.key] = message.report
            self.done += self.cells_of[cell.key]
            return
        assert isinstance(message, protocol.Failed)  # a worker says nothing else
        if not self.keep_going:
            raise RunError(f"{cell.label}: {message.message}", message.traceback)
        self.errors[cell.key] = message.message
        self.failed += self.cells_of[cell.key]

    def progress(self) -> SweepProgress:
        """Return how far the run has come."""
        elapsed = time.monotonic() - self.began
        return SweepProgress(self.done, len(self.grid.cells), self.failed, self.reused, elapsed)

    def _tell(self) -> None:
        if self.on_progress is not None:
            self.on_progress(self.progress())

    def table(self) -> Table:
        """Return the rows of the cells that have run, in the order of the grid."""
        rows, found = [], dict.fromkeys(self.grid.columns)
        for cell in self.grid.cells:
            if cell.key in self.errors:
                rows.append({**cell.values, ERROR: self.errors[cell.key]})
            elif cell.key in self.results:
                report = self.results[cell.key]
                results = {k: v for k, v in flat(report["results"]) if k not in cell.values}
                rows.append({**cell.values, **results, ELAPSED: report["elapsed_s"]})
                found |= dict.fromkeys(results)
        columns = [*found, ELAPSED, *([ERROR] if self.errors else [])]
        full = [{name: row.get(name) for name in columns} for row in rows]
        axes = self.grid.columns[: len(self.grid.axes)]
        return Table(columns, full, tuple(axes))


def flat(results: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the results of blocks as columns: ``BLOCK.KEY``, nested ones with further dots.

    Lists become JSON text; those of more than :data:`LIST_LIMIT` characters are left out.
    """
    for key, value in results.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from flat(value, f"{name}.")
        elif isinstance(value, list):
            text = json.dumps(value)
            if len(text) <= LIST_LIMIT:
                yield name, text
        else:
            yield name, value


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
