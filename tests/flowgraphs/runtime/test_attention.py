"""Requests from another thread in the middle of a fused pass lose no item and repeat none."""

from __future__ import annotations

import sys
import threading
import time

import numpy as np

from semradio.blocks.sinks.null_sink import NullSink
from semradio.blocks.sinks.vector_sink import VectorSink
from semradio.blocks.sources.null_source import NullSource
from semradio.blocks.sources.vector_source import VectorSource
from semradio.blocks.stream.multiply_const import MultiplyConst
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.runtime.share import Share


def test_live_changes_from_another_thread() -> None:
    items = 400_000
    fg = Flowgraph()
    source, sink = NullSource(type="complex64", items=items), NullSink()
    fg.connect(source, fg.add(MultiplyConst(constant=1.0), "gain"), sink)
    fg.connect(source, NullSink())
    share = Share(fg.check(), None, 16)
    share.start()
    stop = threading.Event()
    changes = 0

    def disturb() -> None:
        nonlocal changes
        while not stop.is_set():
            share.change({"gain": {"constant": float(changes)}})
            changes += 1
            time.sleep(0.0002)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        share.run()
    finally:
        stop.set()
        thread.join()
    report = share.report()
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
    share = Share(fg.check(), None, 8)
    share.start()
    done = threading.Event()

    def disturb() -> None:
        number = 1.0
        while not done.is_set():
            share.change({"gain": {"constant": number}})
            number += 1
            time.sleep(0.001)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        share.run()
    finally:
        done.set()
        thread.join()
    # Each value stands for a stretch of the stream, and the stretches follow each other.
    assert len(sink.data) == len(ones)
    assert (np.diff(sink.data) >= 0).all()


def test_changes_without_a_pause_do_not_hold_the_stream_up() -> None:
    items = 2000
    fg = Flowgraph()
    sink = NullSink()
    gain = fg.add(MultiplyConst(constant=1.0), "gain")
    fg.connect(NullSource(type="complex64", items=items), gain, sink)
    share = Share(fg.check(), None, 2)
    share.start()
    stop = threading.Event()

    def disturb() -> None:
        while not stop.is_set():
            share.change({"gain": {"constant": 1.0}}, lambda _: None)

    threads = [threading.Thread(target=disturb) for _ in range(3)]
    before = sys.getswitchinterval()
    # More changes than can be taken arrive while one is.
    sys.setswitchinterval(1e-6)
    for thread in threads:
        thread.start()
    try:
        deadline = time.monotonic() + 120
        while not share.run_for(0.1):
            assert time.monotonic() < deadline, f"only {sink.items} items came through"
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(before)
    assert sink.items == items
