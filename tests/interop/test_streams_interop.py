"""Streams between GNU Radio's own gr-zeromq blocks and ours: bit for bit, tags included.

All streams of one direction flow at the same time, each through its own sockets.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from conftest import Peer
from ports import free_port

from semradio.blocks.api import Array, Input, Sink, Tag, block, find, registry, state
from semradio.blocks.gnuradio import pmt
from semradio.blocks.sources.vector_source import VectorSource
from semradio.blocks.stream.head import Head
from semradio.flowgraphs import Flowgraph

PERIOD = 99_991
"""Items after which a stream repeats: a prime, so that no message begins where another did."""

VALUES = (1, -(2**40), 2.5, "symbol", True, None, {"a": 1, "b": [1, 2.0]}, b"\0\xff", [1, "x"])


class Job(NamedTuple):
    """One stream."""

    pattern: str
    type: str
    vlen: int
    items: int
    pass_tags: bool

    @property
    def item(self) -> str:
        return self.type if self.vlen == 1 else f"{self.type}[{self.vlen}]"

    @property
    def period(self) -> int:
        return PERIOD if self.vlen == 1 else PERIOD // self.vlen

    def data(self) -> Array:
        """One period of the stream."""
        draw = np.random.default_rng([len(self.type), self.vlen])
        shape = (self.period,) if self.vlen == 1 else (self.period, self.vlen)
        if self.type == "complex64":
            return (draw.standard_normal(shape) + 1j * draw.standard_normal(shape)).astype("c8")
        if self.type == "float32":
            return draw.standard_normal(shape).astype("f4")
        limits = np.iinfo(self.type)
        return draw.integers(limits.min, limits.max, shape, self.type, endpoint=True)

    def tags(self) -> list[Tag]:
        """The tags of one period."""
        if not self.pass_tags:
            return []
        places = np.linspace(0, self.period - 1, 10).astype(int)
        return [Tag(int(i), f"key {k}", VALUES[k % len(VALUES)]) for k, i in enumerate(places)]

    def expected_tags(self) -> list[list[Any]]:
        """All tags of the stream: index, key, bytes of the value."""
        rounds = range(0, self.items, self.period)
        return [
            [start + tag.index, tag.key, pmt.serialize(tag.value).hex()]
            for start in rounds
            for tag in self.tags()
            if start + tag.index < self.items
        ]

    def expected_digest(self) -> str:
        data = self.data()
        digest = hashlib.sha256()
        for start in range(0, self.items, self.period):
            digest.update(data[: self.items - start])
        return digest.hexdigest()

    def __str__(self) -> str:
        return f"{self.pattern}-{self.item}-{self.items}" + ("-tags" if self.pass_tags else "")


JOBS = [Job(pattern, "complex64", 1, 10_000_000, True) for pattern in ("push", "pub", "rep")] + [
    Job(pattern, type, vlen, 120_000 // vlen, tagged)
    for pattern in ("push", "pub", "rep")
    for type, vlen, tagged in (
        ("complex64", 23, True),
        ("float32", 1, False),
        ("float32", 23, True),
        ("int16", 1, True),
        ("int16", 23, False),
        ("uint8", 1, True),
        ("uint8", 23, True),
    )
]

OTHER_END = {"push": "pull", "pub": "sub", "rep": "req"}


@pytest.fixture(scope="module", autouse=True)
def collect() -> Iterator[type[Sink]]:
    """A sink that digests a stream and keeps its tags; known while the tests of a module run."""

    @block("interop_collect", category="sinks")
    class Collect(Sink):
        """Digest a stream. Results: ``items``, ``digest``, ``tags``."""

        x = Input("any[...]", doc="Any stream.")
        listens = ("*",)
        items: int = state(0, doc="Items so far.")
        tags: list[Any] = state(factory=list, doc="Tags so far.")

        def start(self) -> None:
            self.digest = hashlib.sha256()

        def on_tag(self, tag: Tag) -> None:
            self.tags.append([tag.index, tag.key, pmt.serialize(tag.value).hex()])

        def work(self, x: Array, at: int) -> None:
            self.digest.update(np.ascontiguousarray(x))
            self.items += len(x)

        def results(self) -> dict[str, Any]:
            return {"items": self.items, "digest": self.digest.hexdigest(), "tags": self.tags}

    yield Collect
    # Not what has been loaded meanwhile: that is loaded once only.
    del registry._registered["interop_collect"]


@pytest.fixture(scope="module")
def from_gnuradio(
    peer: Callable[..., Peer], collect: type[Sink], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What our sources give of what GNU Radio's sinks send, by job."""
    folder = tmp_path_factory.mktemp("from")
    jobs = [asked(job, k, folder) for k, job in enumerate(JOBS)]
    gr = peer("send", jobs)
    assert gr.line() == "ready"
    graph = Flowgraph("from_gnuradio")
    for k, job in enumerate(JOBS):
        source = find(f"zeromq_{OTHER_END[job.pattern]}_source")(
            address=jobs[k]["address"],
            type=job.item,
            items=job.items,
            pass_tags=job.pass_tags,
            name=f"source_{k}",
        )
        graph.connect(source, collect(name=f"sink_{k}"))
    begin = gr.begin_when_heard(*(job["address"] for job in jobs))
    result = graph.run(chunk=8192, max_seconds=400, on_progress=begin).results
    return {str(job): (result[f"sink_{k}"], result[f"source_{k}"]) for k, job in enumerate(JOBS)}


@pytest.fixture(scope="module")
def to_gnuradio(
    peer: Callable[..., Peer], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What GNU Radio's sources give of what our sinks send, by job."""
    folder = tmp_path_factory.mktemp("to")
    jobs = [
        asked(job, k, folder) | {"pattern": OTHER_END[job.pattern]} for k, job in enumerate(JOBS)
    ]
    gr = peer("receive", jobs)
    assert gr.line() == "ready"
    gr.begin()
    graph = Flowgraph("to_gnuradio")
    for k, job in enumerate(JOBS):
        lossless = {"subscribers": 1, "drop_on_hwm": False} if job.pattern == "pub" else {}
        sink = find(f"zeromq_{job.pattern}_sink")(
            address=jobs[k]["address"], pass_tags=job.pass_tags, name=f"sink_{k}", **lossless
        )
        source = VectorSource(
            data=job.data(), repeat=True, tags=list(job.tags()), name=f"source_{k}"
        )
        graph.connect(source, Head(items=job.items, name=f"head_{k}"), sink)
    result = graph.run(chunk=8192, max_seconds=400).results
    found = json.loads(gr.line())
    return {str(job): (found[k], result[f"sink_{k}"]) for k, job in enumerate(JOBS)}


def asked(job: Job, number: int, folder: Path) -> dict[str, Any]:
    """The job as GNU Radio gets it."""
    data = folder / f"{number}.npy"
    np.save(data, job.data())
    tags = [[tag.index, tag.key, pmt.serialize(tag.value).hex()] for tag in job.tags()]
    address = f"ipc://{folder}/{number}" if number % 2 else f"tcp://127.0.0.1:{free_port()}"
    return {**job._asdict(), "data": str(data), "tags": tags, "address": address}


def check(job: Job, found: dict[str, Any]) -> None:
    assert found["items"] == job.items
    assert found["tags"] == job.expected_tags()
    assert found["digest"] == job.expected_digest()


@pytest.mark.slow
@pytest.mark.parametrize("job", JOBS, ids=str)
def test_from_gnuradio(job: Job, from_gnuradio: dict[str, Any]) -> None:
    found, told = from_gnuradio[str(job)]
    check(job, found)
    assert told["malformed"] == 0
    assert [told.get(key, 0) for key in ("gaps", "lost", "missed", "restarts")] == [0] * 4


@pytest.mark.slow
@pytest.mark.parametrize("job", JOBS, ids=str)
def test_to_gnuradio(job: Job, to_gnuradio: dict[str, Any]) -> None:
    found, told = to_gnuradio[str(job)]
    check(job, found)
    assert (told["items"], told["dropped"]) == (job.items, 0)


def test_there_are_a_thousand_tags_in_ten_million_items() -> None:
    long = [job for job in JOBS if job.items == 10_000_000]
    assert len(long) == 3
    assert all(len(job.expected_tags()) >= 1000 for job in long)
