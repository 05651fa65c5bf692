"""``semradio ctl``: show and change the live parameters of running flowgraphs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from semradio.flowgraphs.control.client import Control, Entry, Found
    from semradio.flowgraphs.control.messages import IsRunning


@click.command("ctl")
@click.argument("assignments", nargs=-1, metavar="[BLOCK.PARAM=VALUE | stop]...")
@click.option("--run", metavar="RUN", help="Process id, flowgraph's name, or endpoint of the run.")
@click.option("--wait", type=click.FloatRange(min=0), default=0.0, help="Seconds to wait for it.")
@click.option("--keys", metavar="FOLDER", help="Keys to show at an endpoint on another host.")
@click.option("--process", metavar="NAME", help="Whose key must be there, of a run with --only.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    assignments: tuple[str, ...],
    run: str | None,
    wait: float,
    keys: str | None,
    process: str | None,
    as_json: bool,
) -> None:
    """List the running flowgraphs and their live parameters, or change parameters while they run.

    All assignments are checked before any counts. The answer names the run, and tells from which
    item of its block each one counts. 'stop' ends the sources, drains and reports, as Ctrl-C does.
    """
    from semradio.flowgraphs.control.client import Control

    entry = _entry(run, keys, process)
    if assignments == ("stop",):
        control = Control.find(run, wait, entry)
        what = control.running()
        control.stop()
        stopping = {"stopping": control.endpoint, "flowgraph": what.flowgraph, "pid": what.pid}
        _tell(stopping, f"stopping {_named(what)}", as_json)
    elif assignments:
        _change(_values(assignments), Control.find(run, wait, entry), as_json)
    elif run is not None or wait:
        control = Control.find(run, wait, entry)
        _list([(control.endpoint, control.running())], as_json)
    else:
        _list_all(as_json)


def _entry(run: str | None, keys: str | None, process: str | None) -> Entry | None:
    """Return the keys to be shown; UsageError where they have no meaning."""
    from semradio.flowgraphs.control.client import Entry
    from semradio.flowgraphs.curve.folder import RUN

    if keys is None:
        if process is not None:
            raise click.UsageError("--process goes with --keys")
        return None
    if run is None or not run.startswith("tcp://"):
        raise click.UsageError("--keys goes with --run tcp://HOST:PORT")
    return Entry(Path(keys).expanduser(), process or RUN)


def _values(assignments: Sequence[str]) -> dict[str, Any]:
    """Read ``BLOCK.PARAM=VALUE``; FlowgraphError tells what cannot be read."""
    from semradio.flowgraphs.language.override import read_overrides
    from semradio.flowgraphs.language.problems import Problems

    problems = Problems()
    values: dict[str, Any] = {}
    for found in read_overrides(assignments, problems):
        name = f"{found.block}.{found.name}" if found.block else found.name
        if name in values:
            problems.add(f"'{name}' is set twice: which value counts?", found.entry.key.location)
        values[name] = found.entry.value.plain()
    problems.raise_if_any()
    return values


def _change(values: dict[str, Any], control: Control, as_json: bool) -> None:
    from semradio.flowgraphs.language.dump import one_line

    what = control.running()
    taken = control.change(values)
    changed = [{"name": n, "value": values[n], "from": taken[n]} for n in values]
    lines = [f"{_named(what)}: {n} = {one_line(values[n])} from item {taken[n]}" for n in values]
    result = {"flowgraph": what.flowgraph, "pid": what.pid, "changed": changed}
    _tell(result, "\n".join(lines), as_json)


def _list_all(as_json: bool) -> None:
    from semradio.flowgraphs.control import folder
    from semradio.flowgraphs.control.client import ControlError, find_runs

    found: list[Found] = find_runs()
    unseen = "; ".join(folder.unseen())
    if unseen and not found:
        raise ControlError(f"cannot tell whether a flowgraph is running: {unseen}")
    if unseen:
        click.echo(f"there may be more: {unseen}", err=True)
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

    lines = [f"{_named(what)}, for {what.elapsed_s:.0f} s"]
    rows = [
        (
            f"{p.block}.{p.parameter}",
            one_line(p.value),
            ", ".join(part for part in (p.type, p.limits, p.unit) if part),
        )
        for p in what.parameters
    ]
    return "\n".join(lines + (columns(rows) if rows else []))


def _named(what: IsRunning) -> str:
    process = f", process {what.process}" if what.process else ""
    return f"{what.flowgraph}{process} (pid {what.pid})"


def _tell(result: dict[str, Any], text: str, as_json: bool) -> None:
    click.echo(json.dumps(result) if as_json else text)
