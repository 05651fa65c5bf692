"""``semradio ctl``: show and change the live parameters of running flowgraphs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from semradio.flowgraphs.control.client import Found
    from semradio.flowgraphs.control.messages import IsRunning
    from semradio.flowgraphs.language.tree import Node


@click.command("ctl")
@click.argument("assignments", nargs=-1, metavar="[BLOCK.PARAM=VALUE | stop]...")
@click.option("--run", metavar="RUN", help="Process id, flowgraph's name, or endpoint of the run.")
@click.option("--wait", type=click.FloatRange(min=0), default=0.0, help="Seconds to wait for it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(assignments: tuple[str, ...], run: str | None, wait: float, as_json: bool) -> None:
    """List the running flowgraphs and their live parameters, or change parameters while they run.

    All assignments are checked before any counts. The answer tells from which item of its block
    each one counts. 'stop' ends the sources, drains and reports, as Ctrl-C does.
    """
    from semradio.flowgraphs.control.client import Control

    if assignments == ("stop",):
        control = Control.find(run, wait)
        control.stop()
        _tell({"stopping": control.endpoint}, f"stopping {control.endpoint}", as_json)
    elif assignments:
        _change(_values(assignments), run, wait, as_json)
    elif run is not None or wait:
        control = Control.find(run, wait)
        _list([(control.endpoint, control.running())], as_json)
    else:
        _list_all(as_json)


def _values(assignments: Sequence[str]) -> dict[str, Any]:
    """Read ``BLOCK.PARAM=VALUE``; FlowgraphError tells what cannot be read."""
    from semradio.flowgraphs.language.override import read_overrides
    from semradio.flowgraphs.language.problems import Problems

    problems = Problems()
    found = read_overrides(assignments, problems)
    problems.raise_if_any()
    return {f"{o.block}.{o.name}" if o.block else o.name: _plain(o.entry.value) for o in found}


def _plain(node: Node) -> Any:
    if isinstance(node.value, list):
        return [_plain(item) for item in node.value]
    if isinstance(node.value, dict):
        return {key: _plain(entry.value) for key, entry in node.value.items()}
    return node.value


def _change(values: dict[str, Any], run: str | None, wait: float, as_json: bool) -> None:
    from semradio.flowgraphs.control.client import Control
    from semradio.flowgraphs.language.dump import one_line

    taken = Control.find(run, wait).change(values)
    changed = [{"name": n, "value": values[n], "from": taken[n]} for n in values]
    lines = [f"{n} = {one_line(values[n])} from item {taken[n]}" for n in values]
    _tell({"changed": changed}, "\n".join(lines), as_json)


def _list_all(as_json: bool) -> None:
    from semradio.flowgraphs.control.client import find_runs

    found: list[Found] = find_runs()
    _list([(f.endpoint, f.what) for f in found], as_json)


def _list(found: Sequence[tuple[str, IsRunning | None]], as_json: bool) -> None:
    import msgspec

    if as_json:
        runs = [
            {"endpoint": endpoint, "answers": what is not None}
            | (msgspec.to_builtins(what) if what is not None else {})
            for endpoint, what in found
        ]
        click.echo(json.dumps([{k: v for k, v in r.items() if k != "answer"} for r in runs]))
        return
    if not found:
        click.echo("no flowgraph is running")
    for endpoint, what in found:
        click.echo(f"{endpoint}: does not answer" if what is None else _described(what))


def _described(what: IsRunning) -> str:
    from semradio.flowgraphs.cli.columns import columns
    from semradio.flowgraphs.language.dump import one_line

    process = f", process {what.process}" if what.process else ""
    lines = [f"{what.flowgraph}{process} (pid {what.pid}, for {what.elapsed_s:.0f} s)"]
    rows = [
        (
            f"{p.block}.{p.parameter}",
            one_line(p.value),
            ", ".join(part for part in (p.type, p.limits, p.unit) if part),
        )
        for p in what.parameters
    ]
    return "\n".join(lines + (columns(rows) if rows else []))


def _tell(result: dict[str, Any], text: str, as_json: bool) -> None:
    click.echo(json.dumps(result) if as_json else text)
