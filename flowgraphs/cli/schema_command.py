"""``semradio schema``: the JSON Schema of flowgraph files, for editors."""

from __future__ import annotations

import click


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of flowgraph files.

    An editor with a YAML language server completes and checks flowgraphs whose first line is
    "# yaml-language-server: $schema=PATH-OF-THE-SAVED-SCHEMA".
    """
    import json

    from semradio.flowgraphs.language import schema

    click.echo(json.dumps(schema(), indent=2))
