"""``semradio check``: find everything that is wrong with a flowgraph, without running it."""

from __future__ import annotations

import click

from semradio.flowgraphs.cli import completing


@click.command("check")
@click.argument("file", shell_complete=completing.flowgraphs)
@click.argument(
    "overrides", nargs=-1, metavar="[NAME=VALUE]...", shell_complete=completing.overrides
)
@click.option("--allow-code", is_flag=True, help="Let the file load Python code that it names.")
def command(file: str, overrides: tuple[str, ...], allow_code: bool) -> None:
    """Check FILE: names, values, ports, types, cycles, models and data sets.

    Tells what each noisy channel means by SNR, and warns where a model's card means another.
    """
    from semradio.flowgraphs.conventions import conventions
    from semradio.flowgraphs.flowgraph import Flowgraph
    from semradio.flowgraphs.runtime.recovery.reasons import after_a_kill
    from semradio.flowgraphs.runtime.recovery.settings import wanted

    flowgraph = Flowgraph.load(file, overrides, allow_code=allow_code)
    graph = flowgraph.check()
    plan = graph.plan
    processes = f", {len(plan.processes)} processes" if plan.processes else ""
    click.echo(
        f"{plan.file or plan.name}: ok ({len(plan.blocks)} blocks, {len(plan.edges)} edges"
        f"{processes})"
    )
    for convention in conventions(graph):
        click.echo(f"{convention.channel}: {convention.told}")
        if convention.warning:
            click.echo(f"warning: {convention.warning}", err=True)
    if wanted(plan, None):
        for line in after_a_kill(plan, graph.blocks):
            click.echo(line)
