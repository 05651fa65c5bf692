"""PDUs and other messages between GNU Radio's own gr-zeromq message blocks and ours."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Peer

from semradio.blocks.api import Tag, find
from semradio.blocks.gnuradio import pmt
from semradio.blocks.gnuradio.pmt import Pair
from semradio.blocks.sinks.tag_debug import TagDebug
from semradio.blocks.sinks.vector_sink import VectorSink
from semradio.blocks.sources.vector_source import VectorSource
from semradio.flowgraphs import Flowgraph

OTHER_END = {"push": "pull", "pub": "sub", "rep": "req"}

SAMPLES = np.arange(100, dtype=np.float32)
SIZES = [3, 1, 96]
STARTS = [0, 3, 4]


def messages() -> list[Any]:
    """Three PDUs, and a command before the second."""
    pdus = [
        Pair({"number": k, "rate": 1.5}, SAMPLES[start : start + size])
        for k, (start, size) in enumerate(zip(STARTS, SIZES, strict=True))
    ]
    return [pdus[0], {"freq": 1e9}, *pdus[1:]]


TAGS = [
    tag
    for k, (start, size) in enumerate(zip(STARTS, SIZES, strict=True))
    for tag in (
        *([Tag(start, "message", {"freq": 1e9})] if k == 1 else []),
        Tag(start, "packet_len", size),
        Tag(start, "number", k),
        Tag(start, "rate", 1.5),
    )
]


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("messages")
    return {pattern: f"ipc://{folder}/{pattern}" for pattern in (*OTHER_END, "pull", "sub", "req")}


def test_messages_from_gnuradio(peer: Callable[..., Peer], addresses: dict[str, str]) -> None:
    sent = [pmt.serialize(m).hex() for m in messages()]
    jobs = [
        {"pattern": pattern, "address": addresses[pattern], "send": sent} for pattern in OTHER_END
    ]
    gr = peer("messages", jobs)
    assert gr.line() == "ready"
    graph = Flowgraph("messages")
    for pattern, other in OTHER_END.items():
        source = find(f"zeromq_{other}_msg_source")(
            address=addresses[pattern], type="float32", items=100, name=f"{pattern}_source"
        )
        graph.connect(source, VectorSink(name=f"{pattern}_data"))
        graph.connect(source, TagDebug(name=f"{pattern}_tags"))
    begin = gr.begin_when_heard(*(addresses[pattern] for pattern in OTHER_END))
    found = graph.run(max_seconds=120, on_progress=begin).results
    for pattern in OTHER_END:
        assert found[f"{pattern}_data"]["data"] == SAMPLES.tolist()
        assert found[f"{pattern}_tags"]["tags"] == [list(tag) for tag in TAGS]
        assert found[f"{pattern}_source"]["messages"] == 4


def test_messages_to_gnuradio(peer: Callable[..., Peer], addresses: dict[str, str]) -> None:
    jobs = [
        {"pattern": other, "address": addresses[other], "count": 4} for other in OTHER_END.values()
    ]
    gr = peer("messages", jobs)
    assert gr.line() == "ready"
    gr.begin()
    graph = Flowgraph("messages")
    for pattern, other in OTHER_END.items():
        wait = {"subscribers": 1} if pattern == "pub" else {}
        sink = find(f"zeromq_{pattern}_msg_sink")(
            address=addresses[other], name=f"{pattern}_sink", **wait
        )
        source = VectorSource(data=SAMPLES, tags=list(TAGS), name=f"{pattern}_source")
        graph.connect(source, sink)
    told = graph.run(max_seconds=120).results
    expected = [pmt.serialize(m).hex() for m in messages()]
    assert json.loads(gr.line()) == [expected] * 3
    for pattern in OTHER_END:
        assert told[f"{pattern}_sink"] == {"messages": 4, "items": 100, "dropped": 0}


# Peers that vanish and come back ---------------------------------------------------------------


def job(pattern: str, address: str, data: Path, items: int) -> dict[str, Any]:
    return {
        "pattern": pattern,
        "type": "float32",
        "vlen": 1,
        "items": items,
        "pass_tags": True,
        "data": str(data),
        "tags": [],
        "address": address,
    }


@pytest.mark.parametrize("pattern", ["push", "rep"])
def test_a_sender_that_returns(pattern: str, peer: Callable[..., Peer], tmp_path: Path) -> None:
    data = tmp_path / "data.npy"
    np.save(data, SAMPLES)
    address = f"ipc://{tmp_path}/x"
    asked = [job(pattern, address, data, 1000)]
    senders = [peer("send", asked)]
    assert senders[0].line() == "ready"
    source = find(f"zeromq_{OTHER_END[pattern]}_source")(
        address=address, type="float32", pass_tags=True, items=2000, name="source"
    )
    graph = Flowgraph("returns")
    graph.connect(source, VectorSink(limit=2000, name="sink"))
    senders[0].begin()

    def progress(_: Any) -> None:
        if source.received == 1000 and len(senders) == 1:
            senders[0].kill()
            senders.append(peer("send", asked))
            assert senders[1].line() == "ready"
            senders[1].begin()

    found = graph.run(max_seconds=120, on_progress=progress).results
    assert found["sink"]["data"] == SAMPLES.tolist() * 20
    assert found["source"]["restarts"] == 1
    assert found["source"]["gaps"] == 0


@pytest.mark.parametrize("pattern", ["push", "rep"])
def test_a_receiver_that_returns(pattern: str, peer: Callable[..., Peer], tmp_path: Path) -> None:
    data = tmp_path / "data.npy"
    np.save(data, SAMPLES)
    address = f"ipc://{tmp_path}/x"
    asked = [job(OTHER_END[pattern], address, data, 1000)]
    receivers = [peer("receive", asked)]
    assert receivers[0].line() == "ready"
    receivers[0].begin()
    sink = find(f"zeromq_{pattern}_sink")(address=address, pass_tags=True, name="sink")
    source = VectorSource(data=SAMPLES, repeat=True)
    throttle = find("throttle")(rate=50_000)
    graph = Flowgraph("returns")
    graph.connect(source, throttle, sink)
    heard: list[Any] = []
    sent_before = 0

    def listen() -> None:
        heard.extend(json.loads(receivers[1].line()))
        # Ctrl-C: the streams drain and the run ends.
        signal.raise_signal(signal.SIGINT)

    listener = threading.Thread(target=listen)

    def progress(_: Any) -> None:
        nonlocal sent_before
        if len(receivers) == 1 and sink.sending.items >= 5000:
            heard.extend(json.loads(receivers[0].line()))
            receivers[0].kill()
            receivers.append(peer("receive", asked))
            assert receivers[1].line() == "ready"
            sent_before = sink.sending.items
            receivers[1].begin()
            listener.start()

    result = graph.run(max_seconds=120, on_progress=progress)
    listener.join()
    assert result.interrupted
    assert [found["items"] for found in heard] == [1000, 1000]
    assert result.results["sink"]["items"] > sent_before
