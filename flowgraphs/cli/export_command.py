"""``semradio export``: write a training run's networks as ONNX files."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("export")
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("models"),
    show_default=True,
    help="Folder for the files.",
)
def command(run: Path, out: Path) -> None:
    """Export the finished training RUN (a folder) as ONNX files with model cards.

    Each file is checked against its network, and the largest difference stands in its card.
    Blocks find the files by name when $SEMRADIO_MODELS names the folder.
    """
    from semradio.export import commands

    for path in commands.export(run, out):
        click.echo(str(path))
