"""``semradio logs``: what the processes of a deployment have said."""

from __future__ import annotations

import click


@click.command("logs")
@click.argument("name", required=False)
@click.option("--process", metavar="PROCESS", help="Of this one alone.")
def command(name: str | None, process: str | None) -> None:
    """Print what the processes of the deployment NAME have said; of the latest without a NAME."""
    from semradio.blocks.errors import ParameterError, nearest
    from semradio.flowgraphs.deploy.deployment import find
    from semradio.flowgraphs.deploy.running import log

    found = find(name)
    if process is not None and process not in found.processes:
        raise ParameterError(f"no process '{process}'{nearest(process, found.processes)}")
    for each in found.processes if process is None else [process]:
        for line in log(found, each).splitlines():
            click.echo(line if process is not None else f"{each}: {line}")
