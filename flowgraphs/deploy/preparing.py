"""From a flowgraph to what an engine needs: the file that goes along, its keys, its addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from semradio.blocks.errors import ParameterError
from semradio.flowgraphs.curve.folder import names_in, read_pair
from semradio.flowgraphs.deploy.deployment import Deployment, endpoints, fresh_name
from semradio.flowgraphs.deploy.starting import FLOWGRAPH
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.language import dump
from semradio.flowgraphs.plan import Plan
from semradio.flowgraphs.runtime.recovery.reasons import reasons
from semradio.flowgraphs.runtime.recovery.settings import restarts, wanted

KEYS = "keys"
"""The folder of keys where a process runs."""


def prepared(
    plan: Plan,
    engine: str,
    program: Sequence[str],
    *,
    hosts: Mapping[str, str] | None = None,
    addresses: Mapping[str, str] | None = None,
    port: int = 5601,
    chunk: int | None = None,
) -> Deployment:
    """Return a deployment of a plan, not started.

    Args:
        hosts: where each process runs, as the engine names it.
        addresses: how each of these is reached by the others, if not by that name.

    Raises:
        ParameterError: the flowgraph names no processes, or a process or its host is unknown.
        FlowgraphError: it wants checkpoints, and is wrong, or not all of it is here.
    """
    if not plan.processes:
        raise ParameterError(f"flowgraph '{plan.name}' names no processes; add 'processes:' to it")
    if plan.code:
        raise ParameterError(
            "a flowgraph with 'code:' cannot be deployed: its Python files are not on the other "
            "hosts; make a package of them (entry point semradio.blocks)"
        )
    hosts, addresses = dict(hosts or {}), dict(addresses or {})
    for name in hosts:
        if name not in plan.processes:
            raise ParameterError(plan.no_process(name))
    missing = [name for name in plan.processes if hosts and name not in hosts]
    if missing:
        raise ParameterError(f"no host for process {', '.join(missing)}: --on {missing[0]}=HOST")
    reached = {
        name: addresses.get(hosts.get(name, ""), hosts.get(name, "127.0.0.1").split("@")[-1])
        for name in plan.processes
    }
    restarted = _restarted(plan)
    return Deployment(
        fresh_name(plan),
        engine,
        plan.file or plan.name,
        list(plan.processes),
        hosts,
        endpoints(plan, reached, port),
        list(program),
        chunk=chunk,
        restarted=restarted,
        restarts=restarts(plan),
        restart_within=plan.restart_within,
    )


def _restarted(plan: Plan) -> list[str]:
    """Return the processes that keep checkpoints, and are started again when they die.

    Raises:
        FlowgraphError: the flowgraph wants checkpoints, and is wrong, or not all of it is here.
    """
    if not wanted(plan, None) or restarts(plan) == 0:
        return []
    graph = Graph(plan)
    cannot = reasons(graph.plan, graph.blocks)
    return [name for name in plan.processes if name not in cannot]


def files_of(plan: Plan, processes: Sequence[str]) -> dict[str, bytes]:
    """Return what goes along to a host: the flowgraph, whole, and the keys of its processes.

    Raises:
        KeysError: a key is not there.
    """
    found = {}
    if isinstance(plan.security, dict):
        folder = Path(plan.security["curve"]).expanduser()
        found = {f"{KEYS}/{name}": data for name, data in keys_of(folder, processes).items()}
        plan = replace(plan, security={"curve": KEYS})
    found[FLOWGRAPH] = dump(plan).encode()
    return found


def keys_of(folder: Path, processes: Sequence[str]) -> dict[str, bytes]:
    """Return the key files that a host of some processes needs; KeysError if one is missing."""
    for name in processes:
        read_pair(folder, name)
    names = [f"{name}.key" for name in names_in(folder)]
    names += [f"{name}.key_secret" for name in processes]
    return {name: (folder / name).read_bytes() for name in names}
