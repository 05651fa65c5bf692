"""What looks may cost a process: measured against what its items take otherwise, and kept to."""

from __future__ import annotations

import pytest

from semradio.flowgraphs.runtime import budget


class Process:
    """A process by its figures: time passes when it works, looks or waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cpu = self.now = self.idle = 0.0
        self.items = 0
        monkeypatch.setattr(budget.time, "process_time", lambda: self.cpu)
        self.budget = budget.Budget(lambda: self.items, lambda: self.idle)

    def work(self, items: int, each: float = 1e-5) -> None:
        self.items += items
        self.cpu += items * each
        self.now += items * each

    def wait(self, seconds: float) -> None:
        self.idle += seconds
        self.now += seconds

    def look(self, extra: float) -> None:
        """Look at 100 items, which takes so much longer."""
        self.budget.note(True, self.now)
        self.work(100)
        self.cpu += extra
        self.now += extra
        self.budget.note(False, self.now)


def test_looks_keep_to_their_share_of_a_busy_process(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Process(monkeypatch)
    looked, extra = 0, 0.0005
    process.work(1000)
    while process.now < 60.0:
        if process.now >= process.budget.free_at:
            process.look(extra)
            looked += 1
        process.work(50)
    # Without their items, which take their time anyhow.
    assert process.budget.cost == pytest.approx(extra, rel=0.01)
    assert looked * extra / process.now == pytest.approx(budget.SHARE, rel=0.1)


def test_a_process_that_waits_anyhow_is_looked_at_at_will(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Process(monkeypatch)
    for _ in range(100):
        process.work(800)
        process.wait(0.002)
        process.look(0.001)
    assert process.budget.free_at == 0
    # It has no time to spare any more.
    for _ in range(3):
        process.work(1000)
        process.look(0.001)
    assert process.budget.free_at > process.now


def test_looks_that_cost_nothing_need_no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Process(monkeypatch)
    for _ in range(50):
        process.work(1000)
        process.look(0.0)
    assert process.budget.free_at - process.now < 1e-6


def test_other_blocks_are_counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Process(monkeypatch)
    process.work(1000)
    process.look(0.001)
    cost = process.budget.cost
    process.items += 10**9
    process.budget.restart()
    process.look(0.001)
    process.work(1000)
    process.look(0.001)
    assert 0 < cost < process.budget.cost < 0.01
