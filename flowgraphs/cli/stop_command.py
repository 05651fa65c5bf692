"""``semradio stop``: end what was deployed."""

from __future__ import annotations

import click


@click.command("stop")
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """Let the processes of the deployment NAME drain and end; of the latest one without a NAME."""
    from semradio.flowgraphs.deploy.deployment import find
    from semradio.flowgraphs.deploy.running import stop

    found = find(name)
    stop(found)
    click.echo(f"stopping {found.name}")
