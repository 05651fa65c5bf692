"""``semradio gnuradio``: put the blocks into GNU Radio Companion's palette, and take them out."""

from __future__ import annotations

from pathlib import Path

import click

_prefix = click.option(
    "--prefix",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the files; if not given, one in which GNU Radio Companion looks.",
)
_python = click.option(
    "--python", metavar="FILE", help="The Python that GNU Radio is installed for; that of grcc."
)


@click.group("gnuradio")
def command() -> None:
    """Use semradio's blocks in GNU Radio: in its Companion, and in programs made by grcc."""


@command.command("install")
@_prefix
@_python
def install_command(prefix: Path | None, python: str | None) -> None:
    """Write a description of each block for GNU Radio Companion, under [semradio].

    The programs run in GNU Radio's Python, which imports semradio from where it is installed now;
    so both must be of the same version, such as 3.11. Repeat it after an update of semradio.
    """
    from semradio.flowgraphs.gnuradio import installation as files
    from semradio.flowgraphs.gnuradio.description import inexpressible

    gnuradio = files.find_gnuradio(python)
    files.check_python(gnuradio)
    folder = prefix or gnuradio.folder / files.FOLDER
    written = files.install(folder, gnuradio.python, gnuradio.executable)
    click.echo(f"{folder}: {len(written) - 1} blocks for GNU Radio {gnuradio.version}")
    for name, reason in inexpressible().items():
        click.echo(f"left out: {name} ({reason})")
    if prefix is not None:
        click.echo(f"export GRC_BLOCKS_PATH={folder.resolve()}")


@command.command("uninstall")
@_prefix
@_python
def uninstall_command(prefix: Path | None, python: str | None) -> None:
    """Remove what 'install' has written, whichever version did."""
    from semradio.flowgraphs.gnuradio import installation as files

    folder = prefix or files.find_gnuradio(python).folder / files.FOLDER
    click.echo(f"{folder}: {len(files.uninstall(folder))} files removed")


@command.command("status")
@_prefix
@_python
def status_command(prefix: Path | None, python: str | None) -> None:
    """Say which GNU Radio there is, and whether the blocks are installed for it."""
    from semradio.flowgraphs.gnuradio import installation as files

    gnuradio = files.find_gnuradio(python)
    folder = prefix or gnuradio.folder / files.FOLDER
    version = ".".join(map(str, gnuradio.python))
    click.echo(f"GNU Radio   {gnuradio.version}, Python {version}, NumPy {gnuradio.numpy}")
    click.echo(f"Python      {gnuradio.executable}")
    blocks = [path for path in files.installed(folder) if path.suffix == ".yml"]
    click.echo(f"semradio    {len(blocks)} blocks in {folder}")
    files.check_python(gnuradio)


@command.command("examples")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
def examples_command(folder: Path) -> None:
    """Copy the example flowgraphs, .grc and .yml, to FOLDER (here, if not given)."""
    from semradio.flowgraphs.gnuradio import installation as files

    for path in files.copy_examples(folder):
        click.echo(str(path))
