"""``semradio check``: find everything that is wrong with a flowgraph, without running it."""

from __future__ import annotations

import click


@click.command("check")
@click.argument("file")
@click.argument("overrides", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--allow-code", is_flag=True, help="Let the file load Python code that it names.")
def command(file: str, overrides: tuple[str, ...], allow_code: bool) -> None:
    """Check FILE: names, values, ports, types, cycles, models and data sets."""
    from semradio.flowgraphs.flowgraph import Flowgraph

    flowgraph = Flowgraph.load(file, overrides, allow_code=allow_code)
    graph = flowgraph.check()
    plan = graph.plan
    processes = f", {len(plan.processes)} processes" if plan.processes else ""
    click.echo(
        f"{plan.file or plan.name}: ok ({len(plan.blocks)} blocks, {len(plan.edges)} edges"
        f"{processes})"
    )
