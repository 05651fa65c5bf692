"""``semradio key``: make a key for the blocks that hide frames."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("key")
@click.argument("file", type=click.Path(path_type=Path))
def command(file: Path) -> None:
    """Write a new random key to FILE, which only you may read.

    Blocks refer to it as file:FILE. A file that exists is not overwritten.
    """
    from semradio.blocks.security.secret_key import make_key_file

    make_key_file(file)
    click.echo(f"{file}: a new key, to be used as file:{file}; the other side needs a copy")
