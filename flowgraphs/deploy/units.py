"""What starts a process on a host: the user's own systemd where there is one, else ``nohup``."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from semradio.flowgraphs.deploy.deployment import Deployment
from semradio.flowgraphs.deploy.starting import ASKED, STATE
from semradio.flowgraphs.runtime.run.draining import DRAIN_S, REPORT_S

_MARGIN_S = 3
"""Seconds more than a process needs: who asked it to end is to give up first, and to say so."""

STOPS_WITHIN_S = round(DRAIN_S + REPORT_S) + _MARGIN_S
"""Seconds that systemd gives a process to drain and to report."""

_AGAIN_AFTER_MS = 100

# Without lingering the user's systemd ends with the last session, and all its units with it. Where
# nobody keeps sessions, loginctl has no answer, and nothing ends with one.
_CHOICE = """by=nohup
if ! systemd-run --user --quiet --collect --wait true >/dev/null 2>&1; then
    why="'systemd-run --user' does not answer"
elif [ "$(loginctl show-user "$(id -u)" --property=Linger --value 2>/dev/null)" = no ]; then
    why="units would end with the session; 'loginctl enable-linger' lets them stay"
else
    by=systemd
fi"""


def unit(deployment: Deployment, process: str) -> str:
    """Return the name of a process's unit."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", f"semradio-{deployment.name}-{process}")


def launching(deployment: Deployment, processes: Sequence[str]) -> list[str]:
    """Return the lines of shell that start scripts, and print what started them.

    Only other hosts are asked for a systemd: on this one, the command is there to watch.
    """
    lines = [_CHOICE if deployment.engine == "ssh" else "by=nohup why="]
    for process in processes:
        files = (f"{process}.{kind}" for kind in ("exit", "again", "end", "shell", "unit", "pid"))
        lines += [
            # Of another deployment of this name, from another host.
            f"rm -rf {' '.join(files)} {STATE}/{process} killed; : >{process}.log",
            'if [ "$by" = systemd ]; then',
            f"    echo {unit(deployment, process)} >{process}.unit",
            f"    {_unit_command(deployment, process)} || exit 1",
            f"else setsid nohup sh ./{process}.sh >/dev/null 2>&1 </dev/null & fi",
        ]
    return [*lines, 'echo "$by${why:+: $why}"']


def _unit_command(deployment: Deployment, process: str) -> str:
    """Return the command that makes a unit; systemd then supervises, and counts restarts."""
    properties = {"TimeoutStopSec": str(STOPS_WITHIN_S), "UMask": "0077"}
    if process in deployment.restarted:
        properties |= {
            "Restart": "on-failure",
            "RestartSec": f"{_AGAIN_AFTER_MS}ms",
            # A process that fails or was asked to end has said so; only one that died begins again.
            "RestartPreventExitStatus": " ".join(map(str, (1, 2, *ASKED))),
            # systemd counts the first start as well.
            "StartLimitBurst": str(deployment.restarts + 1),
            "StartLimitIntervalSec": f"{deployment.restart_within:g}",
        }
    words = ["systemd-run", "--user", "--quiet", "--collect"]
    words += [f"--unit={unit(deployment, process)}"]
    words += [f"--property={name}={value}" for name, value in properties.items()]
    return f'{shlex.join(words)} --working-directory="$PWD" sh ./{process}.sh unit'
