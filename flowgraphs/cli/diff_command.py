"""``semradio diff``: what differs between two flowgraphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from semradio.flowgraphs.cli import completing

if TYPE_CHECKING:
    from semradio.flowgraphs.difference import Difference

LONGEST = 60
"""Characters of a value at most; longer ones are cut."""


@click.command("diff")
@click.argument(
    "words",
    nargs=-1,
    metavar="A [NAME=VALUE]... B [NAME=VALUE]...",
    shell_complete=completing.flowgraphs,
)
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON, uncut.")
@click.option("--exit-code", is_flag=True, help="End with status 1 if anything differs.")
@click.option("--allow-code", is_flag=True, help="Let the files load Python code that they name.")
def command(words: tuple[str, ...], *, as_json: bool, exit_code: bool, allow_code: bool) -> int:
    """Tell what differs between the flowgraphs A and B when everything is worked out.

    Blocks, parameters, connections, processes: whatever order they stand in. Each file may be
    followed by values for it, as in 'semradio run'.
    """
    from semradio.flowgraphs.difference import differences
    from semradio.flowgraphs.language import load

    before, after = (load(file, given, allow_code=allow_code) for file, given in _two(words))
    found = differences(before, after)
    if as_json:
        _print_json(found)
    else:
        _print_text(found)
    return 1 if found and exit_code else 0


def _two(words: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return the two files, each with the overrides that stand behind it."""
    files: list[tuple[str, list[str]]] = []
    for word in words:
        if "=" not in word:
            files.append((word, []))
        elif files:
            files[-1][1].append(word)
        else:
            raise click.UsageError(f"'{word}' stands before the flowgraph that it is for")
    if len(files) != 2:
        named = ", ".join(file for file, _ in files) or "none"
        raise click.UsageError(f"two flowgraphs are compared, here are {len(files)}: {named}")
    return files


def _print_json(found: Sequence[Difference]) -> None:
    import dataclasses
    import json

    from semradio.flowgraphs.plain import for_json
    from semradio.flowgraphs.plan import veiled

    told = [for_json(dataclasses.asdict(difference)) for difference in found]
    click.echo(veiled(json.dumps(told, indent=2)))


def _print_text(found: Sequence[Difference]) -> None:
    if not found:
        click.echo("no differences")
    section = ""
    for difference in found:
        if difference.section != section:
            section = difference.section
            click.echo(section)
        click.echo(f"  {_line(difference)}")


def _line(difference: Difference) -> str:
    name = _seen(difference.name)
    if difference.kind == "added":
        return f"+ {name}{_entry(difference.after)}"
    if difference.kind == "removed":
        return f"- {name}{_entry(difference.before)}"
    return f"  {name}: {_told(difference.before)} => {_told(difference.after)}"


def _entry(value: object) -> str:
    """Return what an entry says, if it says more than that it is there."""
    return "" if value in (None, {}) else f": {_told(value)}"


def _told(value: object) -> str:
    from semradio.flowgraphs.language.dump import one_line
    from semradio.flowgraphs.show.scheme import shortened

    return shortened(_seen(one_line(value)), LONGEST)


def _seen(text: str) -> str:
    """Return text as a terminal may show it: on one line, and without what may be a key."""
    from semradio.flowgraphs.plan import veiled
    from semradio.flowgraphs.show.scheme import printable

    return printable(veiled(text))
