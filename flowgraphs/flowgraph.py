"""Flowgraphs in Python: compose, connect, run; or load a file and run that.

::

    fg = Flowgraph("gain")
    source, sink = VectorSource(data=[1.0, 2.0, 3.0]), VectorSink()
    fg.connect(source, MultiplyConst(constant=2.0), sink)
    fg.run()
    sink.data
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from semradio.blocks.api import registry
from semradio.blocks.api.block import Block
from semradio.blocks.api.port import PortRef
from semradio.blocks.api.queue import Policy
from semradio.blocks.errors import ItemTypeError, ParameterError, nearest
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.plan import (
    BlockPlan,
    EdgePlan,
    FlowgraphError,
    Location,
    Plan,
    Problem,
    ProcessPlan,
)
from semradio.flowgraphs.runtime.local import OnProgress, run_local
from semradio.flowgraphs.runtime.result import RunResult

if TYPE_CHECKING:
    from semradio.flowgraphs.control.server import ControlServer

Point = Block | PortRef
"""What :meth:`Flowgraph.connect` wires: a block, or one port of it (``block.x``)."""


class Flowgraph:
    """A graph of blocks and connections, composed in Python or loaded from a file.

    Args:
        name: shown in results.
        doc: one sentence on what it does.
        chunk: items that a source emits per step; None leaves it to the runtime.
        code: Python files that define block types; loaded at once, and by every worker process.

    Raises:
        BlockNotFoundError: a file of ``code`` is missing, fails, or defines no block.
    """

    def __init__(
        self,
        name: str = "flowgraph",
        doc: str = "",
        chunk: int | None = None,
        code: Sequence[str | Path] = (),
    ) -> None:
        self._plan = Plan(name, doc, chunk=chunk)
        self._blocks: dict[str, Block] = {}
        files = [
            Path(file).resolve() for file in ([code] if isinstance(code, str | Path) else code)
        ]
        if files:
            self._plan.import_folders = _importing_from(files)
        for file in files:
            registry.load_file(file)
            self._plan.code.append(str(file))

    @classmethod
    def load(
        cls,
        file: str | Path,
        overrides: Sequence[str] = (),
        *,
        allow_code: bool = False,
        **variables: Any,
    ) -> Flowgraph:
        """Load a flowgraph file, or a shipped flowgraph by its name.

        Args:
            file: path of a YAML file, or a name such as ``arn_link``.
            overrides: texts ``NAME=VALUE`` or ``BLOCK.PARAM=VALUE``, as on the command line.
            allow_code: whether the file may load Python code that it names.
            variables: values of the file's variables, taken as they are: text stays text.

        Raises:
            FlowgraphError: everything that is wrong with the file.
            ParameterError: a variable is given a value that no file can hold.
        """
        from semradio.flowgraphs.language import load

        texts = [*overrides, *(f"{key}={_as_text(key, value)}" for key, value in variables.items())]
        flowgraph = cls()
        if allow_code:
            is_file = "\n" not in str(file) and Path(file).is_file()
            folders = _importing_from([Path(file)] if is_file else [])
        flowgraph._plan = load(file, texts, allow_code=allow_code)
        flowgraph._plan.import_folders = folders if allow_code else []
        return flowgraph

    @property
    def name(self) -> str:
        """The flowgraph's name."""
        return self._plan.name

    @property
    def plan(self) -> Plan:
        """The blocks, edges and processes as plain data."""
        for name, block in self._blocks.items():
            self._plan.blocks[name].parameters = _parameters(block)
        return self._plan

    # Composing -----------------------------------------------------------------------------

    def add(self, block: Block, name: str | None = None) -> Block:
        """Add a block under a name of its own, and return it; connecting adds blocks too.

        Without a name it is called by its type, with a number if there are several. The name
        matters: it is part of what the noise of a channel is drawn from.

        Raises:
            ParameterError: another block has that name, or the block has another name here.
        """
        added = next((key for key, known in self._blocks.items() if known is block), None)
        if added is not None:
            if name not in (None, added):
                raise ParameterError(
                    f"block '{added}' of flowgraph '{self.name}' was added under that name already "
                    f"and cannot be '{name}': add it under its name before it is connected"
                )
            return block
        if name is not None and name in self._plan.blocks:
            raise ParameterError(f"flowgraph '{self.name}' already has a block '{name}'")
        if name is None:
            name = block.name
            number = 2
            while name in self._plan.blocks:
                name = f"{block.name}_{number}"
                number += 1
        block.name = name
        self._blocks[name] = block
        self._plan.blocks[name] = BlockPlan(name, block.block_type)
        return block

    def connect(self, *points: Point, queue: int | None = None, policy: Policy = "block") -> None:
        """Connect blocks in a chain: the output of each to the input of the next.

        Args:
            points: blocks, or ports written ``block.port``. A block without a port stands for
                its first input and its first output.
            queue: capacity of each edge in items. policy: what a full edge does.

        Raises:
            ItemTypeError: a point has no such port.
        """
        if len(points) < 2:
            raise ItemTypeError("connect needs at least two points")
        for source, target in itertools.pairwise(points):
            self._plan.edges.append(
                EdgePlan(*self._end(source, "output"), *self._end(target, "input"), queue, policy)
            )

    def process(
        self, name: str, *blocks: Block, bind: str | None = None, endpoint: str | None = None
    ) -> None:
        """Put blocks into a process of their own; where there are any, each block must be in one.

        Args:
            bind: ZeroMQ endpoint to listen on when this process runs on a host of its own.
            endpoint: ZeroMQ endpoint by which the others reach it.

        Raises:
            ParameterError: there is a process of that name already.
        """
        if name in self._plan.processes:
            raise ParameterError(f"process '{name}' is declared twice")
        names = [self.add(block).name for block in blocks]
        self._plan.processes[name] = ProcessPlan(name, names, bind, endpoint)

    def _end(self, point: Point, way: str) -> tuple[str, str]:
        block = point.block if isinstance(point, PortRef) else point
        self.add(block)
        ports = block.outputs if way == "output" else block.inputs
        if isinstance(point, PortRef):
            if point.name in ports:
                return block.name, point.name
            raise ItemTypeError(
                f"block '{block.name}' has no {way} '{point.name}'{nearest(point.name, ports)}; "
                f"{way}s: {', '.join(ports) or 'none'}"
            )
        if not ports:
            raise ItemTypeError(f"block '{block.name}' has no {way}")
        return block.name, next(iter(ports))

    def _repr_svg_(self) -> str:
        """Draw the flowgraph: what a notebook shows for it."""
        from semradio.flowgraphs.show import to_svg

        try:
            graph = self.check()
        except FlowgraphError:
            # Half-composed, as it may well be in a notebook: drawn without item types.
            return to_svg(self.plan)
        return to_svg(graph.plan, graph.edge_types)

    # Checking and running ------------------------------------------------------------------

    def check(self) -> Graph:
        """Check everything that can be checked without running; FlowgraphError lists it all."""
        plan = self.plan
        problems = _process_problems(plan)
        try:
            graph = Graph(plan, made=self._blocks)
        except FlowgraphError as error:
            raise FlowgraphError([*error.problems, *problems]) from None
        if problems:
            raise FlowgraphError(problems)
        return graph

    def run(
        self,
        *,
        processes: bool | None = None,
        transport: str | None = None,
        chunk: int | None = None,
        only: str | None = None,
        max_seconds: float | None = None,
        on_progress: OnProgress | None = None,
        control: bool | str = False,
    ) -> RunResult:
        """Run to the end of all streams.

        Args:
            processes: whether each process of the flowgraph becomes one of the operating
                system; None: if the flowgraph names any.
            transport: ``ipc`` or ``tcp``, between processes of this host.
            chunk: items that a source emits per step.
            only: run this process alone; the others run elsewhere, at their endpoints.
            max_seconds: stop the sources after so long and drain.
            on_progress: called with the items and memory of each process.
            control: whether to listen on a control socket, for ``semradio ctl`` and
                :class:`semradio.flowgraphs.control.Control`; an endpoint, such as
                ``tcp://127.0.0.1:5556``, is listened on beside it.

        Raises:
            FlowgraphError: the flowgraph is wrong; nothing was started.
            ParameterError: an option is wrong; nothing was started.
            RunError: it failed while running; nothing is left running.
        """
        plan = self.plan
        if only is not None and only not in plan.processes:
            hint = nearest(only, plan.processes)
            known = ", ".join(plan.processes) or "none"
            raise FlowgraphError([Problem(f"no process '{only}'{hint}; processes: {known}")])
        if processes and not plan.processes:
            raise FlowgraphError(
                [Problem(f"flowgraph '{plan.name}' names no processes; add 'processes:' to it")]
            )
        if max_seconds is not None and not max_seconds >= 0:
            raise ParameterError(f"max_seconds must be at least 0 s, not {max_seconds}")
        graph = self.check()
        with _listening(control) as server:
            if only is not None:
                share = Graph.part(graph.plan, plan.processes[only].blocks, graph.edge_types)
                return run_local(
                    share,
                    process=only,
                    chunk=chunk,
                    max_seconds=max_seconds,
                    on_progress=on_progress,
                    control=server,
                )
            if processes or (processes is None and plan.processes):
                unknown_elsewhere = _session_problems(graph)
                if unknown_elsewhere:
                    raise FlowgraphError(unknown_elsewhere)
                # Imported late: one process needs nothing of it.
                from semradio.flowgraphs.runtime.launcher import Launcher

                return Launcher(
                    graph,
                    transport=transport,
                    chunk=chunk,
                    max_seconds=max_seconds,
                    on_progress=on_progress,
                    control=server,
                ).run()
            return run_local(
                graph,
                chunk=chunk,
                max_seconds=max_seconds,
                on_progress=on_progress,
                control=server,
            )


@contextmanager
def _listening(control: bool | str) -> Iterator[ControlServer | None]:
    """Yield the control socket of a run, if it is to have one."""
    if control is False:
        yield None
        return
    from semradio.flowgraphs.control.server import ControlServer

    server = ControlServer(control if isinstance(control, str) else None)
    try:
        yield server
    finally:
        server.close()


def _parameters(block: Block) -> dict[str, Any]:
    return {
        key: getattr(block, key)
        for key, declared in block.parameters.items()
        if declared.required or getattr(block, key) is not declared.default
    }


def _process_problems(plan: Plan) -> list[Problem]:
    """Return what is wrong with the processes: each block must be in exactly one."""
    problems = []
    owner: dict[str, str] = {}
    for process in plan.processes.values():
        if not process.blocks:
            problems.append(_problem(f"process '{process.name}' has no blocks", process.location))
        for name in process.blocks:
            if name in owner:
                message = f"block '{name}' is in process '{owner[name]}' already"
                problems.append(_problem(message, process.location))
            owner.setdefault(name, process.name)
    if plan.processes:
        problems += [
            _problem(f"block '{name}' is in no process: each block must be in one", block.location)
            for name, block in plan.blocks.items()
            if name not in owner
        ]
    return problems


def _session_problems(graph: Graph) -> list[Problem]:
    """Return a problem for each block type that a worker process would not find."""
    problems: dict[type[Block], Problem] = {}
    for name, block in graph.blocks.items():
        cls = type(block)
        if cls not in problems and not registry.loadable(cls, graph.plan.code):
            problems[cls] = _problem(
                f"block type '{cls.block_type or cls.__name__}' is defined in this Python session "
                "only, worker processes cannot load it: put it into a file and load that with "
                "'code:' or Flowgraph(code=[...]), or run in one process",
                graph.plan.blocks[name].location,
            )
    return list(problems.values())


def _problem(message: str, location: Location | None) -> Problem:
    return Problem(message, location, location.text if location else "")


def _importing_from(files: Sequence[Path]) -> list[str]:
    """Let code import from the current folder and those of the files; returns the folders."""
    folders = [str(Path.cwd()), *(str(file.resolve().parent) for file in files)]
    folders = list(dict.fromkeys(folders))
    sys.path[:0] = [folder for folder in folders if folder not in sys.path]
    return folders


def _as_text(name: str, value: Any) -> str:
    """Return the value of a variable as YAML that reads back as the same value."""
    from semradio.flowgraphs.language.dump import one_line

    try:
        return one_line(_plain(value))
    except (TypeError, RecursionError):
        raise ParameterError(
            f"variable '{name}' must be a number, text, true or false, None, or a list or dict of "
            f"such, not {type(value).__name__}: {value!r:.80}",
            name,
        ) from None


def _plain(value: Any) -> Any:
    """Return a value as Python's own kinds that YAML has; TypeError if it has none for it."""
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, os.PathLike):
        return _plain(os.fspath(value))
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("keys are text")
        return {key: _plain(item) for key, item in value.items()}
    if value is None or isinstance(value, bool | str):
        return value
    # Members of an enumeration become the numbers that they are.
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    raise TypeError("no kind of YAML")
