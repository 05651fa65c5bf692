"""What a process says last of a stream may be lost on the way: the run ends all the same.

A connection is given up where one of its ends stands still for seconds, with all that is under way
on it. Here the word is not sent in the first place.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.runtime.agreement import agreement
from semradio.flowgraphs.runtime.edges.peers import Peers
from semradio.flowgraphs.runtime.edges.receiver import EdgeReceiver
from semradio.flowgraphs.runtime.share import Share

LINK = """
flowgraph: link
variables: {items: 300}
blocks:
  source: {block: null_source, type: float32, items: "${items}"}
  sink:   {block: signal_power}
  own:    {block: null_source, type: float32}
  last:   {block: signal_power}
connections: [source -> sink, own -> last]
processes: {one: [source], two: [sink, own, last]}
"""
ENDLESS = """
flowgraph: link
blocks:
  source: {block: null_source, type: float32}
  head:   {block: head, items: 300}
  sink:   {block: signal_power}
  own:    {block: null_source, type: float32}
  last:   {block: signal_power}
connections: [source -> head -> sink, own -> last]
processes: {one: [source], two: [head, sink, own, last]}
"""


class Pair:
    """A process that sends and one that receives, which has something else to do as well.

    Args:
        strangers: whether they were started one by one.
    """

    def __init__(self, text: str, folder: Path, *, strangers: bool = False) -> None:
        whole = Flowgraph.load(text).check()
        self.one, self.two = (
            Share(Graph.part(whole.plan, process.blocks, whole.edge_types), name)
            for name, process in whole.plan.processes.items()
        )
        endpoint = self.one.bind(f"ipc://{folder}/one", watch=strangers)
        assert endpoint is not None
        self.two.connect({"one": endpoint})
        self.receiver = self.two.receivers[0]
        self.peers: dict[Share, Peers] = {}
        for share in (self.one, self.two):
            if strangers:
                share.introduce(agreement(whole.plan, str(share.name)))
                self.peers[share] = Peers(share)
            share.start()

    def until(self, happened: Callable[[], bool], *shares: Share) -> None:
        """Let some run until something has happened."""
        deadline = time.monotonic() + 120
        while not happened():
            assert time.monotonic() < deadline
            for share in shares:
                self.runs(share)

    def runs(self, share: Share) -> bool:
        """Let one run for a pass; returns whether it has ended."""
        if share in self.peers:
            self.peers[share].check()
        return share.run_for(0.0)

    def ends(self, share: Share, *others: Share) -> None:
        """Let one run to its end, beside others."""
        self.until(lambda: self.runs(share), *others)

    def close(self) -> None:
        for share in (self.one, self.two):
            if share in self.peers:
                self.peers[share].close()
            share.stop_blocks()
            share.close(failed=True)


@pytest.fixture
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    made = Pair(request.param, tmp_path)
    yield made
    made.close()


@pytest.fixture
def strangers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    made = Pair(request.param, tmp_path, strangers=True)
    yield made
    made.close()


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the receiver says of the end is lost, the first time."""
    found: list[str] = []
    request = EdgeReceiver._request

    def _request(self: EdgeReceiver, credit: int | None = None) -> None:
        if self.finished and not found:
            found.append("answer")
        else:
            request(self, credit)

    def _stop(self: EdgeReceiver) -> None:
        self.finished = self.stopped = True
        self.dismissed = not self.stays
        found.append("stop")

    monkeypatch.setattr(EdgeReceiver, "_request", _request)
    monkeypatch.setattr(EdgeReceiver, "_stop", _stop)
    return found


@pytest.mark.parametrize("pair", [LINK, ENDLESS], indirect=True, ids=["end", "stop"])
def test_it_is_said_again_by_who_goes_on(pair: Pair, lost: list[str]) -> None:
    pair.until(lambda: bool(lost), pair.one, pair.two)
    pair.ends(pair.one, pair.two)
    assert pair.receiver.received >= 300
    assert not pair.two.run_for(0.0)


@pytest.mark.parametrize("pair", [LINK, ENDLESS], indirect=True, ids=["end", "stop"])
def test_who_has_ended_is_not_waited_for(pair: Pair, lost: list[str]) -> None:
    pair.until(lambda: bool(lost), pair.one, pair.two)
    pair.two.stop()
    pair.ends(pair.two)
    pair.two.stop_blocks()
    pair.two.close(failed=True)
    assert not pair.one.run_for(0.0)
    pair.one.note_end("two")
    pair.ends(pair.one)
    (edge,) = pair.one.report()["edges"].values()
    assert edge["sent"] >= pair.receiver.received >= 300


@pytest.mark.parametrize("pair", [LINK], indirect=True)
def test_who_has_ended_is_not_spoken_to(pair: Pair) -> None:
    pair.ends(pair.one, pair.two)
    pair.one.stop_blocks()
    pair.one.close()
    pair.two.note_end("one")
    said: list[int] = []
    pair.receiver.answer = lambda: said.append(1)  # type: ignore[method-assign]
    pair.two.greeted = 0.0
    pair.two.run_for(0.0)
    assert not said
    assert pair.two.greeted > 0.0


@pytest.mark.parametrize("strangers", [LINK, ENDLESS], indirect=True, ids=["end", "stop"])
def test_who_was_started_alone_stays_until_it_was_heard(strangers: Pair, lost: list[str]) -> None:
    one, two = strangers.one, strangers.two
    strangers.until(lambda: bool(lost), one, two)
    two.stop()
    strangers.until(lambda: all(chain.finished for chain in two.weave.chains), two)
    assert not strangers.runs(two)
    strangers.ends(one, two)
    strangers.ends(two)


@pytest.mark.parametrize("strangers", [LINK], indirect=True)
def test_who_was_started_alone_does_not_stay_for_who_has_gone(strangers: Pair) -> None:
    one, two = strangers.one, strangers.two
    strangers.until(lambda: strangers.receiver.received > 0, one, two)
    strangers.peers.pop(one).close()
    one.close(failed=True)
    strangers.until(lambda: strangers.peers[two].upstream[0].gone, two)
    two.stop(alone=True)
    strangers.ends(two)
