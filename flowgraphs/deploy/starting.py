"""The lines of shell that start one process, note how it ended, and find it again."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping

from semradio.flowgraphs.deploy.deployment import Deployment

FLOWGRAPH = "flowgraph.yml"

STATE = "state"
"""The folder of checkpoints where a process runs."""

ASKED = (129, 130, 143)
"""Statuses of a process that was asked to end."""


def command(deployment: Deployment, process: str, where: Mapping[str, str]) -> str:
    """Return the command that runs a process, which finds the others at their endpoints."""
    words = [*map(shlex.quote, deployment.program), "run", FLOWGRAPH, "--only", process, "--quiet"]
    words += ["--report", f"{process}.json"]
    if deployment.chunk is not None:
        words += ["--chunk", str(deployment.chunk)]
    if deployment.patience is not None:
        words += ["--patience", str(deployment.patience)]
    if process in deployment.restarted:
        words += ["--state", STATE]
    for name, endpoint in where.items():
        words += ["--at", shlex.quote(f"{name}={endpoint}")]
    return " ".join(words)


def script(deployment: Deployment, process: str, where: Mapping[str, str], more: str = "") -> str:
    """Return a script that runs a process in the folder where it stands.

    ``more`` are options as the shell reads them. A process that was killed is started again, so
    often as the deployment says; with the word ``unit`` behind the script, systemd sees to that.

    ``PROCESS.pid``, ``PROCESS.log``, ``PROCESS.json`` (the report), ``PROCESS.again`` (a status for
    each time that it was started again) and ``PROCESS.exit`` (the status, once it has ended) tell
    of it; ``PROCESS.shell`` is the process that runs the script.
    """
    asked = "|".join(map(str, ASKED))
    # The traps let this shell outlive what it started, where both are asked to end. Where that is
    # because another process was killed, there is nothing to drain. To have ended as asked is no
    # failure, for which Slurm would end the others before they have reported.
    return f"""trap : INT HUP
trap '[ ! -e killed ] || kill -KILL $(cat {process}.pid) 2>/dev/null' TERM
echo $$ >{process}.shell
[ -e {process}.exit ] && cat {process}.exit >>{process}.again
rm -f {process}.exit killed
times=
while :; do
    {command(deployment, process, where)} {more} >>{process}.log 2>&1 </dev/null &
    echo $! >{process}.pid
    status=143
    while :; do
        wait $(cat {process}.pid); status=$?
        kill -0 $(cat {process}.pid) 2>/dev/null || break
    done
{_again(deployment, process)}done
case $status in
{asked}) ;;
*) [ $status -le 128 ] || : >killed ;;
esac
echo $status >{process}.exit.new && mv {process}.exit.new {process}.exit
case $status in {asked}) exit 0 ;; esac
exit $status
"""


def _again(deployment: Deployment, process: str) -> str:
    """Return the lines that leave the loop, unless the process was killed and may begin again."""
    if process not in deployment.restarted:
        return "    break\n"
    asked = "|".join(map(str, ASKED))
    return f"""    [ "$1" != unit ] && [ ! -e {process}.end ] && [ $status -gt 128 ] || break
    case $status in {asked}) break ;; esac
    now=$(date +%s) lately= count=0
    for time in $times; do
        [ $time -gt $((now - {math.ceil(deployment.restart_within)})) ] || continue
        lately="$lately $time" count=$((count + 1))
    done
    [ $count -lt {deployment.restarts} ] || break
    times="$lately $now"
    echo $status >>{process}.again
"""


def _functions(process: str) -> str:
    """Return the shell's function ``over``: whether a process has ended and stays so."""
    return f"""over() {{
    [ -e {process}.shell ] || return 1
    [ -e {process}.exit ] || ! kill -0 $(cat {process}.shell) 2>/dev/null || return 1
    if [ -e {process}.unit ]; then
        case $(systemctl --user is-active $(cat {process}.unit) 2>/dev/null) in
        active|activating|deactivating|reloading) return 1 ;;
        esac
    fi
    [ -e {process}.exit ] || sleep 0.2
}}
"""


def awaiting(process: str) -> str:
    """Return a script that waits until a process has ended.

    It prints a line ``again STATUS`` each time that the process was started again, and at last
    ``said WHAT``, the last line of its log, and ``ended STATUS``, or ``lost`` if nothing is there
    to tell how it ended. The word ``end`` on its input ends the process at once; when there is no
    more input, nobody waits any more.
    """
    return f"""{_functions(process)}told=0
tell() {{
    [ -e {process}.again ] || return
    lines=$(wc -l <{process}.again)
    head -n $lines {process}.again | tail -n +$((told + 1)) | sed "s/^/again /"
    told=$lines
}}
exec 3<&0
{{
    read word <&3 || kill $$
    if [ "$word" = end ]; then
{ending(process)}
    fi
}} >/dev/null 2>&1 &
until over; do tell; sleep 0.1; done
tell
kill $! 2>/dev/null
tail -n 1 {process}.log 2>/dev/null | sed "s/^/said /"
[ -e {process}.exit ] && echo ended $(cat {process}.exit) || echo lost"""


def state(process: str) -> str:
    """Return a script that tells what a process is at, in one line."""
    return f"""{_functions(process)}if over; then
    [ -e {process}.exit ] && echo ended $(cat {process}.exit) || echo lost
elif [ -e {process}.pid ]; then echo running $(cat {process}.pid)
else echo waiting; fi"""


def draining(process: str) -> str:
    """Return a script that asks a process to end in good order, if it runs."""
    return f"[ -e {process}.exit ] || kill -TERM $(cat {process}.pid) 2>/dev/null || true"


def ending(process: str) -> str:
    """Return a script that ends a process at once, and for good."""
    return f""": >{process}.end
if [ -e {process}.unit ]; then
    unit=$(cat {process}.unit)
    systemctl --user --no-block stop $unit 2>/dev/null
    systemctl --user --signal=KILL kill $unit 2>/dev/null
fi
[ -e {process}.exit ] || kill -KILL $(cat {process}.pid) 2>/dev/null || true"""
