"""A share of a flowgraph as plain data, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from semradio.blocks.engine import snapshot
from semradio.blocks.engine.queue import Queue
from semradio.flowgraphs.runtime.edges.receiver import EdgeReceiver
from semradio.flowgraphs.runtime.edges.sender import EdgeSender
from semradio.flowgraphs.runtime.recovery.held import Held
from semradio.flowgraphs.runtime.recovery.reasons import hearing

Saved = dict[str, Any]


def share_saved(share: Held) -> Saved:
    """Return everything that a process needs to go on from here; only between two passes."""
    arriving = set(map(id, share.arriving.values()))
    return {
        "blocks": {n: snapshot.block_saved(b) for n, b in share.graph.blocks.items()},
        "chains": [snapshot.chain_saved(chain) for chain in share.weave.chains],
        "queues": {
            f"{block}.{port}": snapshot.queue_saved(queue)
            for (block, port), queue in share.weave.queues.items()
            if id(queue) not in arriving
        },
        "arriving": {
            label: {"at": queue.at, "messages": queue.messages}
            for label, queue in share.arriving.items()
        },
        "receivers": {number: _receiver(found) for number, found in share.receivers.items()},
        "senders": {number: _sender(found) for number, found in share.senders.items()},
    }


def restore_share(share: Held, saved: Mapping[str, Any]) -> None:
    """Put a share, whose blocks were restored, where another one stood.

    Raises:
        UnsavedError: it is not the same share.
    """
    chains, entries = share.weave.chains, saved["chains"]
    if len(chains) != len(entries):
        raise snapshot.UnsavedError("the blocks do not run in the groups that were saved")
    for chain, entry in zip(chains, entries, strict=True):
        snapshot.restore_chain(chain, entry)
    for (block, port), queue in share.weave.queues.items():
        entry = saved["queues"].get(f"{block}.{port}")
        if entry is not None:
            snapshot.restore_queue(queue, entry)
    for label, queue in share.arriving.items():
        queue.at, queue.messages = (saved["arriving"][label][k] for k in ("at", "messages"))
    anew = (share.name or "") in hearing(share.plan)
    for number, sender in share.senders.items():
        _restore_sender(share, sender, saved["senders"][number])
        sender.anew = anew
    for chain in chains:
        for queue in chain.intake.queues if snapshot.closed(chain) else ():
            _detach(share, queue)
    for number, receiver in share.receivers.items():
        _restore_receiver(receiver, saved["receivers"][number])


def _receiver(receiver: EdgeReceiver) -> Saved:
    waiting = any(queue.items for queue in receiver.queues)
    return {
        "taken": receiver.taken,
        "finished": receiver.finished and not waiting,
        "stopped": receiver.stopped,
    }


def _restore_receiver(receiver: EdgeReceiver, saved: Mapping[str, Any]) -> None:
    receiver.received = receiver.granted = saved["taken"]
    receiver.uneven = any(queue.at > receiver.received for queue in receiver.queues)
    receiver.stopped = saved["stopped"]
    receiver.finished = saved["finished"] or receiver.stopped
    if receiver.finished:
        for queue in receiver.queues:
            queue.end()


def _sender(sender: EdgeSender) -> Saved:
    return {
        "given": sender.given,
        "ending": sender.ending,
        "stopped": sender.stopped,
        "seam": sender.seam,
    }


def _restore_sender(share: Held, sender: EdgeSender, saved: Mapping[str, Any]) -> None:
    sender.sent = sender.backlog.at = saved["given"]
    sender.ending = saved["ending"]
    sender.seam = saved["seam"]
    if saved["stopped"]:
        sender.stopped = sender.done = True
        _detach(share, sender)


def _detach(share: Held, target: Queue | EdgeSender) -> None:
    """Let a target receive nothing more, as it was before."""
    for chain in share.weave.chains:
        for stage in chain.stages:
            for outlet in stage.outlets:
                if target in outlet.targets:
                    outlet.targets.remove(target)
    if isinstance(target, Queue):
        target.chunks.clear()
        target.items, target.ended = 0, True
        for receiver in share.receivers.values():
            if target in receiver.queues:
                receiver.queues.remove(target)
