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
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from semradio.blocks.api import registry
from semradio.blocks.api.block import Block
from semradio.blocks.api.port import PortRef
from semradio.blocks.engine.queue import Policy
from semradio.blocks.errors import ItemTypeError, ParameterError, nearest
from semradio.flowgraphs.curve.folder import RUN
from semradio.flowgraphs.curve.policy import check_control, keys_of_wire, open_edges
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.plain import for_yaml
from semradio.flowgraphs.plan import (
    BlockPlan,
    EdgePlan,
    FlowgraphError,
    Location,
    Plan,
    Problem,
    ProcessPlan,
)
from semradio.flowgraphs.runtime.change import Control, Steerable, complain, wrong_changes
from semradio.flowgraphs.runtime.change_log import ChangeLog, read_changes
from semradio.flowgraphs.runtime.profile_files import check_folder, write_profile
from semradio.flowgraphs.runtime.recovery.reasons import reasons, told
from semradio.flowgraphs.runtime.recovery.settings import WHOLE, Recovery, spares, wanted
from semradio.flowgraphs.runtime.result import RunResult
from semradio.flowgraphs.runtime.run.here import run_here
from semradio.flowgraphs.runtime.run.places import check_descriptors
from semradio.flowgraphs.runtime.run.supervisor import OnProgress
from semradio.flowgraphs.runtime.watch import Tap, check_tap, ports_of

if TYPE_CHECKING:
    from semradio.flowgraphs.control.server import ControlServer
    from semradio.flowgraphs.runtime.run.forked import Child
    from semradio.flowgraphs.view.metrics import MetricsServer

Point = Block | PortRef
"""What :meth:`Flowgraph.connect` wires: a block, or one port of it (``block.x``)."""


class Flowgraph:
    """A graph of blocks and connections, composed in Python or loaded from a file.

    Args:
        name: shown in results.
        doc: one sentence on what it does.
        chunk: items that a source emits per step; None leaves it to the runtime.
        security: keys between hosts: ``"none"``, or ``{"curve": FOLDER}``.
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
        security: dict[str, str] | str | None = None,
    ) -> None:
        self._plan = Plan(name, doc, chunk=chunk, security=security)
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
        self,
        name: str,
        *blocks: Block,
        bind: str | None = None,
        endpoint: str | None = None,
        cpus: Sequence[int] | None = None,
    ) -> None:
        """Put blocks into a process of their own; where there are any, each block must be in one.

        Args:
            bind: ZeroMQ endpoint to listen on when this process runs on a host of its own.
            endpoint: ZeroMQ endpoint by which the others reach it.
            cpus: numbers of the CPUs that it runs on; None: wherever the system puts it.

        Raises:
            ParameterError: there is a process of that name already.
        """
        if name in self._plan.processes:
            raise ParameterError(f"process '{name}' is declared twice")
        names = [self.add(block).name for block in blocks]
        self._plan.processes[name] = ProcessPlan(
            name, names, bind, endpoint, None if cpus is None else list(cpus)
        )

    def pace(self, rate: float) -> None:
        """Let each source give ``rate`` items a second, for people to watch; a knob changes it.

        For flowgraphs that were loaded from a file.
        """
        from semradio.flowgraphs.pacing import paced

        self._plan = paced(self.check().plan, rate)

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

    def _repr_html_(self) -> str:
        """Draw the flowgraph: what a notebook shows for it, however wide it is."""
        return f'<div style="overflow-x: auto">{self._repr_svg_()}</div>'

    def _repr_svg_(self) -> str:
        """Draw the flowgraph: for pages that take pictures."""
        from semradio.flowgraphs.show import to_svg

        try:
            graph = self.check()
        except FlowgraphError:
            # Half-composed, as it may well be in a notebook: drawn without item types.
            return to_svg(self.plan)
        return to_svg(graph.plan, graph.edge_types)

    # Checking and running ------------------------------------------------------------------

    def check(self, only: str | None = None) -> Graph:
        """Check everything that can be checked without running; FlowgraphError lists it all.

        Args:
            only: a process; what it does not need of the others' blocks is not looked at then,
                and the graph has its blocks alone.
        """
        plan = self.plan
        problems = _process_problems(plan)
        own = None if only is None else plan.processes[only].blocks
        try:
            graph = Graph(plan, made=self._blocks, only=own)
        except FlowgraphError as error:
            raise FlowgraphError([*error.problems, *problems]) from None
        problems += _view_problems(graph)
        if problems:
            raise FlowgraphError(problems)
        if own is None:
            return graph
        return Graph.part(graph.plan, own, graph.edge_types, made=graph.blocks)

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
        metrics: int | str | None = None,
        view: bool | Sequence[str] = False,
        profile: str | Path | None = None,
        log_changes: str | Path | None = None,
        replay: str | Path | None = None,
        fork: bool = False,
        latency: bool = False,
        patience: float | None = None,
        state: str | Path | None = None,
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
            metrics: port of this host on which figures are served for Prometheus, or HOST:PORT.
            view: whether a notebook shows progress and some outputs while it runs, or which ports
                it shows, as ``block.port``.
            profile: folder into which goes where the time went: a trace, and tables.
            log_changes: file to which each live change is written, with its item.
            replay: such a file, of another run: its changes take place at the same items.
            fork: whether processes may be forks of this one, which start faster; they are on
                Linux, as long as this process has a single thread.
            latency: whether to measure how long items take from each source to each sink.
            patience: with ``only``, seconds that another process which has gone may take to come
                back; None: 10.
            state: folder of checkpoints, which the run goes on from if there are any.

        Raises:
            FlowgraphError: the flowgraph is wrong; nothing was started.
            ParameterError: an option is wrong; nothing was started.
            RunError: it failed while running; nothing is left running.
        """
        plan = self.plan
        if only is not None and only not in plan.processes:
            raise FlowgraphError([Problem(plan.no_process(only))])
        if processes and not plan.processes:
            raise FlowgraphError(
                [Problem(f"flowgraph '{plan.name}' names no processes; add 'processes:' to it")]
            )
        if max_seconds is not None and not max_seconds >= 0:
            raise ParameterError(f"max_seconds must be at least 0 s, not {max_seconds}")
        if profile is not None:
            check_folder(profile)
        check_descriptors()
        forks = fork and self._over_processes(processes, only)
        with _workers(plan if forks else None, state) as (children, spare):
            graph = self.check(only)
            for port in view if not isinstance(view, bool) else ():
                check_tap(Tap(port, "", 0), ports_of(graph.blocks).types, plan)
            over_processes = self._over_processes(processes, only)
            if only is not None or (over_processes and transport is None):
                unsafe = open_edges(graph.plan)
                if unsafe:
                    raise FlowgraphError(unsafe)
            planned = [] if replay is None else read_changes(replay, graph.plan)
            complain(wrong_changes(graph.blocks, planned))
            keeps = wanted(graph.plan, state) and (over_processes or state is not None)
            if keeps and replay is not None:
                raise ParameterError("changes cannot be repeated where checkpoints are kept")
            why_not = reasons(graph.plan, graph.blocks) if keeps else {}
            if state is not None:
                _check_state(graph.plan, why_not, only, state)
            with (
                _listening(control, metrics, view, graph.plan, only) as server,
                _logging(log_changes, graph.plan) as log,
            ):
                options: dict[str, Any] = {
                    "chunk": chunk,
                    "max_seconds": max_seconds,
                    "on_progress": on_progress,
                    "control": server,
                    "planned": planned,
                    "on_taken": None if log is None else log.take,
                    "profile": profile is not None,
                    "latency": latency,
                }
                recovery = None
                if keeps and state is not None:
                    folder = str(Path(state) / (only or WHOLE))
                    recovery = Recovery(folder, graph.plan.checkpoint)
                if only is not None:
                    result = run_here(
                        graph, process=only, patience=patience, recovery=recovery, **options
                    )
                elif over_processes:
                    unknown_elsewhere = _session_problems(graph)
                    if unknown_elsewhere:
                        raise FlowgraphError(unknown_elsewhere)
                    # Imported late: one process needs nothing of it.
                    from semradio.flowgraphs.runtime.recovery.restarting import Restarting
                    from semradio.flowgraphs.runtime.run.children import run_children

                    restarting = Restarting(graph.plan, why_not, state) if keeps else None
                    result = run_children(
                        graph,
                        transport=transport,
                        children=children,
                        spare=spare,
                        restarting=restarting,
                        **options,
                    )
                else:
                    result = run_here(graph, recovery=recovery, **options)
        if profile is not None:
            write_profile(profile, result)
        return result

    def _over_processes(self, processes: bool | None, only: str | None) -> bool:
        """Whether a run starts processes of its own."""
        return only is None and bool(self.plan.processes) and processes is not False


def _check_state(
    plan: Plan, why_not: Mapping[str, Sequence[str]], only: str | None, state: str | Path
) -> None:
    """Raise ParameterError where a run could not go on from its checkpoints."""
    if plan.checkpoint == 0:
        raise ParameterError(
            f"'checkpoint: 0' keeps no checkpoints, and nothing could go on from {state}"
        )
    concerned = {
        name: texts for name, texts in why_not.items() if only is None or name in (only, "")
    }
    if concerned:
        raise ParameterError("\n".join(told(concerned)))


@contextmanager
def _workers(
    plan: Plan | None, state: str | Path | None
) -> Iterator[tuple[Mapping[str, Child], Sequence[Child]]]:
    """Yield forks that wait for jobs, and some for processes that die.

    They end here if they have not been given any.
    """
    if plan is None:
        yield {}, []
        return
    # Imported late: one process needs nothing of it.
    from semradio.flowgraphs.runtime.run.forked import dismiss, fork_spares, fork_workers

    children = fork_workers(plan)
    count = spares(plan) if children and wanted(plan, state) else 0
    spare = fork_spares(plan, count, children.values())
    try:
        yield children, spare
    finally:
        dismiss([*children.values(), *spare])


@contextmanager
def _logging(file: str | Path | None, plan: Plan) -> Iterator[ChangeLog | None]:
    """Yield the log of a run's changes, if there is to be one."""
    if file is None:
        yield None
        return
    with ChangeLog(file, plan) as log:
        yield log


class _Controls:
    """Several things through which a run is steered, or looked at."""

    def __init__(self, controls: Sequence[Control]) -> None:
        self.controls = controls

    def serve(self, host: Steerable) -> None:
        """Let each of them take requests for a run that has begun."""
        for control in self.controls:
            control.serve(host)


@contextmanager
def _listening(
    control: bool | str,
    metrics: int | str | None,
    view: bool | Sequence[str],
    plan: Plan,
    only: str | None,
) -> Iterator[Control | None]:
    """Yield the control socket of a run, and those who look at it, as far as it is to have them."""
    with ExitStack() as stack:
        controls: list[Control] = []
        if control is not False or view is not False:
            server = _control_server(control, plan, only)
            stack.callback(server.close)
            stack.push(partial(_told, server))
            controls.append(server)
        if metrics is not None:
            figures = _metrics_server(metrics)
            stack.callback(figures.close)
            controls.append(figures)
        if view is not False:
            from semradio.flowgraphs.view.notebook import NotebookView

            shown = NotebookView(server.endpoints, [] if view is True else view)
            stack.callback(shown.close)
            controls.append(shown)
        yield _Controls(controls) if controls else None


def _told(
    server: ControlServer,
    kind: type[BaseException] | None,
    error: BaseException | None,
    trace: TracebackType | None,
) -> None:
    """Tell those who look why a run fails."""
    if error is not None:
        server.last_word(str(error))


def _control_server(control: bool | str, plan: Plan, only: str | None) -> ControlServer:
    from semradio.flowgraphs.control.server import ControlServer, check_endpoint

    if not isinstance(control, str):
        return ControlServer()
    check_endpoint(control)
    check_control(plan, control)
    return ControlServer(control, keys_of_wire(plan, control), only or RUN)


def _metrics_server(address: int | str) -> MetricsServer:
    try:
        from semradio.flowgraphs.view.metrics import MetricsServer
    except ModuleNotFoundError as error:
        if error.name != "prometheus_client":
            raise
        raise ParameterError(
            "metrics need the package 'prometheus_client': pip install 'semradio[view]'"
        ) from None
    return MetricsServer(address)


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


def _view_problems(graph: Graph) -> list[Problem]:
    """Return what is wrong with the panels of the view: each point must be a port, or a metric."""
    problems = []
    for panel in graph.plan.view.panels:
        for point in panel.of:
            name, _, port = point.rpartition(".")
            if name in graph.plan.blocks and name not in graph.blocks:
                continue  # Another process's, which looks at it itself.
            if name not in graph.blocks:
                problems.append(
                    _problem(f"unknown block '{name}'{nearest(name, graph.blocks)}", panel.location)
                )
                continue
            if panel.show in ("metrics", "confusion"):
                continue
            block = graph.blocks[name]
            known = [*block.output_item_types, *block.input_types]
            if port not in known:
                message = f"block '{name}' has no port '{port}'{nearest(port, known)}"
                problems.append(
                    _problem(f"{message}; ports: {', '.join(known) or 'none'}", panel.location)
                )
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
        return one_line(for_yaml(value))
    except (TypeError, RecursionError):
        raise ParameterError(
            f"variable '{name}' must be a number, text, true or false, None, or a list or dict of "
            f"such, not {type(value).__name__}: {value!r:.80}",
            name,
        ) from None
