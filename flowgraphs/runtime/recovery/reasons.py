"""Which processes cannot go on after they were killed, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from semradio.blocks.api import registry
from semradio.blocks.api.block import Block
from semradio.flowgraphs.plan import Plan


def reasons(plan: Plan, blocks: Mapping[str, Block]) -> dict[str, list[str]]:
    """Return why processes cannot be recovered, by process; those that can are left out.

    Args:
        plan: the whole flowgraph; one without processes is one process, named ``""``.
        blocks: those that are known here, checked.
    """
    home = {block: p.name for p in plan.processes.values() for block in p.blocks}
    found: dict[str, list[str]] = {}
    for name, block in blocks.items():
        why = block.unrepeatable()
        if why and not block.rejoins:
            found.setdefault(home.get(name, ""), []).append(f"block '{name}': {why}")
    for edge in plan.edges:
        if edge.policy != "block":
            found.setdefault(home.get(edge.source, ""), []).append(
                f"edge {edge.label}: what it drops depends on the clock"
            )
    for name in _in_circles(plan, home):
        found.setdefault(name, []).append(
            "it sends to processes that it receives from: neither could acknowledge before the "
            "other"
        )
    return found


def after_a_kill(plan: Plan, blocks: Mapping[str, Block]) -> list[str]:
    """Return in words which processes cannot go on after they were killed, or only with a gap.

    Args:
        plan, blocks: as for :func:`reasons`.
    """
    home = {block: p.name for p in plan.processes.values() for block in p.blocks}
    with_a_gap = [
        f"{_who(home.get(name, ''))} goes on with a gap after it was killed: block '{name}': "
        f"{block.unrepeatable()}"
        for name, block in blocks.items()
        if block.rejoins
    ]
    return [*told(reasons(plan, blocks)), *with_a_gap]


def hearing(plan: Plan) -> set[str]:
    """Return the processes whose streams may be others when they are made once more.

    Those are the processes of blocks that rejoin, and all that these send to.
    """
    home = {block: p.name for p in plan.processes.values() for block in p.blocks}
    follow = _follow(plan, home)
    first = {home.get(b.name, "") for b in plan.blocks.values() if registry.find(b.type).rejoins}
    return first.union(*(_reached(name, follow) for name in first if name in follow))


def told(why_not: Mapping[str, Sequence[str]]) -> list[str]:
    """Return in words which processes cannot be recovered, and why."""
    return [
        f"{_who(name)} cannot go on after it was killed: {text}"
        for name, texts in why_not.items()
        for text in texts
    ]


def _who(process: str) -> str:
    return f"process '{process}'" if process else "the flowgraph"


def _in_circles(plan: Plan, home: Mapping[str, str]) -> list[str]:
    """Return the processes that get, over others, what they have sent."""
    follow = _follow(plan, home)
    return [name for name in follow if name in _reached(name, follow)]


def _follow(plan: Plan, home: Mapping[str, str]) -> dict[str, set[str]]:
    """Return the processes that each process sends to."""
    follow: dict[str, set[str]] = {name: set() for name in plan.processes}
    for edge in plan.edges:
        sender, receiver = home.get(edge.source, ""), home.get(edge.target, "")
        if sender != receiver:
            follow[sender].add(receiver)
    return follow


def _reached(start: str, follow: Mapping[str, set[str]]) -> set[str]:
    """Return the processes that something sent from one may reach."""
    reached: set[str] = set()
    left = list(follow[start])
    while left:
        name = left.pop()
        if name not in reached:
            reached.add(name)
            left += follow[name]
    return reached
