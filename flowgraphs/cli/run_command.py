"""``semradio run``: run a flowgraph and show what it found."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from semradio.flowgraphs.cli import completing

if TYPE_CHECKING:
    from semradio.flowgraphs.flowgraph import Flowgraph
    from semradio.flowgraphs.runtime.result import RunResult


@click.command("run")
@click.argument("file", shell_complete=completing.flowgraphs)
@click.argument(
    "overrides", nargs=-1, metavar="[NAME=VALUE]...", shell_complete=completing.overrides
)
@click.option("--in-process", "mode", flag_value="local", help="Run everything in one process.")
@click.option("--processes", "mode", flag_value="processes", help="One process per entry.")
@click.option("--transport", type=click.Choice(["ipc", "tcp"]), help="Between processes.")
@click.option("--chunk", type=click.IntRange(min=1), help="Items that a source emits per step.")
@click.option("--only", metavar="PROCESS", help="Run this process; others run elsewhere.")
@click.option("--json", "json_out", metavar="OUT", help="Write results as JSON; - for stdout.")
@click.option("--max-seconds", type=click.FloatRange(min=0), help="Stop after so long, and drain.")
@click.option("--control", metavar="ENDPOINT", help="Let 'semradio ctl' in at this one too.")
@click.option("--metrics", metavar="PORT", help="Serve figures for Prometheus on this host.")
@click.option("--profile", metavar="FOLDER", help="Write where the time went: trace and tables.")
@click.option("--log-changes", metavar="FILE", help="Write live changes there, with their items.")
@click.option("--replay", metavar="LOG", help="Repeat the changes of such a file at their items.")
@click.option("--latency", is_flag=True, help="Measure the time from sources to sinks.")
@click.option("--at", multiple=True, metavar="PROCESS=ENDPOINT", help="Where a process is reached.")
@click.option(
    "--patience",
    type=click.FloatRange(min=0),
    help="With --only: seconds that another process may be gone; 10.",
)
@click.option("--state", metavar="FOLDER", help="Keep checkpoints there; go on from them.")
@click.option("--report", metavar="OUT", help="With --only: what 'semradio deploy' collects.")
@click.option("--allow-code", is_flag=True, help="Let the file run Python code that it names.")
@click.option("--view", is_flag=True, help="Show it in the browser, as its 'view' says.")
@click.option("--look", is_flag=True, help="The same; pages may look, not change.")
@click.option("--no-open", is_flag=True, help="Print the address of the page only.")
@click.option("--again", is_flag=True, hidden=True, help="As with --view, by who looks already.")
@click.option("--quiet", is_flag=True, help="No progress and no table.")
@click.pass_context
def command(
    context: click.Context,
    file: str,
    overrides: tuple[str, ...],
    mode: str | None,
    transport: str | None,
    chunk: int | None,
    only: str | None,
    json_out: str | None,
    max_seconds: float | None,
    control: str | None,
    metrics: str | None,
    profile: str | None,
    log_changes: str | None,
    replay: str | None,
    latency: bool,
    at: tuple[str, ...],
    patience: float | None,
    state: str | None,
    report: str | None,
    allow_code: bool,
    view: bool,
    look: bool,
    no_open: bool,
    again: bool,
    quiet: bool,
) -> int:
    """Run the flowgraph FILE: a path, or the name of a shipped one.

    NAME=VALUE overrides a variable, BLOCK.PARAM=VALUE a parameter.
    """
    # Before NumPy is loaded: the flowgraph is the parallelism, threads below it only disturb.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from semradio.flowgraphs.cli.beside import command_again, viewer
    from semradio.flowgraphs.cli.progress import progress_display
    from semradio.flowgraphs.flowgraph import Flowgraph

    if json_out not in (None, "-"):
        _check_writable(Path(json_out))
    if state is not None and Path(state).exists() and not Path(state).is_dir():
        raise click.UsageError(f"--state: '{state}' is a file; name a folder")
    if report is not None and only is None:
        raise click.UsageError("--report goes with --only")
    flowgraph = Flowgraph.load(file, overrides, allow_code=allow_code)
    if view or look or again:
        flowgraph = _to_look_at(flowgraph, file, overrides, allow_code)
    if at:
        from semradio.flowgraphs.deploy.deployment import placed

        placed(flowgraph.plan, dict(_pair(text) for text in at))
    processes = None if mode is None else mode == "processes"
    # What blocks print must not end up between the results.
    aside = contextlib.redirect_stdout(sys.stderr) if json_out == "-" else contextlib.nullcontext()
    beside: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if view or look:
        beside = viewer(look, not no_open, command_again(context))
    with aside, beside, progress_display(flowgraph, quiet) as on_progress:
        result = flowgraph.run(
            processes=processes,
            transport=transport,
            chunk=chunk,
            only=only,
            max_seconds=max_seconds,
            patience=patience,
            state=state,
            on_progress=on_progress,
            control=True if control is None else control,
            metrics=metrics,
            profile=profile,
            log_changes=log_changes,
            replay=replay,
            fork=True,
            latency=latency,
        )
    _show(result, json_out, quiet)
    if report is not None:
        _report(result, report)
    return 0 if result.stopped_by is None else 128 + result.stopped_by


def _to_look_at(
    flowgraph: Flowgraph, file: str, given: tuple[str, ...], allow_code: bool
) -> Flowgraph:
    """Return the flowgraph as its ``view`` wants it: other variables, and at a pace."""
    from semradio.flowgraphs.cli.beside import overrides_to_look
    from semradio.flowgraphs.flowgraph import Flowgraph
    from semradio.flowgraphs.language.dump import one_line

    view = flowgraph.plan.view
    more = overrides_to_look(view.variables, given, one_line)
    if more:
        flowgraph = Flowgraph.load(file, [*more, *given], allow_code=allow_code)
    if view.pace is not None:
        flowgraph.pace(view.pace)
    return flowgraph


def _check_writable(path: Path) -> None:
    folder = path.absolute().parent
    if path.is_dir():
        raise click.UsageError(f"--json: cannot write {path}: it is a folder")
    if not folder.is_dir():
        raise click.UsageError(f"--json: cannot write {path}: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise click.UsageError(f"--json: cannot write {path}: no permission to write in {folder}")


def _pair(text: str) -> tuple[str, str]:
    """Return process and endpoint of ``PROCESS=ENDPOINT``."""
    process, sign, endpoint = text.partition("=")
    if not sign:
        raise click.UsageError(f"--at: '{text}' is not PROCESS=ENDPOINT")
    return process, endpoint


def _report(result: RunResult, out: str) -> None:
    """Write what this process tells, for whoever joins it with the others' reports."""
    import json

    from semradio.flowgraphs.plain import for_json

    told = {
        "reports": result.reports,
        "elapsed_s": result.elapsed_s,
        "interrupted": result.interrupted,
    }
    text = json.dumps(for_json(told)) + "\n"
    if out == "-":
        sys.stdout.write(text)
    else:
        _write(Path(out), text)


def _show(result: RunResult, json_out: str | None, quiet: bool) -> None:
    if json_out == "-":
        sys.stdout.write(result.to_json() + "\n")
        return
    if not quiet:
        from semradio.flowgraphs.cli.tables import print_result

        print_result(result)
    if json_out is not None:
        _write(Path(json_out), result.to_json() + "\n")


def _write(path: Path, text: str) -> None:
    from semradio.flowgraphs.runtime.failure import RunError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RunError(f"--json: cannot write {path}: {error.strerror}") from error
