"""Which checkpoint may be acknowledged: the sound rule against the obvious one, in a small model.

Processes in a row, as numbers only: what each has taken and given, what is on its way, its
checkpoints. Anything may happen in any order: a step, a message, a checkpoint, a death.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from semradio.flowgraphs.runtime.recovery.marks import SPARE, Mark, reached, safe, usable

ITEMS = 40


class LostError(Exception):
    """Nobody has the items any more that a process needs."""


@dataclass
class Process:
    """One of a row; it gives what it takes. ``kept`` is the first item that it still could send."""

    place: int
    last: bool
    taken: int = 0
    given: int = 0
    kept: int = 0
    acknowledged: int = 0
    """By its receiver."""
    number: int = 0
    marks: list[Mark] = field(default_factory=list)


class Row:
    """Some processes in a row, the first of which makes the items, the last of which keeps them."""

    def __init__(self, length: int, rule: str, rng: random.Random) -> None:
        self.rule = rule
        self.rng = rng
        self.processes = [Process(k, k == length - 1) for k in range(length)]
        for process in self.processes:
            self.save(process)

    def edges(self, process: Process) -> dict[int, int]:
        return {} if process.last else {process.place: process.acknowledged}

    def work(self, process: Process) -> None:
        """Take items, as far as the one before has given them, and give as many on, or fewer."""
        limit = ITEMS if process.place == 0 else self.processes[process.place - 1].given
        process.taken = self.rng.randint(process.taken, max(limit, process.taken))
        # What it has taken and not given yet is part of its state.
        process.given = self.rng.randint(process.given, process.taken)

    def save(self, process: Process) -> None:
        inputs = {} if process.place == 0 else {process.place - 1: process.taken}
        outputs = {} if process.last else {process.place: process.given}
        process.marks.append(Mark(process.number, inputs, outputs))
        process.number += 1
        self.acknowledge(process)

    def acknowledge(self, process: Process) -> None:
        if self.rule == "sound":
            place = safe(process.marks, self.edges(process))
        else:
            place = max(0, len(process.marks) - 1 - SPARE)
        if place is None or process.place == 0:
            return
        before = self.processes[process.place - 1]
        index = process.marks[place].inputs[before.place]
        before.acknowledged = max(before.acknowledged, index)
        before.kept = max(before.kept, index)
        del process.marks[:place]
        if self.rule == "sound":
            self.acknowledge(before)

    def die(self, victims: list[Process]) -> None:
        """Let some die at once; each goes on from a checkpoint, the last one first."""
        for process in sorted(victims, key=lambda p: -p.place):
            if self.rule == "sound":
                best = usable(process.marks, self.edges(process))
                assert best, "a process must always find a checkpoint"
                mark = best[0]
            else:
                mark = process.marks[-1]
            process.marks = [known for known in process.marks if known.number <= mark.number]
            process.taken = mark.inputs.get(process.place - 1, mark.outputs.get(process.place, 0))
            process.given = mark.outputs.get(process.place, process.taken)
            # What it kept for its receiver died with it.
            process.kept = process.given
        for process in self.processes[1:]:
            before = self.processes[process.place - 1]
            if process.taken < before.kept:
                raise LostError


def run(rule: str, seed: int) -> None:
    """Let things happen; LostError if a process cannot go on."""
    rng = random.Random(seed)
    row = Row(rng.randint(2, 4), rule, rng)
    for _ in range(120):
        process = rng.choice(row.processes)
        what = rng.random()
        if what < 0.5:
            row.work(process)
        elif what < 0.85:
            row.save(process)
        else:
            row.die(rng.sample(row.processes, rng.randint(1, len(row.processes))))


def test_the_rule_loses_nothing_whoever_dies_and_whenever() -> None:
    for seed in range(400):
        run("sound", seed)


def test_what_ones_own_checkpoint_covers_is_not_enough() -> None:
    """What waits in a sender that dies is in no checkpoint of its receiver."""
    lost = 0
    for seed in range(100):
        try:
            run("own", seed)
        except LostError:
            lost += 1
    assert lost > 20


def test_the_one_before_is_kept_in_case_the_newest_is_damaged() -> None:
    marks = [Mark(k, {0: 10 * k}, {1: 10 * k}) for k in range(4)]
    assert safe(marks, {1: 25}) == 1
    assert [mark.number for mark in usable(marks, {1: 25})] == [2, 1, 0]
    assert safe(marks[:1], {1: 25}) is None


@pytest.mark.parametrize(("acknowledged", "so"), [({1: 9}, False), ({1: 10}, True), ({}, True)])
def test_a_receiver_that_wants_no_more_holds_nothing_back(
    acknowledged: dict[int, int], so: bool
) -> None:
    assert reached(Mark(1, {0: 10}, {1: 10}), acknowledged) is so
