"""A link that is deployed, the command, and what of its results does not depend on the clock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from commands import Command

from semradio.flowgraphs.control import Control

LINK = """
flowgraph: link
security: none
variables: {items: 20000, rate: 1.0e+9}
blocks:
  source: {block: vector_source, data: [1.0, 2.0, 3.0, 4.0, 5.0], repeat: true}
  pace:   {block: throttle, rate: "${rate}"}
  head:   {block: head, items: "${items}"}
  air:    {block: awgn_channel, seed: 1}
  sink:   {block: signal_power}
connections: [source -> pace -> head -> air -> sink]
processes:
  alice: [source, pace, head]
  air: [air]
  bob: [sink]
"""

SLOW = ("rate=20", "--patience", "120")
"""The link would take a quarter of an hour, and waits for who is started again on a busy host."""

PROGRAM = f"{sys.executable} -m semradio"


def semradio(place: Path, *arguments: str, prefix: tuple[str, ...] = ()) -> Any:
    """Start the command beside the test."""
    environment = {**os.environ, "XDG_STATE_HOME": str(place / "state")}
    if not prefix:
        return Command(*arguments, folder=place, environment=environment)
    return subprocess.Popen(
        [*prefix, sys.executable, "-m", "semradio.flowgraphs", *arguments],
        cwd=place,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def done(place: Path, *arguments: str, status: int = 0, prefix: tuple[str, ...] = ()) -> str:
    """Run the command to its end; returns what it printed, or what it complained of."""
    child = semradio(place, *arguments, prefix=prefix)
    try:
        out, error = child.communicate(timeout=150)
    except subprocess.TimeoutExpired:
        child.kill()
        raise AssertionError(f"not done: {child.communicate()}") from None
    assert child.returncode == status, out + error
    return str(out if status == 0 else error)


def let_go(pid: int, runtime: Path | None = None) -> None:
    """Have the process ``alice`` of a slow link give the rest at once.

    Args:
        runtime: the folder for sockets that it was started with; this process's own.
    """
    where = pid if runtime is None else f"ipc://{runtime}/semradio/{pid}.sock"
    Control.find(where, wait=120).set("pace.rate", 1e9)


def results_of(text: str) -> Any:
    """What does not depend on the clock: the results, and how much came over each edge."""
    found = json.loads(text)
    return found["results"], found["variables"], found["edges"]["air.y -> sink.x"]["items"]
