"""``semradio view``: show a running flowgraph in the browser."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from semradio.flowgraphs.view.web.hub import Hub


@click.command("view")
@click.argument("run", required=False)
@click.option("--look", is_flag=True, help="Pages may look, not change.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="To listen on; 0: any.")
@click.option("--no-open", is_flag=True, help="Print the address, and open no browser.")
@click.option("--picture", metavar="FILE", help="Write a picture of the page, and end.")
@click.option("--size", default="1280x900", metavar="WxH", help="Of the picture, in pixels.")
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light")
@click.option("--after", type=click.FloatRange(0), default=8.0, help="Seconds until the picture.")
@click.option("--once", is_flag=True, hidden=True, help="End with the run and its last page.")
def command(
    run: str | None,
    look: bool,
    port: int,
    no_open: bool,
    picture: str | None,
    size: str,
    theme: str,
    after: float,
    once: bool,
) -> None:
    """Show the run RUN in the browser: a process id, a flowgraph's name, or an endpoint.

    Without RUN the newest run of this host; when it ends, the next one. The page is served to this
    host only, and only to who has the address that is printed. Ctrl-C ends.
    """
    from semradio.blocks.errors import ParameterError
    from semradio.flowgraphs.cli.beside import check_packages

    check_packages()
    from semradio.flowgraphs.view.web.hub import Hub, finder
    from semradio.flowgraphs.view.web.server import Server

    if picture is not None:
        from semradio.flowgraphs.view.web.picture import take_picture

        width, _, height = size.partition("x")
        if not (width.isdecimal() and height.isdecimal()):
            raise click.UsageError(f"--size: '{size}' is no size such as 1280x900")
        server = Server(Hub(finder(run), follow=False), change=True, port=port)
        take_picture(server, Path(picture), int(width), int(height), theme, after)
        return
    find = finder(run)
    if run is not None and not once and find() is None:
        raise ParameterError(f"no run '{run}'; 'semradio ctl' lists what runs")
    hub = Hub(find, follow=not once)
    server = Server(hub, change=not look, port=port)
    if once:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=_listen, args=(hub,), daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: server.close())

    def ready() -> None:
        url = server.url("look" if look else "change")
        click.echo(f"view: {url}")
        if not look:
            click.echo(f"view, to look only: {server.url('look')}")
        sys.stdout.flush()
        if once:
            # Who reads the output of the run is not to wait for the page.
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
        if not no_open:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    server.run(ready)


def _listen(hub: Hub) -> None:
    """Note what the process of the run tells: how to start it again, and how it went."""
    from semradio.flowgraphs.view.web.again import Again

    said: dict[str, Any] = {}
    for line in sys.stdin:
        try:
            said |= json.loads(line)
        except (ValueError, TypeError):
            continue
        if "again" in said and hub.again is None:
            hub.again = Again(said["again"], Path.cwd())
        if "why" in said:
            hub.told(str(said["why"]))
    if "why" not in said:
        hub.told("its process is gone")
