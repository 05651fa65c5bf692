"""What is lost between GNU Radio and us is counted exactly, and what does not fit is named."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Peer
from ports import free_port

from semradio.blocks.api import find
from semradio.blocks.gnuradio import pmt
from semradio.blocks.gnuradio.pmt import Pair, PairList
from semradio.blocks.sinks.tag_debug import TagDebug
from semradio.blocks.sinks.vector_sink import VectorSink
from semradio.blocks.sources.vector_source import VectorSource
from semradio.blocks.stream.head import Head
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.runtime.failure import RunError


@pytest.mark.parametrize("pass_tags", [False, True])
def test_slow_subscribers(pass_tags: bool, peer: Callable[..., Peer]) -> None:
    """Each ZMQ SUB Source gets what was sent but for what the sink says it missed."""
    sent = 3_000_000
    address = f"tcp://127.0.0.1:{free_port()}"
    jobs = [
        {"address": address, "pass_tags": pass_tags, "hwm": 2, "pause": pause}
        for pause in (0.004, 0.02)
    ]
    gr = peer("slow", jobs)
    assert gr.line() == "ready"
    gr.begin()
    sink = find("zeromq_pub_sink")(
        address=address, pass_tags=pass_tags, hwm=2, subscribers=2, name="sink", linger=60.0
    )
    graph = Flowgraph("slow")
    graph.connect(VectorSource(data=np.arange(sent, dtype=np.int32)), Head(items=sent), sink)
    told = graph.run(chunk=8192, max_seconds=120).results["sink"]
    gr.begin()
    found = json.loads(gr.line())
    assert told["dropped"] > 0
    assert sum(sent - one["items"] for one in found) == told["dropped"]
    for one in found:
        # What is missing after the last message nobody sees there.
        assert one["backwards"] == 0
        assert one["items"] + one["lost"] == one["end"] <= sent


def sent_by(peer: Callable[..., Peer], folder: Path, data: np.ndarray, **changes: Any) -> Any:
    """A GNU Radio that sends, as a job; it has not begun yet."""
    np.save(folder / "data.npy", data)
    job = {
        "pattern": "push", "type": data.dtype.name, "vlen": 1, "items": len(data),
        "pass_tags": True, "data": str(folder / "data.npy"), "tags": [],
        "address": f"tcp://127.0.0.1:{free_port()}",
    } | changes  # fmt: skip
    gr = peer("send", [job])
    assert gr.line() == "ready"
    return job["address"], gr


def run(source: Any, gr: Peer) -> dict[str, Any]:
    """Run a source, and let GNU Radio begin when our socket is open."""
    graph = Flowgraph("losses")
    graph.connect(source, VectorSink(limit=10, name="sink"))
    begin = gr.begin_when_heard(source.address)
    return dict(graph.run(max_seconds=120, on_progress=begin).results)


def test_another_vector_length(peer: Callable[..., Peer], tmp_path: Path) -> None:
    data = np.zeros((6000, 23), np.complex64)
    address, gr = sent_by(peer, tmp_path, data, vlen=23)
    source = find("zeromq_pull_source")(
        address=address, type="complex64", pass_tags=True, idle_s=5.0, name="source"
    )
    with pytest.raises(RunError, match=r"items of 184 bytes, .* such as complex64\[23\]"):
        run(source, gr)


def test_a_key_that_is_missing_here(peer: Callable[..., Peer], tmp_path: Path) -> None:
    data = np.zeros(5000, np.float32)
    address, gr = sent_by(peer, tmp_path, data, pattern="pub", key="station")
    source = find("zeromq_sub_source")(
        address=address, type="float32", pass_tags=True, idle_s=5.0, name="source"
    )
    with pytest.raises(RunError, match=r"sends a key, 'station', .* set 'key'"):
        run(source, gr)


def test_two_large_items_in_one_message(peer: Callable[..., Peer], tmp_path: Path) -> None:
    length = (8 << 20) // 4
    data = np.zeros((2, length), np.float32)
    data[:, :10] = np.arange(20).reshape(2, 10)
    address, gr = sent_by(peer, tmp_path, data, vlen=length)
    source = find("zeromq_pull_source")(
        address=address, type=f"float32[{length}]", pass_tags=True, items=2, name="source"
    )
    found = run(source, gr)
    assert found["source"]["items"] == 2
    assert [item[:10] for item in found["sink"]["data"]] == data[:, :10].tolist()


COMMANDS = [
    Pair("freq", 1e9),
    Pair({"freq": 2e9, "gain": 10.0}, np.zeros(0, np.uint8)),
    {"gain": 3.0},
]


def test_commands_from_gnuradio(peer: Callable[..., Peer], tmp_path: Path) -> None:
    address = f"ipc://{tmp_path}/x"
    listed = Pair(PairList(["a", "b"]), np.arange(4, dtype=np.uint8))
    sent = [pmt.serialize(m).hex() for m in (*COMMANDS, listed)]
    gr = peer("messages", [{"pattern": "push", "address": address, "send": sent}])
    assert gr.line() == "ready"
    source = find("zeromq_pull_msg_source")(
        address=address, type="uint8", command_items=True, idle_s=4.0, name="source"
    )
    graph = Flowgraph("commands")
    graph.connect(source, TagDebug(name="tags"))
    found = graph.run(max_seconds=120, on_progress=gr.begin_when_heard(address)).results
    assert found["tags"]["tags"] == [
        [0, "message", ["freq", 1e9]],
        [1, "message", [{"freq": 2e9, "gain": 10.0}, ""]],
        [2, "message", {"gain": 3.0}],
        [3, "packet_len", 4],
        [3, "metadata", ["a", "b"]],
    ]
    counts = {k: found["source"][k] for k in ("messages", "items", "commands", "dropped")}
    assert counts == {"messages": 4, "items": 7, "commands": 3, "dropped": 0}


def test_commands_from_gnuradio_count_at_once(peer: Callable[..., Peer], tmp_path: Path) -> None:
    address = f"ipc://{tmp_path}/x"
    sent = [pmt.serialize(m).hex() for m in (Pair("gain", 5.0), {"volume": 1, "gain": "loud"})]
    gr = peer("messages", [{"pattern": "pub", "address": address, "send": sent}])
    assert gr.line() == "ready"
    graph = Flowgraph("commanded")
    amplifier = find("multiply_const")(constant=1.0, name="amplifier")
    graph.connect(
        VectorSource(data=np.ones(100, np.float32), repeat=True),
        find("throttle")(rate=20_000.0),
        amplifier,
    )
    sink = VectorSink(limit=10_000_000, name="sink")
    graph.connect(amplifier, TagDebug(name="tags"))
    graph.connect(amplifier, sink)
    commands = find("zeromq_sub_msg_source")(
        address=address, type="uint8", command_items=True, name="commands"
    )
    control = find("message_control")(targets={"gain": "amplifier.constant"}, name="control")
    graph.connect(commands, control)
    begin = gr.begin_when_heard(address)
    then: int | None = None

    def progress(shown: Any) -> None:
        nonlocal then
        begin(shown)
        if then is None and control.results()["commands"] == 2:
            then = sink.items
        elif then is not None and sink.items > then + 1000:
            # Ctrl-C, once: it has been seen what comes after the commands.
            then = 1 << 60
            signal.raise_signal(signal.SIGINT)

    result = graph.run(max_seconds=120, on_progress=progress)
    assert result.interrupted
    found = result.results
    ((index, key, value),) = found["tags"]["tags"]
    assert (key, value) == ("amplifier.constant", 5.0)
    data = found["sink"]["data"]
    assert 0 < index < len(data) < 10_000_000
    assert data == [1.0] * index + [5.0] * (len(data) - index)
    assert found["control"] == {"commands": 2, "changed": 1, "refused": 1, "ignored": 1}
