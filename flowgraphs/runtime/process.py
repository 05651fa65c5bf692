"""One process's share of a flowgraph: its blocks, its queues, its ends of the edges."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import psutil
import zmq

from semradio.blocks.api.item_type import ItemType
from semradio.blocks.api.queue import Queue
from semradio.blocks.api.runner import BlockError, Runner, make_runner
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.plan import Plan
from semradio.flowgraphs.runtime.crossing import Crossing, capacity_of, crossings
from semradio.flowgraphs.runtime.edge_receiver import EdgeReceiver
from semradio.flowgraphs.runtime.edge_sender import EdgeSender, SenderHub
from semradio.flowgraphs.runtime.failure import NOT_STARTED
from semradio.flowgraphs.runtime.live import Answer, Changes, check_changes
from semradio.flowgraphs.runtime.scheduler import Scheduler
from semradio.flowgraphs.runtime.sockets import Context

DEFAULT_CHUNK = 64
"""Items that a source emits per step where neither the file nor the user says otherwise."""


class Process:
    """Everything that one process runs.

    Args:
        graph: the blocks of this process, item types resolved.
        name: the process in the plan; None runs the whole plan, without any edge.
        chunk: items that a source emits per step.
    """

    def __init__(self, graph: Graph, name: str | None = None, chunk: int | None = None) -> None:
        self.graph = graph
        self.plan: Plan = graph.plan
        self.name = name
        self.chunk = chunk or self.plan.chunk or DEFAULT_CHUNK
        self.crossings = (
            crossings(self.plan, graph.edge_types, self.chunk) if name is not None else []
        )
        self.incoming = [c for c in self.crossings if c.receiver == name]
        self.outgoing = [c for c in self.crossings if c.sender == name]
        self.context: Context | None = None
        self.hub: SenderHub | None = None
        self.receivers: dict[int, EdgeReceiver] = {}
        self.senders: dict[int, EdgeSender] = {}
        self.queues: dict[str, Queue] = {}
        self.started: list[str] = []
        self.runners: dict[str, Runner] = {}
        self._wire_up()
        self.scheduler: Scheduler | None = None
        self._stop_asked = self._stop_alone = False
        self.began = time.monotonic()

    # Set-up --------------------------------------------------------------------------------

    def _wire_up(self) -> None:
        graph, plan = self.graph, self.plan
        targets: dict[str, dict[str, list[Any]]] = {b: {} for b in graph.order}
        feeds: dict[str, dict[str, Queue]] = {b: {} for b in graph.order}
        for edge in plan.edges:
            if edge.target not in graph.blocks:
                continue
            item = graph.edge_types[edge.label]
            local = edge.source in graph.blocks
            room: float = capacity_of(edge, item, self.chunk) if local else float("inf")
            queue = Queue(item, room, edge.policy if local else "block")
            self.queues[edge.label] = queue
            feeds[edge.target][edge.input] = queue
            if local:
                targets[edge.source].setdefault(edge.output, []).append(queue)
        for crossing in self.outgoing:
            sender = EdgeSender(crossing.number, crossing.item, crossing.capacity, crossing.policy)
            self.senders[crossing.number] = sender
            targets[crossing.source].setdefault(crossing.output, []).append(sender)
        for name in graph.order:
            block = graph.blocks[name]
            ordered = {p: feeds[name][p] for p in block.inputs if p in feeds[name]}
            runner = make_runner(block, ordered, targets[name], self.chunk)
            self.runners[name] = runner
            for found in targets[name].values():
                for target in found:
                    if isinstance(target, Queue):
                        target.on_close = _closing(runner, target)
                    else:
                        target.on_stop = _closing(runner, target)

    def bind(self, endpoint: str) -> str | None:
        """Listen for receivers, if this process sends anything; returns the real endpoint."""
        if not self.outgoing:
            return None
        self.hub = SenderHub(self._context(), endpoint)
        for sender in self.senders.values():
            self.hub.add(sender)
        return self.hub.endpoint

    def connect(self, endpoints: Mapping[str, str]) -> None:
        """Connect to the processes that send to this one; ``endpoints`` by process name."""
        for crossing in self.incoming:
            queues = [self.queues[edge.label] for edge in crossing.edges]
            receiver = EdgeReceiver(
                self._context(),
                crossing.number,
                crossing.item,
                crossing.capacity,
                queues,
                endpoints[crossing.sender],
            )
            self.receivers[crossing.number] = receiver

    def start(self) -> None:
        """Start every block; BlockError names the one that fails."""
        for name in self.graph.order:
            block = self.graph.blocks[name]
            block.reset()
            self.started.append(name)
            try:
                block.start()
            except (Exception, SystemExit) as error:
                raise BlockError(name, NOT_STARTED, error) from error
            block.started = True

    # Running -------------------------------------------------------------------------------

    def run(self, on_tick: Callable[[], None] | None = None, tick_every: float = 0.1) -> None:
        """Run to the end of all streams; ``on_tick`` is called every ``tick_every`` seconds."""
        sockets = [receiver.socket for receiver in self.receivers.values()]
        steps: list[Callable[[], bool]] = []
        if self.hub is not None:
            sockets.append(self.hub.socket)
            steps.append(self.hub.step)
        steps += [receiver.step for receiver in self.receivers.values()]
        self.scheduler = Scheduler(self.runners, steps, sockets, self._edges_done)
        self.scheduler.tick_every = tick_every
        if on_tick is not None:
            self.scheduler.on_tick = on_tick
        self._pass_stop_on()
        for receiver in self.receivers.values():
            receiver.greet()
        self.began = time.monotonic()
        self.scheduler.run()

    def stop(self, *, alone: bool = False) -> None:
        """Let the sources of this process end; the streams are then drained.

        Args:
            alone: whether nobody stops the other processes: what comes in from them ends here.
        """
        self._stop_alone = alone
        self._stop_asked = True
        self._pass_stop_on()

    def _pass_stop_on(self) -> None:
        # Called after either of the two has come about, in whichever thread: the wish to stop
        # must not get lost while the run is only about to begin.
        if self.scheduler is None or not self._stop_asked:
            return
        if self._stop_alone:
            self.scheduler.on_stop = self._cut
        self.scheduler.stop()

    def _cut(self) -> None:
        for receiver in self.receivers.values():
            receiver.cut()

    def change(self, changes: Changes, answer: Answer | None = None) -> None:
        """Change live parameters, each block's at its next item border; any thread may ask.

        Args:
            changes: values by block and parameter.
            answer: told for each block from which item on its change counts, or why it was
                refused; without it, notes tell of refusals.

        Raises:
            ParameterError: a block or parameter is unknown or not live, or a value out of limits;
                nothing is changed then.
        """
        check_changes(self.graph.blocks, self.plan, changes)
        for name, values in changes.items():
            self.runners[name].change(values, None if answer is None else partial(answer, name))

    def stop_blocks(self) -> None:
        """Stop every block that was started; safe to call twice.

        Raises:
            BlockError: a block failed to put its work away, for instance on a full disk.
        """
        failures = []
        for name in self.started:
            self.graph.blocks[name].started = False
            try:
                self.graph.blocks[name].stop()
            except Exception as error:
                failures.append(BlockError(name, self.runners[name].items_in, error))
        self.started = []
        if failures:
            raise failures[0]

    def close(self, *, failed: bool = False) -> None:
        """Close the sockets; after a failure, without waiting for what is under way."""
        linger = 0 if failed else None
        for receiver in self.receivers.values():
            receiver.socket.close(linger)
        if self.hub is not None:
            self.hub.socket.close(linger)
        if self.context is not None:
            self.context.term()
        self.receivers, self.hub, self.context = {}, None, None

    def _context(self) -> Context:
        if self.context is None:
            self.context = zmq.Context()
        return self.context

    def _edges_done(self) -> bool:
        return all(r.finished for r in self.receivers.values()) and (
            self.hub is None or self.hub.done
        )

    # Reporting -----------------------------------------------------------------------------

    def progress(self) -> dict[str, Any]:
        """Return what a progress display needs: items so far, memory."""
        if self.scheduler is not None:
            self.scheduler.settle()
        return {
            "items": {
                name: runner.items_out if runner.outputs else runner.items_in
                for name, runner in self.runners.items()
            },
            "rss_bytes": psutil.Process().memory_info().rss,
        }

    def report(self) -> dict[str, Any]:
        """Return results, counts and notes of this process as plain data."""
        busy = self.scheduler.busy() if self.scheduler is not None else {}
        blocks = {
            name: {
                "items_in": runner.items_in,
                "items_out": runner.items_out,
                "busy_s": round(busy.get(name, 0.0), 6),
            }
            for name, runner in self.runners.items()
        }
        results = {}
        for name, block in self.graph.blocks.items():
            found = block.results()
            if found:
                results[name] = found
        notes = {name: block.notes for name, block in self.graph.blocks.items() if block.notes}
        if self.hub is not None and self.hub.refused:
            text = f"{self.hub.refused} messages that were none of this flowgraph's were ignored"
            notes[f"process {self.name}"] = [text]
        usage = psutil.Process()
        return {
            "blocks": blocks,
            "results": results,
            "edges": self._edge_report(),
            "notes": notes,
            "process": {
                "pid": usage.pid,
                "rss_bytes": usage.memory_info().rss,
                "cpu_s": round(sum(usage.cpu_times()[:2]), 3),
            },
        }

    def _edge_report(self) -> dict[str, dict[str, int]]:
        """Counts by edge label; of a crossing edge each end states its own."""
        edges: dict[str, dict[str, int]] = {}
        types: Mapping[str, ItemType] = self.graph.edge_types
        for edge in self.plan.edges:
            queue = self.queues.get(edge.label)
            if queue is not None and edge.source in self.graph.blocks:
                edges[edge.label] = {
                    "items": queue.at + queue.items,
                    "dropped": queue.dropped,
                    "messages": queue.messages,
                    "bytes": (queue.at + queue.items) * types[edge.label].nbytes,
                }
        for crossing in self.crossings:
            counts = self._crossing_report(crossing)
            for edge in crossing.edges if counts else ():
                edges[edge.label] = counts
        return edges

    def _crossing_report(self, crossing: Crossing) -> dict[str, int]:
        sender = self.senders.get(crossing.number)
        if sender is not None:
            return {
                "sent": sender.sent,
                "dropped": sender.dropped,
                "messages": sender.messages,
                "bytes": sender.sent * crossing.item.nbytes,
            }
        receiver = self.receivers.get(crossing.number)
        return {} if receiver is None else {"items": receiver.received}


def _closing(runner: Runner, target: Any) -> Callable[[], None]:
    def closed() -> None:
        runner.drop_target(target)

    return closed
