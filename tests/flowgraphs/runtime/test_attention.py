"""Requests from another thread in the middle of a fused pass lose no item and repeat none."""

from __future__ import annotations

import threading
import time

import numpy as np

from semradio.blocks.sinks.null_sink import NullSink
from semradio.blocks.sinks.vector_sink import VectorSink
from semradio.blocks.sources.null_source import NullSource
from semradio.blocks.sources.vector_source import VectorSource
from semradio.blocks.stream.multiply_const import MultiplyConst
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.runtime.process import Process


def test_live_changes_from_another_thread() -> None:
    items = 400_000
    fg = Flowgraph()
    source, sink = NullSource(type="complex64", items=items), NullSink()
    fg.connect(source, fg.add(MultiplyConst(constant=1.0), "gain"), sink)
    fg.connect(source, NullSink())
    process = Process(fg.check(), None, 16)
    process.start()
    stop = threading.Event()
    changes = 0

    def disturb() -> None:
        nonlocal changes
        while not stop.is_set():
            process.change({"gain": {"constant": float(changes)}})
            changes += 1
            time.sleep(0.0002)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        process.run()
    finally:
        stop.set()
        thread.join()
    report = process.report()
    assert changes > 10
    for counts in report["edges"].values():
        assert counts["items"] == items
    assert sink.items == items


def test_changes_cut_the_stream_exactly_where_their_tags_say() -> None:
    fg = Flowgraph()
    ones = np.ones(50_000, np.float32)
    sink = VectorSink(limit=len(ones))
    gain = MultiplyConst(constant=0.0)
    fg.connect(VectorSource(data=ones), fg.add(gain, "gain"), MultiplyConst(constant=1.0), sink)
    process = Process(fg.check(), None, 8)
    process.start()
    done = threading.Event()

    def disturb() -> None:
        number = 1.0
        while not done.is_set():
            process.change({"gain": {"constant": number}})
            number += 1
            time.sleep(0.001)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        process.run()
    finally:
        done.set()
        thread.join()
    # Each value stands for a stretch of the stream, and the stretches follow each other.
    assert len(sink.data) == len(ones)
    assert (np.diff(sink.data) >= 0).all()
