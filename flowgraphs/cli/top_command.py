"""``semradio top``: a running flowgraph in the terminal."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click


@click.command("top")
@click.argument("run", required=False)
@click.option("--wait", type=click.FloatRange(min=0), default=0.0, help="Seconds to wait for it.")
@click.option("--port", metavar="BLOCK.PORT", help="Show what passes there first.")
@click.option("--once", is_flag=True, help="Look once (for a second), print, and end.")
@click.option("--json", "as_json", is_flag=True, help="With --once: print JSON.")
@click.option("--picture", metavar="FILE", help="Write a picture of the screen, SVG, and end.")
@click.option("--size", default="120x40", metavar="CxR", help="Of the picture: columns and rows.")
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light")
@click.option("--after", type=click.FloatRange(0), default=8.0, help="Seconds until the picture.")
def command(
    run: str | None,
    wait: float,
    port: str | None,
    once: bool,
    as_json: bool,
    picture: str | None,
    size: str,
    theme: str,
    after: float,
) -> None:
    """Look at a running flowgraph: rates, queues, processes, pictures; turn its knobs.

    RUN is a process id, a flowgraph's name or an endpoint, as for 'semradio ctl --run'; it may be
    left out where only one runs. Arrow keys turn knobs, 'p' shows the next port, 's' stops the run,
    'q' leaves.
    """
    from semradio.flowgraphs.control.client import Control

    if as_json and not once:
        raise click.UsageError("--json goes with --once")
    if once:
        from semradio.flowgraphs.view.terminal.snapshot import snapshot

        stands = snapshot(Control.find(run, wait))
        click.echo(json.dumps(stands) if as_json else "\n".join(_listed(stands)))
        return
    if picture is None and not sys.stdout.isatty():
        raise click.UsageError(
            "'semradio top' needs a terminal; for scripts there is --once --json"
        )
    try:
        from semradio.flowgraphs.view.terminal.app import Top
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("textual"):
            raise
        raise click.UsageError(
            "'semradio top' needs the package 'textual': pip install 'semradio[view]' "
            "(--once works without)"
        ) from None
    if picture is not None:
        from semradio.flowgraphs.view.terminal.picture import take_picture

        columns, _, rows = size.partition("x")
        if not (columns.isdecimal() and rows.isdecimal() and int(columns) and int(rows)):
            raise click.UsageError(f"--size: '{size}' is no size such as 120x40")
        to, found = Path(picture), Control.find(run, wait)
        take_picture(found, to, int(columns), int(rows), port=port, theme=theme, seconds=after)
        return
    said = Top(Control.find(run, wait), port).run()
    if said:
        click.echo(said)


def _listed(found: dict[str, Any]) -> list[str]:
    """Return a snapshot as lines for people."""
    from semradio.flowgraphs.cli.columns import columns

    held = found["held_back_by"]
    waits = f"; the others wait for {held}" if held else ""
    name = f"{found['flowgraph']} (pid {found['pid']})"
    lines = [f"{name}, {found['state']} for {found['elapsed_s']:.0f} s{waits}"]
    processes = [
        (
            p["name"],
            f"CPU {100 * p.get('cpu', 0):.0f} %",
            f"waits {100 * p.get('waited', 0):.0f} %, {p['rss_bytes'] / 2**20:.0f} MiB"
            + (", does not answer" if p["silent"] else ""),
        )
        for p in found["processes"]
    ]
    blocks = [
        (
            b["name"],
            f"{b['items_out'] or b['items_in']:,}",
            f"{b.get('rate', 0):,.0f} items/s, busy {100 * b.get('busy', 0):.0f} %",
        )
        for b in found["blocks"]
    ]
    edges = [
        (
            e["label"],
            f"{e['fill']:,} of {e['capacity']:,}",
            f"{e.get('rate', 0):,.0f} items/s, {e['dropped']:,} dropped"
            + (f", {e['kept']:,} of {e['kept_most']:,} kept" if e["kept_most"] else ""),
        )
        for e in found["edges"]
        if e["capacity"] is not None
    ]
    for rows in (processes, blocks, edges):
        lines += columns(rows) if rows else []
    return lines
