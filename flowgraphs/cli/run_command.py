"""``semradio run``: run a flowgraph and show what it found."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from semradio.flowgraphs.runtime.result import RunResult


@click.command("run")
@click.argument("file")
@click.argument("overrides", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--in-process", "mode", flag_value="local", help="Run everything in one process.")
@click.option("--processes", "mode", flag_value="processes", help="One process per entry.")
@click.option("--transport", type=click.Choice(["ipc", "tcp"]), help="Between processes.")
@click.option("--chunk", type=click.IntRange(min=1), help="Items that a source emits per step.")
@click.option("--only", metavar="PROCESS", help="Run this process; others run elsewhere.")
@click.option("--json", "json_out", metavar="OUT", help="Write results as JSON; - for stdout.")
@click.option("--max-seconds", type=click.FloatRange(min=0), help="Stop after so long, and drain.")
@click.option("--control", metavar="ENDPOINT", help="Let 'semradio ctl' in at this one too.")
@click.option("--allow-code", is_flag=True, help="Let the file run Python code that it names.")
@click.option("--quiet", is_flag=True, help="No progress and no table.")
def command(
    file: str,
    overrides: tuple[str, ...],
    mode: str | None,
    transport: str | None,
    chunk: int | None,
    only: str | None,
    json_out: str | None,
    max_seconds: float | None,
    control: str | None,
    allow_code: bool,
    quiet: bool,
) -> int:
    """Run the flowgraph FILE: a path, or the name of a shipped one.

    NAME=VALUE overrides a variable, BLOCK.PARAM=VALUE a parameter.
    """
    # Before NumPy is loaded: the flowgraph is the parallelism, threads below it only disturb.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from semradio.flowgraphs.cli.progress import progress_display
    from semradio.flowgraphs.flowgraph import Flowgraph

    if json_out not in (None, "-"):
        _check_writable(Path(json_out))
    flowgraph = Flowgraph.load(file, overrides, allow_code=allow_code)
    processes = None if mode is None else mode == "processes"
    # What blocks print must not end up between the results.
    aside = contextlib.redirect_stdout(sys.stderr) if json_out == "-" else contextlib.nullcontext()
    with aside, progress_display(flowgraph, quiet) as on_progress:
        result = flowgraph.run(
            processes=processes,
            transport=transport,
            chunk=chunk,
            only=only,
            max_seconds=max_seconds,
            on_progress=on_progress,
            control=True if control is None else control,
        )
    _show(result, json_out, quiet)
    return 130 if result.interrupted else 0


def _check_writable(path: Path) -> None:
    folder = path.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK) or path.is_dir():
        raise click.UsageError(f"--json: cannot write {path}")


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
