"""``semradio status``: what became of what was deployed."""

from __future__ import annotations

import click


@click.command("status")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(name: str | None, as_json: bool) -> None:
    """Show what each process of the deployment NAME is at; of the latest one without a NAME."""
    import json

    from semradio.flowgraphs.deploy.deployment import find
    from semradio.flowgraphs.deploy.running import states

    found = find(name)
    told = states(found)
    if as_json:
        shown = {"name": found.name, "engine": found.engine, "processes": told}
        click.echo(json.dumps(shown))
        return
    click.echo(f"{found.name} ({found.engine}): {found.flowgraph}")
    for process, what in told.items():
        host = found.hosts.get(process, "")
        click.echo(f"  {process}{f' on {host}' if host else ''}: {what}")
