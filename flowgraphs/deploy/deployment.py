"""A flowgraph that was deployed: which engine has it, where, and under which name it is found."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from semradio.blocks.endpoint import is_number
from semradio.blocks.errors import ParameterError, SemradioError, nearest
from semradio.blocks.part_file import write_whole
from semradio.flowgraphs.plan import Plan

_FILE = "deployment.json"


class DeployError(SemradioError):
    """An engine did not do what it was asked for, or a process has failed there."""

    trace = ""
    """Tells the command line that the command was right and the deployment failed."""


@dataclass(slots=True)
class Deployment:
    """One deployed flowgraph, as it is kept in its folder."""

    name: str
    engine: str
    flowgraph: str
    processes: list[str]
    """In the order of the file."""
    hosts: dict[str, str]
    """Where each process runs, as the engine names it; empty where the engine chooses."""
    endpoints: dict[str, str]
    """Where each process that sends listens; empty where it is known only once it runs."""
    program: list[str]
    """The command ``semradio`` there."""
    options: dict[str, str] = field(default_factory=dict)
    """What else the engine keeps: its own name of it, say."""
    chunk: int | None = None
    patience: float | None = None
    restarted: list[str] = field(default_factory=list)
    """Processes that keep checkpoints and are started again when they die."""
    restarts: int = 0
    """How often each of them is, within a time."""
    restart_within: float = 60.0
    supervisors: dict[str, str] = field(default_factory=dict)
    """What started each process, where there is a choice: ``systemd``, or ``nohup: WHY``."""

    @property
    def folder(self) -> Path:
        """The folder here in which everything of it is kept."""
        return _place() / self.name

    def save(self) -> None:
        """Keep it, for whoever asks by its name later."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Whole: 'semradio status' may read it just now, and passes over what it cannot read.
        write_whole(self.folder / _FILE, msgspec.json.encode(self))


def fresh_name(plan: Plan) -> str:
    """Return a name that no deployment has, and make its folder."""
    base = re.sub(r"[^a-z0-9]+", "-", plan.name.lower()).strip("-")[:30] or "flowgraph"
    place = _place()
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number in range(1, 1_000_000):
        try:
            (place / f"{base}-{number}").mkdir(mode=0o700)
        except FileExistsError:
            continue
        return f"{base}-{number}"
    raise ParameterError(f"'{place}' is full: remove old deployments")


def find(name: str | None) -> Deployment:
    """Return a deployment by its name; the latest one without a name."""
    known = all_of_them()
    if name is None:
        if not known:
            raise ParameterError("nothing was deployed from here: see 'semradio deploy --help'")
        return known[-1]
    for found in known:
        if found.name == name:
            return found
    names = [found.name for found in known]
    raise ParameterError(
        f"no deployment '{name}'{nearest(name, names)}; there are: {', '.join(names) or 'none'}"
    )


def all_of_them() -> list[Deployment]:
    """Return the deployments that are kept here, the latest one last."""
    files = sorted(_place().glob(f"*/{_FILE}"), key=lambda path: path.stat().st_mtime)
    found = []
    for path in files:
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=Deployment))
        except msgspec.DecodeError:
            continue
    return found


def sending(plan: Plan) -> list[str]:
    """Return the processes that send to others, and have to be reached."""
    home = {block: p.name for p in plan.processes.values() for block in p.blocks}
    senders = {home[e.source] for e in plan.edges if home[e.source] != home[e.target]}
    return [name for name in plan.processes if name in senders]


def endpoints(plan: Plan, addresses: Mapping[str, str], port: int) -> dict[str, str]:
    """Return where each process that sends is reached, by the addresses of their hosts."""
    return {
        name: f"tcp://{addresses[name]}:{port + number}"
        for number, name in enumerate(sending(plan))
    }


def placed(plan: Plan, where: Mapping[str, str]) -> None:
    """Write into a plan where its processes are reached, and where they listen.

    Raises:
        ParameterError: there is no such process, or it is no address.
    """
    for name, endpoint in where.items():
        if name not in plan.processes:
            raise ParameterError(plan.no_process(name))
        found = re.fullmatch(r"tcp://(\[[^\]]+\]|[^:/\s]+):(\d+)", endpoint)
        if found is None:
            raise ParameterError(f"'{endpoint}' is no address; write {name}=tcp://HOST:PORT")
        host, port = found.groups()
        process = plan.processes[name]
        process.endpoint = endpoint
        # Of a name it is not known here which interface it means.
        listen = host if is_number(host.strip("[]")) else "0.0.0.0"
        process.bind = f"tcp://{'127.0.0.1' if host == 'localhost' else listen}:{port}"


def _place() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "semradio"
