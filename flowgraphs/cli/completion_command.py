"""``semradio completion``: what a shell needs to complete our words."""

from __future__ import annotations

import click

_WHERE = {
    "bash": "semradio completion bash > ~/.local/share/bash-completion/completions/semradio",
    "zsh": 'semradio completion zsh > "${fpath[1]}/_semradio"',
    "fish": "semradio completion fish > ~/.config/fish/completions/semradio.fish",
}

_VALUE_FOLLOWS = {
    "bash": {
        "    return 0\n": """\
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace
    fi

    return 0
"""
    },
    "zsh": {
        "        compadd -U -V unsorted -a completions\n": """\
        compadd -U -V unsorted -S '' -- ${(M)completions:#*=}
        compadd -U -V unsorted -- ${completions:#*=}
"""
    },
}
"""What of click's scripts is written otherwise: behind NAME= no space is put. fish puts none."""


@click.command("completion", epilog="\b\n" + "\n".join(_WHERE.values()))
@click.argument("shell", type=click.Choice(tuple(_WHERE)))
def command(shell: str) -> None:
    """Print the script that makes SHELL complete commands, flowgraphs, blocks, parameters, models.

    Put it where the shell looks, and open a new one.
    """
    from click.shell_completion import get_completion_class

    from semradio.flowgraphs.cli.main import cli

    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"no completion for {shell}")
    text = made(cli, {}, "semradio", "_SEMRADIO_COMPLETE").source()
    for theirs, ours in _VALUE_FOLLOWS.get(shell, {}).items():
        text = text.replace(theirs, ours)
    click.echo(text)
