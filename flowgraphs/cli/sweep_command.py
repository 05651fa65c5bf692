"""``semradio sweep``: run a flowgraph over a grid of values, and tabulate what it finds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from semradio.flowgraphs.cli import completing

if TYPE_CHECKING:
    from semradio.flowgraphs.sweep.outputs import Outputs
    from semradio.flowgraphs.sweep.sweep import Sweep
    from semradio.flowgraphs.sweep.table import Table

DEFAULT_OVER = "seed"
"""The axis that means and intervals are taken over, where it is one and no other is named; or the
one such parameter of a block."""


@click.command("sweep")
@click.argument("file", shell_complete=completing.flowgraphs)
@click.argument("axes", nargs=-1, metavar="[NAME=VALUES]...", shell_complete=completing.overrides)
@click.option("--out", type=click.Path(path_type=Path), help="Table to write: .csv or .parquet.")
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; default: the cores.")
@click.option("--cluster", metavar="ADDRESS", help="Run on a Dask cluster: tcp://host:port.")
@click.option("--over", metavar="AXIS", help="Take means over this axis; default: seed.")
@click.option("--fresh", is_flag=True, help="Forget the cells that are finished.")
@click.option("--keep-going", is_flag=True, help="Note a cell that fails in a column, and go on.")
@click.option("--files", is_flag=True, help="Let blocks write files: each cell its own.")
@click.option("--chunk", type=click.IntRange(min=1), help="Items that a source emits per step.")
@click.option("--allow-code", is_flag=True, help="Let the file run Python code that it names.")
@click.option("--quiet", is_flag=True, help="No progress and no table.")
def command(
    file: str,
    axes: tuple[str, ...],
    out: Path | None,
    jobs: int | None,
    cluster: str | None,
    over: str | None,
    fresh: bool,
    keep_going: bool,
    files: bool,
    chunk: int | None,
    allow_code: bool,
    quiet: bool,
) -> int:
    """Run the flowgraph FILE once for each combination of values.

    \b
    snr_db=0:20:2          from 0 to 20 in steps of 2
    seed=1..5              whole numbers
    protect=true,false     any values; NAME=VALUE sets a single one
    air.snr_db=0,10        a parameter of a block

    With --out, finished cells are kept beside the table: after an interruption, or with more
    values, the same command runs only what is missing.
    """
    # Before NumPy is loaded: the cells are the parallelism, threads below them only disturb.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from semradio.flowgraphs.cli.main import DONE, FAILED, INTERRUPTED
    from semradio.flowgraphs.cli.sweep_display import print_table, progress_display
    from semradio.flowgraphs.sweep.interruption import SweepInterruptedError
    from semradio.flowgraphs.sweep.outputs import Outputs
    from semradio.flowgraphs.sweep.summary import ERROR
    from semradio.flowgraphs.sweep.sweep import Sweep

    sweep = Sweep(file, _axes(axes), allow_code=allow_code, chunk=chunk, files=files)
    over = _over(sweep, over)
    left = 0
    try:
        with progress_display(quiet) as display:
            table = sweep.run(
                out,
                jobs=jobs,
                cluster=cluster,
                keep_going=keep_going,
                fresh=fresh,
                on_progress=display,
                on_preparation=None if display is None else display.preparing,
            )
    except SweepInterruptedError as interruption:
        table, left = interruption.table, interruption.left
    summary = table.summary(over) if over is not None else None
    outputs = None if out is None else Outputs(out)
    if outputs is not None and summary is not None:
        summary.write(outputs.summary)
    if not quiet:
        print_table(table if summary is None else summary)
        _tell(sweep, table, outputs, summary is not None)
    failed = sum(row.get(ERROR) is not None for row in table.rows)
    if failed:
        click.echo(
            f"{failed} of {len(table.rows)} cells failed: see the column '{ERROR}'", err=True
        )
    if left:
        kept = "the same command goes on" if out is not None else "nothing is kept without --out"
        click.echo(
            f"interrupted: {len(table.rows)} cells are done, {left} are left; {kept}", err=True
        )
        return INTERRUPTED
    return FAILED if failed else DONE


def _axes(words: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        name, equals, values = word.partition("=")
        name = name.strip()
        if not equals or not name:
            raise click.UsageError(f"'{word}' is not NAME=VALUES or BLOCK.PARAM=VALUES")
        if name in found:
            raise click.UsageError(f"'{name}' is given twice: put all its values into one list")
        found[name] = values
    return found


def _over(sweep: Sweep, over: str | None) -> str | None:
    from semradio.blocks.errors import nearest

    varying = [axis.name for axis in sweep.axes if axis.varies]
    if over is None:
        seeds = [name for name in varying if name.rpartition(".")[2] == DEFAULT_OVER]
        return seeds[0] if len(seeds) == 1 else DEFAULT_OVER if DEFAULT_OVER in seeds else None
    names = [axis.name for axis in sweep.axes]
    if over not in names:
        raise click.UsageError(
            f"--over: '{over}' is not an axis{nearest(over, names)}; "
            f"axes: {', '.join(names) or 'none'}"
        )
    return over


def _tell(sweep: Sweep, table: Table, outputs: Outputs | None, summarised: bool) -> None:
    """Say what was written, and what was not."""
    for block, file in sweep.left_out.items():
        click.echo(f"block '{block}' took no part: it writes {file}; --files lets it", err=True)
    if outputs is None:
        return
    written = [*outputs.tables, *([outputs.summary] if summarised else [])]
    click.echo(f"{len(table.rows)} cells: {', '.join(map(str, written))}", err=True)
    parquet = outputs.path.with_suffix(".parquet")
    if parquet not in written:
        click.echo(f'no {parquet}: that needs pip install "semradio[sweep]"', err=True)
