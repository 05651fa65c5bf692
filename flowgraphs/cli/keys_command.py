"""``semradio keys``: make the keys of a flowgraph's processes, and pack what a host needs."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("keys")
def command() -> None:
    """Keys with which processes on several hosts know each other.

    \b
    semradio keys new keys my_link.yml      a pair for each process
    semradio keys bundle alice              what the host of alice needs
    """


@command.command("new")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("file")
@click.argument("overrides", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--allow-code", is_flag=True, help="Let the file load Python code that it names.")
def new(folder: Path, file: str, overrides: tuple[str, ...], allow_code: bool) -> None:
    """Make a CURVE pair for each process of the flowgraph FILE in a new FOLDER.

    Three more are for control: run (the command that runs all processes), look and change (who may
    look at a run from another host, and who may change it too).
    """
    from semradio.flowgraphs.curve.folder import make
    from semradio.flowgraphs.language import load

    plan = load(file, overrides, allow_code=allow_code)
    if not plan.processes:
        raise click.UsageError(f"flowgraph '{plan.name}' names no processes; add 'processes:'")
    names = make(folder, plan.processes)
    click.echo(
        f"{folder}: keys of {', '.join(names)}; in the flowgraph write\n"
        f"  security: {{curve: {folder}}}"
    )


@command.command("bundle")
@click.argument("processes", nargs=-1, required=True, metavar="PROCESS...")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("keys"),
    show_default=True,
    help="Where the keys are.",
)
@click.option("--out", type=click.Path(path_type=Path), help="The tar file; PROCESS.tar otherwise.")
def bundle(processes: tuple[str, ...], folder: Path, out: Path | None) -> None:
    """Pack the secret keys of each PROCESS, and the public halves of all, for one host.

    Only its owner may read the file; it is to be brought to the host by a safe way (scp, say) and
    unpacked there with tar. 'look' and 'change' are packed in the same way, for persons.
    """
    from semradio.blocks.errors import ParameterError
    from semradio.flowgraphs.curve.folder import KeysError
    from semradio.flowgraphs.curve.folder import bundle as pack

    file = out or Path(f"{'+'.join(processes)}.tar")
    try:
        pack(folder, processes, file)
    except KeysError as error:
        # Nothing runs here that could fail: what was asked for is not there.
        raise ParameterError(str(error)) from error
    click.echo(f"{file}: keys for {', '.join(processes)}; unpack it with 'tar xf {file.name}'")
