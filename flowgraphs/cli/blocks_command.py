"""``semradio blocks``: the reference of block types, made from the blocks themselves."""

from __future__ import annotations

import click


@click.command("blocks")
@click.argument("type", required=False)
@click.option("--markdown", is_flag=True, help="Print the whole reference as Markdown.")
def command(type: str | None, markdown: bool) -> None:
    """List the block types, or describe one."""
    from semradio.flowgraphs.cli import block_reference

    if markdown:
        click.echo(block_reference.markdown())
    elif type is None:
        click.echo(block_reference.overview())
    else:
        click.echo(block_reference.describe(type))
