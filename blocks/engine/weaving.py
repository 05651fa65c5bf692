"""Groups blocks into chains: which run as one straight list of calls, and which behind a queue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from semradio.blocks.api.block import Block
from semradio.blocks.api.kinds import RateBlock, Source, StreamBlock, SyncBlock
from semradio.blocks.engine.chain import Chain, Intake
from semradio.blocks.engine.converter_intake import RateIntake, StreamIntake
from semradio.blocks.engine.queue import Policy, Queue
from semradio.blocks.engine.queue_intake import QueueIntake
from semradio.blocks.engine.source_intake import SourceIntake
from semradio.blocks.engine.stage import Outlet, Stage
from semradio.blocks.engine.target import Target
from semradio.blocks.errors import SemradioError

DEFAULT_CHUNK = 64
"""Items that a source emits per step where nobody says otherwise."""

GRID_ROOM = 16
"""Steps of the grid that an edge from another process holds at least, where streams are cut at a
grid: one branch of a fork may wait for whole steps while the other one goes on."""

GRID_ROOM_HERE = 4
"""The same within a process: both ends take turns, and what waits has to be saved."""


@dataclass(slots=True)
class Wire:
    """An edge between two blocks that run here."""

    source: str
    output: str
    target: str
    input: str
    capacity: float = float("inf")
    policy: Policy = "block"


@dataclass(slots=True)
class Carried:
    """What an edge has carried so far."""

    items: int
    dropped: int
    messages: int


class Weave:
    """Blocks and edges, as chains in an order in which they can be stepped.

    Args:
        blocks: by name, each after those that feed it; their item types are resolved.
        wires: the edges among them.
        queues: queues that are filled from elsewhere, by (block, input).
        targets: receivers elsewhere, by (block, output).
        chunk: items that a source makes per pass.
        inbox: what others have asked for; bursts of passes end when something waits there.
        grid: where given, streams into blocks whose last digits show how they were cut are cut at
            multiples of so many items.

    Raises:
        SemradioError: a block is of no kind.
    """

    def __init__(
        self,
        blocks: Mapping[str, Block],
        wires: Iterable[Wire] = (),
        queues: Mapping[tuple[str, str], Queue] | None = None,
        targets: Mapping[tuple[str, str], Sequence[Target]] | None = None,
        chunk: int = DEFAULT_CHUNK,
        inbox: Sequence[Any] = (),
        grid: int | None = None,
    ) -> None:
        self.chains: list[Chain] = []
        self.place: dict[str, tuple[Chain, Stage]] = {}
        """Where each block runs."""
        self.queues = dict(queues or {})
        self._chunk = chunk
        self._inbox = inbox
        self._grid = grid
        into: dict[str, dict[str, Wire]] = {name: {} for name in blocks}
        for wire in wires:
            into[wire.target][wire.input] = wire
        for name, block in blocks.items():
            self._take_in(name, block, into[name])
            chain, stage = self.place[name]
            for outlet in stage.outlets:
                for target in (targets or {}).get((name, outlet.name), ()):
                    chain.feed(outlet, target)

    def _take_in(self, name: str, block: Block, into: Mapping[str, Wire]) -> None:
        home = self._home(block, into)
        if home is not None:
            feeds: dict[str, Outlet | int] = {
                port: self._outlet(into[port]) for port in block.inputs if port in into
            }
            self.place[name] = home, home.add(block, feeds)
            self._cut_evenly(home, block)
            return
        for port, wire in into.items():
            room = wire.capacity
            if self._grid is not None and wire.policy == "block":
                room = max(room, GRID_ROOM_HERE * self._grid)
            queue = Queue(block.input_types[port], room, wire.policy)
            chain, _ = self.place[wire.source]
            chain.feed(self._outlet(wire), queue)
            self.queues[name, port] = queue
        connected = {
            port: self.queues[name, port] for port in block.inputs if (name, port) in self.queues
        }
        self.place[name] = self._begin(block, connected)
        self._cut_evenly(self.place[name][0], block)

    def _cut_evenly(self, chain: Chain, block: Block) -> None:
        """Let a chain take its items at the grid, where a block of it shows how they were cut."""
        if self._grid is not None and block.cut_shows and isinstance(chain.intake, QueueIntake):
            chain.intake.cut_at(self._grid)

    def _home(self, block: Block, into: Mapping[str, Wire]) -> Chain | None:
        """Return the chain that a block can be appended to; None if it needs one of its own."""
        if not isinstance(block, SyncBlock) or block.waits or not into:
            return None
        if len(into) < len(block.input_types):
            return None
        homes = {id(self.place[wire.source][0]): wire for wire in into.values()}
        if len(homes) != 1 or any(wire.policy != "block" for wire in into.values()):
            return None
        chain, _ = self.place[next(iter(homes.values())).source]
        converts = chain.head is not None and bool(chain.intake.queues)
        if self._grid is not None and converts and block.cut_shows:
            # Behind a queue it is cut where the grid says, whatever its source gives at once.
            return None
        # Several outputs of a block that converts may give different numbers of items.
        even = chain.head is None or not chain.intake.queues or len(chain.head.outlets) == 1
        return chain if even else None

    def _outlet(self, wire: Wire) -> Outlet:
        _, stage = self.place[wire.source]
        return next(outlet for outlet in stage.outlets if outlet.name == wire.output)

    def _begin(self, block: Block, queues: Mapping[str, Queue]) -> tuple[Chain, Stage]:
        """Make a chain that begins with a block."""
        if isinstance(block, SyncBlock):
            intake = QueueIntake(list(queues.values()), aligns=block.aligns)
            chain = Chain(intake, len(queues), inbox=self._inbox)
            stage = chain.add(block, {port: slot for slot, port in enumerate(queues)})
        else:
            stage = Stage(block, list(queues), range(len(queues)), [None] * len(queues), 0)
            chain = Chain(
                self._intake(block, list(queues.values())), len(stage.outlets), stage, self._inbox
            )
        self.chains.append(chain)
        return chain, stage

    def _intake(self, block: Block, queues: Sequence[Queue]) -> Intake:
        if isinstance(block, Source):
            return SourceIntake(block, self._chunk)
        if isinstance(block, RateBlock):
            return RateIntake(block, queues)
        if isinstance(block, StreamBlock):
            return StreamIntake(block, queues)
        raise SemradioError(
            f"block type '{block.block_type}' derives from no kind of block: "
            "use Source, SyncBlock, RateBlock, StreamBlock or Sink"
        )

    # Counts --------------------------------------------------------------------------------

    def items_in(self, name: str) -> int:
        """Items that a block has worked on."""
        chain, stage = self.place[name]
        return chain.items_in(stage)

    def items_out(self, name: str) -> int:
        """Items that a block has given on its first output."""
        chain, stage = self.place[name]
        return chain.items_out(stage)

    def busy(self, name: str) -> float:
        """Seconds that a block has worked; estimated from samples."""
        chain, stage = self.place[name]
        return chain.busy(stage)

    def carried(self, target: str, port: str) -> Carried:
        """What the edge into an input has carried."""
        queue = self.queues.get((target, port))
        if queue is not None:
            return Carried(queue.at + queue.items, queue.dropped, queue.messages)
        chain, stage = self.place[target]
        return Carried(chain.items_in(stage), 0, chain.passes_of(stage))
