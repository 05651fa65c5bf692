"""``semradio new``: a block, a flowgraph or a system to begin with."""

from __future__ import annotations

from pathlib import Path

import click

KINDS = ("sync", "source", "sink", "rate", "stream")

_OUT = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder in which the new one is made; the current one if not given.",
)


@click.group("new")
def command() -> None:
    """Begin a block, a flowgraph or a system: a folder with a test and a page, which works."""


@command.command("block")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default="sync",
    show_default=True,
    help="Items out for items in: one for one; none in; none out; n for m; any for any.",
)
@_OUT
def block(name: str, kind: str, out: Path) -> None:
    """Begin a block NAME, such as soft_limiter, in a package of its own."""
    from semradio.flowgraphs.scaffold import new_block

    _tell(new_block(name, kind, out), f"semradio run try_{name}.yml --allow-code")


@command.command("flowgraph")
@click.argument("name")
@_OUT
def flowgraph(name: str, out: Path) -> None:
    """Begin a flowgraph NAME."""
    from semradio.flowgraphs.scaffold import new_flowgraph

    _tell(new_flowgraph(name, out), f"semradio run {name}.yml")


@command.command("system")
@click.argument("name")
@_OUT
def system(name: str, out: Path) -> None:
    """Begin a system NAME: a network with its recipe, and a link, in a package of its own."""
    from semradio.flowgraphs.scaffold import new_system

    _tell(new_system(name, out), f"pip install -e . && semradio train {name} --quick")


def _tell(files: list[Path], then: str) -> None:
    for file in files:
        click.echo(file)
    folder = files[0].parent
    click.echo(f"next: cd {folder} && {then}")
    click.echo("its test: python -m pytest -q    (pip install pytest)")
