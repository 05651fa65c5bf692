"""``semradio show``: a flowgraph as text, as a picture, or written out in full."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from semradio.flowgraphs.cli import completing

if TYPE_CHECKING:
    from semradio.blocks.api.item_type import ItemType
    from semradio.flowgraphs.plan import Plan

NARROWEST, WIDEST = 60, 120
"""Columns of the listing on a terminal."""


@click.command("show")
@click.argument("file", shell_complete=completing.flowgraphs)
@click.argument(
    "overrides", nargs=-1, metavar="[NAME=VALUE]...", shell_complete=completing.overrides
)
@click.option("--mermaid", is_flag=True, help="Print a Mermaid flowchart.")
@click.option("--svg", "svg_out", metavar="OUT", help="Write an SVG picture; - for stdout.")
@click.option("--expand", is_flag=True, help="Print the flowgraph with everything worked out.")
@click.option("--allow-code", is_flag=True, help="Let the file load Python code that it names.")
def command(
    file: str,
    overrides: tuple[str, ...],
    *,
    mermaid: bool,
    svg_out: str | None,
    expand: bool,
    allow_code: bool,
) -> None:
    """Show FILE: blocks by process, with their parameters, edges and item types."""
    from semradio.flowgraphs.language import dump, load

    if mermaid + expand + (svg_out is not None) > 1:
        raise click.UsageError("--mermaid, --svg and --expand exclude each other")
    plan = load(file, overrides, allow_code=allow_code)
    if expand:
        click.echo(dump(plan), nl=False)
        return
    plan, types, after_a_kill = _typed(plan)
    if mermaid:
        from semradio.flowgraphs.show import to_mermaid

        click.echo(to_mermaid(plan, types), nl=False)
    elif svg_out is not None:
        _write_svg(plan, types, svg_out)
    else:
        _print_text(plan, types)
        for line in after_a_kill:
            click.echo(line)


def _typed(plan: Plan) -> tuple[Plan, dict[str, ItemType], list[str]]:
    """Return a plan with its ports named, item types, and which processes a kill ends or tears.

    Without the latter two if it has a problem.
    """
    from semradio.flowgraphs.graph import Graph
    from semradio.flowgraphs.plan import FlowgraphError
    from semradio.flowgraphs.runtime.recovery.reasons import after_a_kill
    from semradio.flowgraphs.runtime.recovery.settings import wanted

    try:
        graph = Graph(plan)
    except FlowgraphError as error:
        first, *others = error.problems
        message = " ".join(first.message.split())
        more = f" (and {len(others)} more: 'semradio check' lists all)" if others else ""
        click.echo(f"item types are not shown: {message}{more}", err=True)
        return plan, {}, []
    found = after_a_kill(graph.plan, graph.blocks) if wanted(plan, None) else []
    return graph.plan, graph.edge_types, found


def _write_svg(plan: Plan, types: dict[str, ItemType], out: str) -> None:
    from semradio.flowgraphs.show import to_svg

    picture = to_svg(plan, types)
    if out == "-":
        click.echo(picture, nl=False)
        return
    try:
        Path(out).write_text(picture, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"--svg: cannot write {out}: {error.strerror}") from None


def _print_text(plan: Plan, types: dict[str, ItemType]) -> None:
    from semradio.flowgraphs.show.text import to_rich, to_text

    if not sys.stdout.isatty():
        click.echo(to_text(plan, types), nl=False)
        return
    from rich.console import Console

    console = Console()
    width = min(max(console.width, NARROWEST), WIDEST)
    console.print(to_rich(plan, types, width=width), soft_wrap=True)
