"""What a plan says about keys, and whether it may listen at all."""

from __future__ import annotations

from pathlib import Path

from semradio.blocks.endpoint import stays_here
from semradio.blocks.errors import ParameterError
from semradio.flowgraphs.plan import Plan, Problem

SPELL_OUT = (
    "write 'security: {curve: FOLDER}' with keys that 'semradio keys new FOLDER FILE' makes, or "
    "'security: none' for a network that you trust"
)


def keys_of_wire(plan: Plan, endpoint: str) -> Path | None:
    """Return the folder of keys for a socket of a plan at an address; None where it needs none."""
    if not isinstance(plan.security, dict) or not endpoint.startswith("tcp://"):
        return None
    return Path(plan.security["curve"]).expanduser()


def open_edges(plan: Plan) -> list[Problem]:
    """Return a problem for each process that others would reach from other hosts without keys."""
    if plan.security is not None:
        return []
    home = {block: p.name for p in plan.processes.values() for block in p.blocks}
    sending = {home[e.source] for e in plan.edges if home.get(e.source) != home.get(e.target, "")}
    problems = []
    for process in plan.processes.values():
        address = next(
            (a for a in (process.bind, process.endpoint) if a and not stays_here(a)), None
        )
        if address and process.name in sending:
            place = process.location
            problems.append(
                Problem(
                    f"process '{process.name}' is reached at {address}, from other hosts, without "
                    f"keys: {SPELL_OUT}",
                    place,
                    place.text if place else "",
                )
            )
    return problems


def check_control(plan: Plan, endpoint: str) -> None:
    """Raise ParameterError if a control socket would listen beyond this host without keys."""
    if plan.security is None and not stays_here(endpoint):
        raise ParameterError(
            f"control: {endpoint} is reached from other hosts, and whoever reaches it may change "
            f"parameters and stop the run: in the flowgraph, {SPELL_OUT}"
        )
