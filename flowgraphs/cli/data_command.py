"""``semradio data``: which data sets are here, and how to get those that are not."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("data", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List the data sets and where they were found; 'data fetch NAME' gets one.

    Looked for in $SEMRADIO_DATA, the user's cache, and what installed packages ship.
    """
    if ctx.invoked_subcommand is not None:
        return
    from semradio.blocks.datasets import status

    missing = set()
    for row in status():
        where = row.where if row.where is not None else "not here"
        images = f"{row.images:,}" if row.where is not None else "-"
        click.echo(f"{row.dataset:<16}{row.split:<10}{images:>8}  {where}")
        if row.where is None:
            missing.add(row.dataset)
    for dataset in sorted(missing):
        click.echo(f"'semradio data fetch {dataset}' gets what is missing of {dataset}")


@command.command("fetch")
@click.argument("dataset")
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="Folder for it.")
@click.option("--quiet", is_flag=True, help="No progress.")
def fetch_command(dataset: str, to: Path | None, quiet: bool) -> None:
    """Download DATASET (mnist, fashion-mnist), checked against known SHA-256 sums.

    An interrupted download continues where it stopped.
    """
    from semradio.blocks.datasets.fetching import fetch

    for path in fetch(dataset, to, progress=not quiet):
        click.echo(str(path))
