"""``semradio blocks``: the reference of block types, made from the blocks themselves."""

from __future__ import annotations

import click

from semradio.flowgraphs.cli import completing


@click.command("blocks")
@click.argument("type", required=False, shell_complete=completing.blocks)
@click.option("--markdown", is_flag=True, help="Print the whole reference as Markdown.")
@click.option("--stub", is_flag=True, hidden=True, help="Print semradio/__init__.pyi.")
def command(type: str | None, markdown: bool, stub: bool) -> None:
    """List the block types, or describe one."""
    from semradio.flowgraphs.cli import block_page, block_reference, block_stub

    if stub:
        click.echo(block_stub.stub(), nl=False)
    elif markdown:
        click.echo(block_page.reference())
    elif type is None:
        click.echo(block_reference.overview())
    else:
        click.echo(block_reference.describe(type))
