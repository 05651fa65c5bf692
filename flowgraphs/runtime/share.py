"""One process's share of a flowgraph: its chains, its ends of the edges, and what it reports."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import psutil
import zmq

from semradio.blocks.api.item_type import ItemType
from semradio.blocks.api.own_line import in_block
from semradio.blocks.engine.chain import Chain
from semradio.blocks.engine.queue import Queue
from semradio.blocks.engine.stage import Planned, Stage
from semradio.blocks.engine.target import Target
from semradio.blocks.engine.weaving import DEFAULT_CHUNK, GRID_ROOM, Weave, Wire
from semradio.blocks.errors import BlockError, SemradioError
from semradio.blocks.zeromq import Context
from semradio.flowgraphs.curve.entry import call
from semradio.flowgraphs.curve.folder import read_pair, read_public
from semradio.flowgraphs.curve.policy import keys_of_wire
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.plain import for_json
from semradio.flowgraphs.plan import EdgePlan, Plan
from semradio.flowgraphs.runtime.change import (
    Changes,
    OnTaken,
    Outcome,
    Taken,
    Tell,
    complain,
    refusals,
    wrong_names,
)
from semradio.flowgraphs.runtime.edges.crossing import HERE_BYTES, Crossing, capacity_of, crossings
from semradio.flowgraphs.runtime.edges.receiver import EdgeReceiver
from semradio.flowgraphs.runtime.edges.sender import EdgeSender, SenderHub
from semradio.flowgraphs.runtime.failure import NOT_STARTED
from semradio.flowgraphs.runtime.latency import Stopwatch
from semradio.flowgraphs.runtime.profile import Profiler
from semradio.flowgraphs.runtime.recovery.settings import Recovery, retained
from semradio.flowgraphs.runtime.scheduler import Act, Scheduler, Waits
from semradio.flowgraphs.runtime.taps import Taps
from semradio.flowgraphs.runtime.watch import (
    BlockStatus,
    EdgeStatus,
    ProcessStatus,
    Standing,
    Tap,
    ports_of,
)

_TABLE = 1024
"""Numbers in a table that is shown while the flowgraph runs, such as a confusion matrix."""

GREET_S = 0.25
"""Seconds between two words to a sender that may have been started anew."""

if TYPE_CHECKING:
    from semradio.flowgraphs.curve.guard import Guard
    from semradio.flowgraphs.runtime.agreement import Agreement
    from semradio.flowgraphs.runtime.recovery.recorder import Recorder
    from semradio.flowgraphs.runtime.recovery.resuming import Resuming


class Share:
    """Everything that one process runs.

    Args:
        graph: the blocks of this process, item types resolved.
        name: the process in the plan; None runs the whole plan, without any edge.
        chunk: items that a source emits per step.
        latency: whether to measure how long items take from sources to sinks.
        recovery: how it keeps itself recoverable; None: it does not.
    """

    def __init__(
        self,
        graph: Graph,
        name: str | None = None,
        chunk: int | None = None,
        *,
        latency: bool = False,
        recovery: Recovery | None = None,
    ) -> None:
        self.graph = graph
        self.plan: Plan = graph.plan
        self.name = name
        self.chunk = chunk or self.plan.chunk or DEFAULT_CHUNK
        self.crossings = (
            [] if name is None else crossings(self.plan, graph.edge_types, self.chunk, name)
        )
        self.recovery = recovery
        self.recorder: Recorder | None = None
        self.greeted = 0.0
        self.introduced = False
        """Whether it meets processes that it did not start with; their connections are watched."""
        if recovery is not None:
            for crossing in self.crossings:
                crossing.capacity = max(crossing.capacity, GRID_ROOM * self.chunk)
        self.incoming = [c for c in self.crossings if c.receiver == name]
        self.outgoing = [c for c in self.crossings if c.sender == name]
        self.context: Context | None = None
        self.hub: SenderHub | None = None
        self.guard: Guard | None = None
        self.receivers: dict[int, EdgeReceiver] = {}
        self.senders: dict[int, EdgeSender] = {}
        self.arriving: dict[str, Queue] = {}
        """Queues that are filled by other processes, by edge label."""
        self.parted: set[int] = set()
        """Edges into this process whose sender has ended."""
        self.inbox: deque[Act] = deque()
        self.started: list[str] = []
        self.stopwatch = Stopwatch(graph.blocks.values()) if latency else None
        self.weave = self._woven()
        self.scheduler: Scheduler | None = None
        self.profiler: Profiler | None = None
        self.on_taken: OnTaken | None = None
        self.taps: Taps | None = None
        self.ports = ports_of(graph.blocks)
        self.metrics: dict[str, dict[str, Any]] = {}
        """What blocks had found out at the last look."""

    # Set-up --------------------------------------------------------------------------------

    def _woven(self) -> Weave:
        graph, types = self.graph, self.graph.edge_types
        wires: list[Wire] = []
        queues: dict[tuple[str, str], Queue] = {}
        targets: dict[tuple[str, str], list[Target]] = {}
        for edge in self.plan.edges:
            if edge.target not in graph.blocks:
                continue
            if edge.source in graph.blocks:
                room = capacity_of(edge, types[edge.label], self.chunk, HERE_BYTES)
                wires.append(
                    Wire(edge.source, edge.output, edge.target, edge.input, room, edge.policy)
                )
            else:
                queue = Queue(types[edge.label])
                self.arriving[edge.label] = queues[edge.target, edge.input] = queue
        for crossing in self.outgoing:
            sender = EdgeSender(crossing.number, crossing.item, crossing.capacity, crossing.policy)
            if self.recovery is not None:
                sender.retain = retained(crossing.capacity, crossing.item.nbytes)
            self.senders[crossing.number] = sender
            targets.setdefault((crossing.source, crossing.output), []).append(sender)
        blocks = {name: graph.blocks[name] for name in graph.order}
        grid = None if self.recovery is None else self.chunk
        return Weave(blocks, wires, queues, targets, self.chunk, self.inbox, grid)

    def bind(self, endpoint: str, *, watch: bool = False) -> str | None:
        """Listen for receivers, if this process sends anything; returns the real endpoint.

        Args:
            watch: whether the hub is to tell of each connection.
        """
        if not self.outgoing:
            return None
        folder = keys_of_wire(self.plan, endpoint)
        if folder is not None:
            from semradio.flowgraphs.curve.guard import Guard

            receivers = {crossing.receiver for crossing in self.outgoing}
            self.guard = Guard(self._context(), folder, self.name or "", receivers)
        self.hub = SenderHub(self._context(), endpoint, self.guard, watch=watch)
        for crossing in self.outgoing:
            self.hub.add(self.senders[crossing.number], crossing.receiver)
        return self.hub.endpoint

    def introduce(self, own: Agreement) -> None:
        """Have receivers say what runs here, and turn away those that run something else here."""
        if self.hub is not None:
            self.hub.judge = own.difference_to
        for sender in self.senders.values():
            sender.says_bye = True
        for receiver in self.receivers.values():
            receiver.hello = own.encode()
            receiver.stays = True
        self.introduced = True

    def connect(self, endpoints: Mapping[str, str]) -> None:
        """Say where the processes are that send to this one, by name; the run connects to them."""
        for crossing in self.incoming:
            receiver = EdgeReceiver(
                self._context(),
                crossing.number,
                crossing.item,
                crossing.capacity,
                [self.arriving[edge.label] for edge in crossing.edges],
                endpoints[crossing.sender],
            )
            self.receivers[crossing.number] = receiver
            folder = keys_of_wire(self.plan, receiver.endpoint)
            if folder is not None:
                own = read_pair(folder, self.name or "")
                call(receiver.socket, own, read_public(folder, crossing.sender))

    def start(self, look: Callable[[], None] = lambda: None) -> None:
        """Start every block, where another process was if there was one.

        Args:
            look: called while this waits for other processes.

        Raises:
            BlockError: a block fails.
            RunError: it cannot go on where the other one was.
        """
        resuming: Resuming | None = None
        if self.recovery is not None and self.recovery.recoverable:
            # Imported late: most runs need nothing of it.
            from semradio.flowgraphs.runtime.recovery.resuming import Resuming

            resuming = Resuming(self, self.recovery, look)
            self.recorder = resuming.recorder
        for name in self.graph.order:
            block = self.graph.blocks[name]
            block.reset()
            block.ask = self.change
            self.started.append(name)
            try:
                if resuming is not None:
                    resuming.prepare(name)
                block.start()
                if resuming is not None:
                    resuming.restore(name)
            except (Exception, SystemExit) as error:
                raise BlockError(name, NOT_STARTED, error, in_block(error, type(block))) from error
            block.started = True
        if self.stopwatch is not None:
            self.stopwatch.attach()
        if resuming is not None:
            resuming.restore_share()
        self._let_go()
        if resuming is not None:
            resuming.recorder.begin()
        if self.recovery is not None:
            # Those that send may wait to hear where this process is.
            self._greet()

    def take_down_times(self) -> None:
        """Take down where the time goes; before the first pass."""
        queues = {
            f"{edge.label}": self.weave.queues[edge.target, edge.input]
            for edge in self.plan.edges
            if (edge.target, edge.input) in self.weave.queues
        }
        self.profiler = Profiler(self.weave.chains, queues)

    # Running -------------------------------------------------------------------------------

    def run_for(self, seconds: float) -> bool:
        """Run for about so long; returns whether all streams have come to their end."""
        if self.scheduler is None:
            sockets = [receiver.socket for receiver in self.receivers.values()]
            steps = [receiver.step for receiver in self.receivers.values()]
            if self.hub is not None:
                sockets.append(self.hub.socket)
                steps.insert(0, self.hub.step)
            if self.profiler is not None:
                # After what has arrived, before what is done about it.
                steps.append(self.profiler.step)
            self.scheduler = Scheduler(
                self.weave.chains, self.inbox, steps, sockets, self._edges_done
            )
            if self.taps is not None:
                self.scheduler.add(self._show)
            if self.profiler is not None:
                self.scheduler.watch()
                self.scheduler.watched_always = True
                self.scheduler.waits.take_down = self.profiler.take_wait
            if self.recovery is not None or not self.introduced:
                self.scheduler.add(self._greet_now_and_then)
            if self.recorder is not None:
                self.scheduler.add(self.recorder.step)
            for receiver in self.receivers.values() if self.recovery is None else ():
                receiver.greet()
                self.greeted = monotonic()
        return self.scheduler.run_for(seconds)

    def run(self) -> None:
        """Run to the end of all streams."""
        while not self.run_for(1.0):
            pass

    def _post(self, act: Act) -> None:
        if self.scheduler is None:
            self.inbox.append(act)
        else:
            self.scheduler.post(act)

    # Recovery ------------------------------------------------------------------------------

    def _greet(self) -> None:
        self.greeted = monotonic()
        for number, receiver in self.receivers.items():
            # Who has ended is not spoken to: what waits for it would delay the end here.
            if number not in self.parted:
                receiver.answer()

    def _greet_now_and_then(self) -> bool:
        """Say again where this process is.

        A sender may have been started anew, or was stopped for so long that the connection was
        given up, with all that was under way on it.
        """
        if monotonic() - self.greeted > GREET_S:
            self._greet()
        return False

    def is_gone(self, number: int) -> bool:
        """Whether the receiver of an edge has ended, with all it wanted."""
        ended = [] if self.recovery is None else self.recovery.ended
        return any(c.number == number and c.receiver in ended for c in self.outgoing)

    def note_end(self, process: str) -> None:
        """Take note that a process has ended, with all it wanted; any thread may tell."""
        if self.recovery is not None:
            self.recovery.ended.append(process)
            self._post(self._let_go)
        else:
            self._post(lambda: self._part(process))

    def _part(self, process: str) -> None:
        """Wait for nothing that a process which has ended may have said last."""
        for crossing in self.crossings:
            if crossing.receiver == process:
                self.senders[crossing.number].part()
            elif crossing.sender == process:
                self.parted.add(crossing.number)

    def _let_go(self) -> None:
        """Send nothing to those that have ended."""
        for number, sender in self.senders.items():
            if self.is_gone(number) and not sender.done:
                sender.let_go()

    def places(self) -> str:
        """Say at which item each block is that other blocks of this process do not feed."""
        heads = {id(chain): chain for chain in self.weave.chains}
        return ", ".join(
            f"'{(chain.head or chain.stages[0]).block.name}' at item {chain.at}"
            for chain in heads.values()
        )

    def stop(self, *, alone: bool = False) -> None:
        """Let the sources of this process end; the streams are then drained. Any thread may ask.

        Args:
            alone: whether nobody stops the other processes: what comes in from them ends here.
        """
        self._post(lambda: self._in_order(lambda: self._end_sources(alone)))

    def _in_order(self, act: Act) -> None:
        """Change what the streams are, unless a part of them is made once more at present."""
        if self.recorder is None:
            act()
        else:
            self.recorder.in_order(act)

    def _end_sources(self, alone: bool) -> None:
        for block in self.graph.blocks.values():
            block.stopping = True
        for chain in self.weave.chains:
            if chain.head is not None and not chain.intake.queues and not chain.finished:
                self._note(chain.head.block.name, chain, None)
                self._note_taken(chain.head.block.name, chain, None)
            chain.end_source()
        for receiver in self.receivers.values() if alone else ():
            receiver.cut()

    def refusals(self, changes: Changes) -> list[str]:
        """Return what the blocks of this process find wrong with a change; nothing is touched."""
        return refusals(self.graph.blocks, changes)

    def change(self, changes: Changes, tell: Tell | None = None) -> None:
        """Change live parameters, each block's at its next item border; any thread may ask.

        Args:
            changes: values by block and parameter.
            tell: told the outcome for each block; without it, notes tell of refusals.

        Raises:
            ParameterError: a block or parameter is unknown or not live, or a value out of limits;
                nothing is changed then.
        """
        wrong = wrong_names(self.graph.blocks, self.plan, changes)
        complain([*self.refusals(changes), *wrong])
        self.take(changes, tell or self._note_refusal)

    def take(self, changes: Changes, tell: Tell) -> None:
        """Change live parameters as :meth:`change` does; the change has been checked."""

        def act() -> None:
            for name, values in changes.items():
                tell(self._changed(name, values))

        self._post(lambda: self._in_order(act))

    def _changed(self, name: str, values: Mapping[str, Any]) -> Outcome:
        chain, stage = self.weave.place[name]
        try:
            if self.recorder is not None and not stage.finished:
                # What would be refused must not be repeated either.
                stage.block.check_change(values)
                self._note(name, chain, dict(values))
            index = chain.change(stage, values)
        except BlockError:
            raise
        except SemradioError as error:
            return Outcome(name, reason=str(error))
        taken = {key: getattr(stage.block, key) for key in values}
        self._note_taken(name, chain, taken)
        return Outcome(name, index, taken)

    def _note(self, name: str, chain: Chain, values: dict[str, Any] | None) -> None:
        """Put a change on the disk before it takes place, where it may have to be repeated."""
        if self.recorder is not None:
            self.recorder.note(Taken(name, chain.at, chain.intake.taken, values))

    def _note_taken(self, name: str, chain: Chain, values: dict[str, Any] | None) -> None:
        if self.on_taken is not None:
            self.on_taken(Taken(name, chain.at, chain.intake.taken, values))

    def plan_changes(self, changes: Iterable[Taken]) -> None:
        """Let changes take place where they did in another run, before the first item.

        Those of blocks of other processes are not looked at.
        """
        for change in changes:
            if change.block in self.weave.place:
                chain, stage = self.weave.place[change.block]
                chain.plan(stage, [Planned(change.index, change.taken, change.values)])

    def _note_refusal(self, outcome: Outcome) -> None:
        if outcome.index is None:
            self.graph.blocks[outcome.block].note(f"change refused: {outcome.reason}")

    # Looking -------------------------------------------------------------------------------

    def tap(self, tap: Tap) -> None:
        """Show somebody what passes at a port, or go on to; any thread may ask.

        The tap has been checked.
        """
        self._post(lambda: self._look(tap))

    def untap(self, to: str, number: int) -> None:
        """Show nothing more for a tap; any thread may ask."""

        def act() -> None:
            if self.taps is not None:
                self.taps.remove(to, number)

        self._post(act)

    def _look(self, tap: Tap) -> None:
        if self.taps is None:
            self.taps = Taps(self._place_of, self._waited)
            if self.scheduler is not None:
                self.scheduler.add(self._show)
        if self.scheduler is not None:
            self.scheduler.watch()
        self.taps.add(tap)

    def _waited(self) -> float:
        return 0.0 if self.scheduler is None else self.scheduler.waits.total

    def _show(self) -> bool:
        """Look where it is time; without anybody left, not any more."""
        if self.taps is not None:
            self.taps.step()
            if not self.taps:
                self._post(self._stop_looking)
        return False

    def _stop_looking(self) -> None:
        if self.taps is not None and not self.taps and self.scheduler is not None:
            self.taps.close()
            self.taps = None
            self.scheduler.remove(self._show)

    def _place_of(self, name: str) -> tuple[Chain, Stage, str, ItemType]:
        """Return where a port is, which is there."""
        block, _, port = name.rpartition(".")
        chain, stage = self.weave.place[block]
        return chain, stage, port, ItemType.parse(self.ports.types[name])

    def standing(self, inside: str | None) -> Standing:
        """Return how the process stands; any thread may ask.

        Args:
            inside: the block whose code it is in.
        """
        scheduler, usage = self.scheduler, psutil.Process()
        waits = Waits() if scheduler is None else scheduler.waits
        if scheduler is not None:
            scheduler.watch()
        # Told the next time: results are looked at between passes only.
        self._post(self._look_at_metrics)
        with usage.oneshot():
            process = ProcessStatus(
                self.name or self.plan.name,
                usage.pid,
                round(sum(usage.cpu_times()[:2]), 3),
                usage.memory_info().rss,
                inside,
                round(waits.total, 6),
            )
        weave = self.weave
        blocks = [
            BlockStatus(
                name,
                process.name,
                weave.items_in(name),
                weave.items_out(name),
                round(weave.busy(name), 6),
                stage.finished,
            )
            for name, (_, stage) in weave.place.items()
        ]
        return Standing(process, blocks, self._edges_now(waits), self.metrics)

    def _look_at_metrics(self) -> None:
        for name, block in self.graph.blocks.items():
            # Whoever looks must not end the run: a block that cannot say yet is asked again.
            with suppress(Exception):
                if found := _figures(block.so_far()):
                    self.metrics[name] = found

    def _edges_now(self, waits: Waits) -> list[EdgeStatus]:
        """Return how the edges stand; of a crossing edge, this end."""
        return [self._edge_now(edge, waits) for edge in self.plan.edges if self._touches(edge)]

    def _touches(self, edge: EdgePlan) -> bool:
        return edge.source in self.graph.blocks or edge.target in self.graph.blocks

    def _edge_now(self, edge: EdgePlan, waits: Waits) -> EdgeStatus:
        found = EdgeStatus(
            edge.label, f"{edge.source}.{edge.output}", f"{edge.target}.{edge.input}"
        )
        sender = self._sender_of(edge)
        if sender is not None:
            found.sent, found.dropped, found.fill = sender.sent, sender.dropped, sender.items
            found.capacity = _whole(sender.capacity)
            found.held_s = round(waits.for_room.get(sender, 0.0), 6)
            found.kept, found.kept_most = sender.held, sender.retain
            return found
        queue = self.weave.queues.get((edge.target, edge.input))
        if queue is None:
            found.sent = found.received = self.weave.carried(edge.target, edge.input).items
            return found
        found.received, found.fill = queue.at + queue.items, queue.items
        found.dropped, found.capacity = queue.dropped, self._room(edge, queue)
        found.held_s = round(waits.for_room.get(queue, 0.0), 6)
        found.starved_s = round(waits.for_items.get(queue, 0.0), 6)
        if edge.label not in self.arriving:
            found.sent = found.received + found.dropped
        return found

    def _room(self, edge: EdgePlan, queue: Queue) -> int | None:
        """Return how many items may wait before a block; None without a limit."""
        for crossing in self.incoming:
            if edge in crossing.edges:
                return crossing.capacity
        return _whole(queue.limit)

    def _sender_of(self, edge: EdgePlan) -> EdgeSender | None:
        """Return the sending end of an edge that leaves this process."""
        for crossing in self.outgoing:
            if edge in crossing.edges:
                return self.senders[crossing.number]
        return None

    def holding(self) -> list[str]:
        """Return the blocks that have not ended though nothing keeps them from going on.

        The others wait for these, or for other processes.
        """
        return [
            (chain.head or chain.stages[0]).block.name
            for chain in self.weave.chains
            if _could_go_on(chain)
        ]

    def stop_blocks(self) -> None:
        """Stop every block that was started; safe to call twice.

        Raises:
            BlockError: a block failed to put its work away, for instance on a full disk.
        """
        failures = []
        if self.stopwatch is not None:
            self.stopwatch.detach()
        for name in self.started:
            block = self.graph.blocks[name]
            block.started = False
            try:
                block.stop()
            except (Exception, SystemExit) as error:
                where = in_block(error, type(block))
                failures.append(BlockError(name, self.weave.items_in(name), error, where))
        self.started = []
        if failures:
            raise failures[0]

    def close(self, *, failed: bool = False) -> None:
        """Close the sockets; after a failure, without waiting for what is under way."""
        linger = 0 if failed else None
        if self.recorder is not None:
            self.recorder.close()
            self.recorder = None
        if self.taps is not None:
            self.taps.close()
            self.taps = None
        for number, receiver in self.receivers.items():
            # What waits for one that has ended would delay the end here.
            receiver.close(0 if number in self.parted else linger)
        if self.hub is not None:
            self.hub.close(linger)
        if self.guard is not None:
            self.guard.stop()
        if self.context is not None:
            self.context.term()
        self.receivers, self.hub, self.guard, self.context = {}, None, None, None

    def _context(self) -> Context:
        if self.context is None:
            self.context = zmq.Context()
        return self.context

    def _edges_done(self) -> bool:
        return (
            all(r.finished and r.dismissed for r in self.receivers.values())
            and (self.hub is None or self.hub.done)
            and (self.recorder is None or self.recorder.complete)
        )

    # Reporting -----------------------------------------------------------------------------

    def progress(self) -> dict[str, Any]:
        """Return what a progress display needs: items so far, memory."""
        weave = self.weave
        return {
            "items": {
                name: weave.items_out(name) if stage.outlets else weave.items_in(name)
                for name, (_, stage) in weave.place.items()
            },
            "rss_bytes": psutil.Process().memory_info().rss,
        }

    def report(self) -> dict[str, Any]:
        """Return results, counts and notes of this process as plain data.

        Raises:
            BlockError: a block failed over its results.
        """
        weave = self.weave
        blocks = {
            name: {
                "items_in": weave.items_in(name),
                "items_out": weave.items_out(name),
                "busy_s": round(weave.busy(name), 6),
            }
            for name in weave.place
        }
        results = {}
        for name, block in self.graph.blocks.items():
            try:
                found = block.results()
            except (Exception, SystemExit) as error:
                where = in_block(error, type(block))
                raise BlockError(name, weave.items_in(name), error, where) from error
            if found:
                results[name] = found
        for name, (_, stage) in weave.place.items():
            for planned in stage.planned:
                if planned.item > stage.ended_at:
                    self.graph.blocks[name].note(
                        f"the change to be repeated at item {planned.item} was not reached"
                    )
        notes = {name: block.notes for name, block in self.graph.blocks.items() if block.notes}
        if self.hub is not None and self.hub.refused:
            text = f"{self.hub.refused} messages that were none of this flowgraph's were ignored"
            notes.setdefault(f"process {self.name}", []).append(text)
        if self.hub is not None and self.hub.strangers:
            text = f"{self.hub.strangers} connections without the right key were turned away"
            notes.setdefault(f"process {self.name}", []).append(text)
        usage = psutil.Process()
        profile = None if self.profiler is None else self.profiler.profile()
        return {
            "profile": msgspec.to_builtins(profile),
            "blocks": blocks,
            "results": results,
            "edges": self._edge_report(),
            "notes": notes,
            "latency": {} if self.stopwatch is None else self.stopwatch.results(),
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
            if edge.source in self.graph.blocks and edge.target in self.graph.blocks:
                carried = self.weave.carried(edge.target, edge.input)
                edges[edge.label] = {
                    "items": carried.items,
                    "dropped": carried.dropped,
                    "messages": carried.messages,
                    "bytes": carried.items * types[edge.label].nbytes,
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
                "sent": sender.reached,
                "dropped": sender.dropped,
                "messages": sender.messages,
                "bytes": sender.sent * crossing.item.nbytes,
            }
        receiver = self.receivers.get(crossing.number)
        return {} if receiver is None else {"items": receiver.received}


def _figures(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return the results that are finite numbers, and small tables of numbers."""
    return {
        key: for_json(value)
        for key, value in results.items()
        if (isinstance(value, int | float | np.number) and math.isfinite(value))
        or (isinstance(value, list) and 0 < _size(value) <= _TABLE)
    }


def _size(table: Any) -> float:
    """Return how many numbers a table has; infinity where it has anything else."""
    if isinstance(table, list):
        return sum(map(_size, table))
    return 1 if isinstance(table, int | float | np.number) else math.inf


def _whole(capacity: float) -> int | None:
    """Return a capacity in items; None where there is no limit."""
    return int(capacity) if math.isfinite(capacity) else None


def _could_go_on(chain: Chain) -> bool:
    """Whether a chain has what it needs: room, and items on every input or their end."""
    if chain.finished or any(target.items >= target.capacity for target in chain.outside):
        return False
    return all(queue.items or queue.ended for queue in chain.intake.queues)
