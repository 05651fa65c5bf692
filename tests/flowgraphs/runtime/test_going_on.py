"""Shares of a flowgraph that die and go on, all in this process: any of them, at any moment."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq

from semradio.blocks.api import Tag
from semradio.blocks.engine import source_intake
from semradio.blocks.gnuradio import stream_header
from semradio.blocks.neural.model_file import find_model
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.plan import Plan
from semradio.flowgraphs.runtime import scheduler
from semradio.flowgraphs.runtime import share as share_module
from semradio.flowgraphs.runtime.change import Taken
from semradio.flowgraphs.runtime.failure import RunError
from semradio.flowgraphs.runtime.recovery import resuming
from semradio.flowgraphs.runtime.recovery.recorder import Recorder
from semradio.flowgraphs.runtime.recovery.settings import Recovery
from semradio.flowgraphs.runtime.share import Share
from semradio.flowgraphs.runtime.watch import joined

BLOCKS = Path(__file__).with_name("blocks_for_tests.py")

EVERY_S = 0.002


@pytest.fixture(autouse=True)
def nobody_waits_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take turns: while one waits, the others stand still."""
    monkeypatch.setattr(source_intake, "BURST", 1)
    monkeypatch.setattr(scheduler, "_TICK", 0.0005)
    monkeypatch.setattr(share_module, "GREET_S", 0.02)
    monkeypatch.setattr(resuming, "_POLL_MS", 1)


class World:
    """The processes of a flowgraph as shares that take turns.

    Args:
        text: the flowgraph. folder: for sockets and checkpoints.
        order: its processes, each before those that it sends to.
    """

    def __init__(self, text: str, folder: Path, order: Sequence[str], chunk: int = 16) -> None:
        self.text = text
        self.folder = folder
        self.order = list(order)
        self.chunk = chunk
        self.shares: dict[str, Share] = {}
        self.starting: dict[str, Share] = {}
        self.done: dict[str, dict[str, Any]] = {}
        self.kills = 0
        self.endpoints = {name: f"ipc://{folder}/{k}" for k, name in enumerate(order)}
        # Those that receive say where they are before those that send go on.
        self.start(reversed(self.order))

    def plan(self) -> Plan:
        return Flowgraph.load(self.text, allow_code=True).plan

    def start(self, names: Iterable[str]) -> None:
        made = {}
        for name in names:
            flowgraph = Flowgraph.load(self.text, allow_code=True)
            graph = flowgraph.check()
            part = Graph.part(graph.plan, graph.plan.processes[name].blocks, graph.edge_types)
            recovery = Recovery(str(self.folder / "state" / name), EVERY_S, ended=list(self.done))
            share = Share(part, name, self.chunk, recovery=recovery)
            share.bind(self.endpoints[name])
            share.connect(self.endpoints)
            made[name] = share
        self.starting = made
        try:
            for name, share in list(made.items()):
                share.start(self.turn)
                self.shares[name] = made.pop(name)
        except BaseException:
            for share in made.values():
                share.close(failed=True)
            self.close()
            raise

    def turn(self) -> None:
        """Let every share do a little."""
        for name, share in list(self.shares.items()):
            if name not in self.done and share.run_for(0.0):
                share.stop_blocks()
                self.done[name] = share.report()
                share.close()
                del self.shares[name]
                for other in {**self.shares, **self.starting}.values():
                    other.note_end(name)

    def kill(self, *names: str) -> None:
        """End shares as a kill does: nothing is flushed, nobody is told; and start them again."""
        victims = [name for name in self.order if name in names and name in self.shares]
        for name in victims:
            self.kills += 1
            share = self.shares.pop(name)
            assert share.recorder is not None
            share.recorder.close()
            share.recorder = None
            share.close(failed=True)
        self.start(reversed(victims))

    def run(self, at_turns: Mapping[int, Sequence[str]]) -> dict[str, Any]:
        """Run to the end, with kills after so many turns; returns the results by block."""
        turns = 0
        # So long as the disk may take for checkpoints; the shares turn faster than it, or not.
        deadline = time.monotonic() + 240
        while len(self.done) < len(self.order):
            self.turn()
            turns += 1
            assert time.monotonic() < deadline, f"it does not come to an end: {self.standing()}"
            if turns in at_turns:
                self.kill(*at_turns[turns])
        return {
            block: found
            for report in self.done.values()
            for block, found in report["results"].items()
        }

    def standing(self) -> str:
        """How far the shares are that have not ended."""
        lines = []
        for name, share in self.shares.items():
            assert share.recorder is not None
            lines.append(f"{name}: complete {share.recorder.complete}, {share.places()}")
            lines += [
                f"  takes {k}: {r.received} of which {r.taken}, {r.durable}, ended {r.finished}"
                for k, r in share.receivers.items()
            ]
            lines += [
                f"  gives {k}: {s.given}, sent {s.sent}, acknowledged {s.acknowledged}, limit "
                f"{s.limit}, ending {s.ending} {s.end_sent} {s.done}, reachable {s.reachable}"
                for k, s in share.senders.items()
            ]
        return "\n".join(lines)

    def close(self) -> None:
        for share in self.shares.values():
            share.close(failed=True)


def whole(text: str, chunk: int = 16) -> dict[str, Any]:
    """The results of the same flowgraph in one process, undisturbed."""
    return Flowgraph.load(text, allow_code=True).run(processes=False, chunk=chunk).results


def recovered(
    text: str, order: Sequence[str], at_turns: Mapping[int, Sequence[str]], chunk: int = 16
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        world = World(text, Path(folder), order, chunk)
        try:
            return world.run(at_turns)
        finally:
            world.close()


PIPE_ORDER = ["one", "two", "three", "four"]


@pytest.mark.parametrize("victims", [["one"], ["two"], ["three"], ["four"], ["two", "three"]])
def test_a_process_that_dies_changes_nothing(pipe: str, victims: list[str]) -> None:
    at_turns = dict.fromkeys((3, 20, 45, 46, 90), victims)
    assert recovered(pipe, PIPE_ORDER, at_turns) == whole(pipe)


def test_all_of_them_at_once(pipe: str) -> None:
    assert recovered(pipe, PIPE_ORDER, {30: PIPE_ORDER, 60: PIPE_ORDER}) == whole(pipe)


# Random graphs -----------------------------------------------------------------------------

STEPS: list[Callable[[int], str]] = [
    lambda k: f"{{block: awgn_channel, snr_db: {k}, seed: {k}}}",
    lambda k: "{block: multiply_const, constant: 0.5}",
    lambda k: f"{{block: delay, items: {k}}}",
    lambda k: f"{{block: skip_head, items: {k}}}",
]


def graph_of(draw: random.Random) -> tuple[str, list[str]]:
    """Return a random flowgraph, without circles between its processes, and their order."""
    count = draw.randint(2, 4)
    names = [f"p{k}" for k in range(count)]
    blocks = {"source": f"{{block: count_source, items: {draw.randint(0, 400)}}}"}
    homes: dict[str, list[str]] = {name: [] for name in names}
    homes["p0"].append("source")
    at = {"source": 0}
    wires = []
    for k in range(draw.randint(1, 6)):
        name, feeder = f"b{k}", draw.choice(list(at))
        place = draw.randint(at[feeder], count - 1)
        other = draw.choice([other for other in at if at[other] <= place])
        if draw.random() < 0.3 and other != feeder:
            blocks[name] = "{block: add}"
            wires += [f"{feeder} -> {name}.x[0]", f"{other} -> {name}.x[1]"]
        else:
            blocks[name] = draw.choice(STEPS)(draw.randint(1, 9))
            wires.append(f"{feeder} -> {name}")
        at[name] = place
        homes[names[place]].append(name)
    for k, feeder in enumerate(list(at)):
        name, place = f"s{k}", draw.randint(at[feeder], count - 1)
        blocks[name] = "{block: digest_sink}"
        wires.append(f"{feeder} -> {name}")
        homes[names[place]].append(name)
    used = [name for name in names if homes[name]]
    lines = [
        "flowgraph: random",
        f"code: [{BLOCKS}]",
        "blocks:",
        *(f"  {name}: {text}" for name, text in blocks.items()),
        "connections:",
        *(f"  - {wire}" for wire in wires),
        "processes:",
        *(f"  {name}: [{', '.join(homes[name])}]" for name in used),
    ]
    return "\n".join(lines) + "\n", used


@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_and_kills(seed: int) -> None:
    draw = random.Random(seed)
    text, order = graph_of(draw)
    at_turns = {
        draw.randint(1, 40): draw.sample(order, draw.randint(1, len(order)))
        for _ in range(draw.randint(1, 6))
    }
    assert recovered(text, order, at_turns) == whole(text)


# Damage, and what has changed --------------------------------------------------------------


def broken_off(text: str, folder: Path, order: Sequence[str], turns: int) -> None:
    """Run for some turns, and then have everything die for good."""
    world = World(text, folder, order)
    for _ in range(turns):
        world.turn()
    for share in world.shares.values():
        assert share.recorder is not None
        share.recorder.close()
        share.recorder = None
        share.close(failed=True)


def checkpoints(folder: Path, process: str) -> list[Path]:
    return sorted((folder / "state" / process).glob("*.checkpoint"))


def test_a_damaged_checkpoint_is_named_and_the_one_before_used(
    pipe: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken_off(pipe, tmp_path, PIPE_ORDER, 60)
    newest = checkpoints(tmp_path, "four")[-1]
    newest.write_bytes(newest.read_bytes()[:-3])
    world = World(pipe, tmp_path, PIPE_ORDER)
    try:
        assert f"{newest} is damaged" in caplog.text
        assert world.run({}) == whole(pipe)
    finally:
        world.close()


def test_without_any_that_can_be_used_it_says_so(pipe: str, tmp_path: Path) -> None:
    broken_off(pipe, tmp_path, PIPE_ORDER, 60)
    for path in checkpoints(tmp_path, "four"):
        path.write_bytes(b"nonsense")
    with pytest.raises(RunError, match=r"no checkpoint in .*four can be used \(.*is no checkpoint"):
        World(pipe, tmp_path, PIPE_ORDER)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("items: 1000", "items: 999", "variable 'items' was 1000, now it is 999"),
        ("snr_db: 10", "snr_db: 11", "parameter air.snr_db was 10, now it is 11"),
        ("block: vector_to_stream", "block: copy", "block 'flat' was 'vector_to_stream', now"),
    ],
)
def test_a_changed_file_is_refused_with_the_difference(
    pipe: str, tmp_path: Path, old: str, new: str, told: str
) -> None:
    broken_off(pipe, tmp_path, PIPE_ORDER, 30)
    if "copy" in new:
        pipe = pipe.replace("block: stream_to_vector, length: 5", "block: copy")
    with pytest.raises(RunError) as caught:
        World(pipe.replace(old, new), tmp_path, PIPE_ORDER)
    assert told in str(caught.value)
    assert "name an empty folder" in str(caught.value)


def test_a_changed_model_is_refused_by_name(tmp_path: Path) -> None:
    model = tmp_path / "encoder.onnx"
    model.write_bytes(find_model("arn/encoder").read_bytes())
    text = f"""
flowgraph: modelled
code: [{BLOCKS}]
blocks:
  source: {{block: null_source, type: "uint8[28,28]", items: 400}}
  encoder: {{block: semantic_encoder, model: "{model}"}}
  sink: {{block: digest_sink}}
connections: [source -> encoder -> sink]
processes: {{alice: [source, encoder], bob: [sink]}}
"""
    broken_off(text, tmp_path, ["alice", "bob"], 20)
    model.write_bytes(find_model("keyed/encoder").read_bytes())
    with pytest.raises(RunError, match=f"file {model} of block 'encoder' was changed"):
        World(text, tmp_path, ["alice", "bob"])


# Blocks that face the world ----------------------------------------------------------------


@pytest.mark.parametrize("victims", [[["one"]], [["one"], ["one", "two"], ["two"]]])
def test_a_stream_of_the_world_goes_on_with_a_gap_that_is_counted(
    victims: list[list[str]], tmp_path: Path
) -> None:
    """Wherever a number is missing a tag says so; after one death, how many, and nowhere else."""
    text = f"""
flowgraph: heard
code: [{BLOCKS}]
blocks:
  peer: {{block: zeromq_pull_source, address: "ipc://{tmp_path}/peer", type: float32,
          pass_tags: true, end_tag: last}}
  half: {{block: multiply_const, constant: 0.5}}
  raw:  {{block: file_sink, file: "{tmp_path}/raw"}}
  tags: {{block: digest_sink}}
connections: [peer -> half -> raw, half -> tags]
processes: {{one: [peer], two: [half], three: [raw, tags]}}
"""
    context = zmq.Context()
    peer = context.socket(zmq.PUSH)
    peer.bind(f"ipc://{tmp_path}/peer")
    draw, sent, turns, kills, had = random.Random(1), 0, 0, 0, 0
    world = World(text, tmp_path, ["one", "two", "three"])
    three = world.shares["three"].receivers[1]
    try:
        while world.shares:
            count = draw.randrange(1, 30)
            items = np.arange(sent, sent + count, dtype=np.float32)
            ends = kills == len(victims) and three.received > had + 100
            last = [Tag(sent + count - 1, "last", True)] if ends else []
            with suppress(zmq.Again):
                peer.send(stream_header.encode(sent, last) + items.tobytes(), zmq.NOBLOCK)
                sent += count
            world.turn()
            turns += 1
            recorder = world.shares["one"].recorder if "one" in world.shares else None
            known = recorder is not None and all(m.outputs[0] for m in recorder.marks)
            if kills < len(victims) and turns >= 37 * (kills + 1) and known:
                if "one" in victims[kills]:
                    world.shares["one"].stop_blocks()
                    # What a peer sends meanwhile is lost.
                    sent += 50
                # What the second one has had of the former stream, it is not sent of the next.
                had = max(three.received, world.shares["two"].receivers[0].received)
                world.kill(*victims[kills])
                kills += 1
    finally:
        world.close()
        context.destroy(0)
    numbers = 2 * np.fromfile(tmp_path / "raw", np.float32)
    missing = {int(k) + 1: int(numbers[k + 1] - numbers[k]) - 1 for k in range(len(numbers) - 1)}
    results = {b: r for report in world.done.values() for b, r in report["results"].items()}
    told = {index: value for index, key, value in results["tags"]["tags"] if key == "gap"}
    there = {index: count for index, count in missing.items() if count}
    assert there
    assert all(told[index] is None or told[index] >= count for index, count in there.items())
    if len(victims) == 1:
        assert told == there
        assert results["peer"]["lost"] == sum(told.values())


# What is kept ------------------------------------------------------------------------------


def test_what_senders_keep_is_told_and_bounded(
    pipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(share_module, "retained", lambda capacity, item_bytes: 400)
    world = World(pipe, tmp_path, PIPE_ORDER)
    most: dict[str, int] = {}
    try:
        while world.shares:
            world.turn()
            for edge in joined(s.standing(None) for s in world.shares.values())[2]:
                if edge.kept_most is not None:
                    assert edge.kept <= edge.kept_most == 400
                    most[edge.label] = max(most.get(edge.label, 0), edge.kept)
    finally:
        world.close()
    assert len(most) == 5
    assert min(most.values()) > 0


def test_a_disk_that_is_slower_than_the_stream_holds_nothing_up_for_good(
    pipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that senders may keep passes within one checkpoint: no item comes to cause another."""
    monkeypatch.setattr(share_module, "retained", lambda capacity, item_bytes: 400)
    write = Recorder._write

    def slowly(recorder: Recorder, job: Any) -> Any:
        # Not a wait for anything: so long does the disk take here.
        time.sleep(0.1)
        return write(recorder, job)

    monkeypatch.setattr(Recorder, "_write", slowly)
    world = World(pipe, tmp_path, PIPE_ORDER)
    try:
        results = world.run({})
    finally:
        world.close()
    assert results == whole(pipe)


# Live changes ------------------------------------------------------------------------------


def test_live_changes_are_repeated_at_their_items(pipe: str, tmp_path: Path) -> None:
    """A kill behind a change: before a checkpoint had it, and after."""
    world = World(pipe, tmp_path, PIPE_ORDER)
    taken: list[Taken] = []
    try:
        for turn in range(200):
            if not world.shares:
                break
            world.turn()
            if turn in (8, 9, 14) and "two" in world.shares:
                share = world.shares["two"]
                share.on_taken = taken.append
                share.change({"double": {"constant": float(turn)}, "air": {"snr_db": turn}})
                share.run_for(0.0)
                world.kill("two")
        results = world.run({})
    finally:
        world.close()
    assert len(taken) >= 2
    flowgraph = Flowgraph.load(pipe, allow_code=True)
    share = Share(flowgraph.check(), chunk=16)
    share.plan_changes(taken)
    share.start()
    share.run()
    assert {n: b.results() for n, b in share.graph.blocks.items() if b.results()} == results
