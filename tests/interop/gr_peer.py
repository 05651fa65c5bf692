"""The GNU Radio side of the tests; runs under the Python that GNU Radio is installed for.

``gr_peer.py send|receive|messages|slow FILE`` does the jobs of a JSON file in one flowgraph. It
says ``ready`` when all sockets are open, begins when it is told to by a line (and ``slow`` looks
for its end after another one), says ``done`` (or the results, as JSON) and goes when its standard
input is closed.
"""

import hashlib
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import pmt
from gnuradio import blocks, gr, zeromq

SOURCES = {
    "complex64": blocks.vector_source_c,
    "float32": blocks.vector_source_f,
    "int16": blocks.vector_source_s,
    "uint8": blocks.vector_source_b,
}
SINKS = {"push": zeromq.push_sink, "pub": zeromq.pub_sink, "rep": zeromq.rep_sink}
RECEIVERS = {"pull": zeromq.pull_source, "sub": zeromq.sub_source, "req": zeromq.req_source}
MESSAGE_SINKS = {
    "push": zeromq.push_msg_sink,
    "pub": zeromq.pub_msg_sink,
    "rep": zeromq.rep_msg_sink,
}
MESSAGE_SOURCES = {
    "pull": zeromq.pull_msg_source,
    "sub": zeromq.sub_msg_source,
    "req": zeromq.req_msg_source,
}


def tag_of(index, key, value):
    tag = gr.tag_t()
    tag.offset, tag.key = index, pmt.intern(key)
    tag.value, tag.srcid = pmt.deserialize_str(bytes.fromhex(value)), pmt.PMT_F
    return tag


def send(tb, job):
    data = np.load(job["data"])
    tags = [tag_of(*tag) for tag in job["tags"]]
    values = data.reshape(-1)
    values = values.tolist() if data.dtype.kind in "iu" else values
    source = SOURCES[job["type"]](values, True, job["vlen"], tags)
    size = data.dtype.itemsize
    head = blocks.head(size * job["vlen"], job["items"])
    rest = (job.get("key", ""), False) if job["pattern"] == "pub" else ()
    make = SINKS[job["pattern"]]
    sink = make(size, job["vlen"], job["address"], 100, job["pass_tags"], -1, *rest)
    if "rate" in job:
        pace = blocks.throttle(size * job["vlen"], job["rate"])
        tb.connect(source, pace, head, sink)
        return [source, pace, head, sink]
    tb.connect(source, head, sink)
    return [source, head, sink]


class Collect(gr.sync_block):
    """Digests the first items of a stream, and keeps their tags."""

    def __init__(self, dtype, vlen, items):
        item = np.dtype(dtype) if vlen == 1 else (np.dtype(dtype), vlen)
        gr.sync_block.__init__(self, name="collect", in_sig=[item], out_sig=None)
        self.left, self.seen, self.tags = items, 0, []
        self.digest = hashlib.sha256()

    def work(self, input_items, output_items):
        x = input_items[0][: self.left]
        n = len(x)
        for tag in self.get_tags_in_window(0, 0, n):
            value = pmt.serialize_str(tag.value).hex()
            self.tags.append([tag.offset, pmt.symbol_to_string(tag.key), value])
        self.digest.update(np.ascontiguousarray(x))
        self.left -= n
        self.seen += n
        return len(input_items[0])

    def result(self):
        return {"items": self.seen, "digest": self.digest.hexdigest(), "tags": self.tags}


def receive(tb, job):
    size = np.dtype(job["type"]).itemsize
    make = RECEIVERS[job["pattern"]]
    source = make(size, job["vlen"], job["address"], 100, job["pass_tags"], -1)
    sink = Collect(job["type"], job["vlen"], job["items"])
    tb.connect(source, sink)
    return [source, sink]


class Gaps(gr.sync_block):
    """Takes its time for a ramp of int32, and looks for what is missing in it."""

    def __init__(self, pause):
        gr.sync_block.__init__(self, name="gaps", in_sig=[np.int32], out_sig=None)
        self.pause, self.seen, self.lost, self.expected = pause, 0, 0, None
        self.heard, self.backwards = None, 0

    def work(self, input_items, output_items):
        x = input_items[0].astype(np.int64)
        steps = np.diff(x, prepend=x[0] if self.expected is None else self.expected - 1) - 1
        self.lost += int(steps[int(self.expected is None) :].sum())
        self.backwards += int((steps[int(self.expected is None) :] < 0).sum())
        self.expected = int(x[-1]) + 1
        self.seen += len(x)
        self.heard = time.monotonic()
        time.sleep(self.pause)
        return len(x)

    @property
    def left(self):
        return self.heard is None or time.monotonic() - self.heard < 3.0

    def result(self):
        counts = {"items": self.seen, "lost": self.lost}
        return counts | {"end": self.expected, "backwards": self.backwards}


def slow(tb, job):
    """A subscriber that is slower than the publisher."""
    source = zeromq.sub_source(4, 1, job["address"], 100, job["pass_tags"], job["hwm"])
    sink = Gaps(job["pause"])
    tb.connect(source, sink)
    return [source, sink]


class Messages(gr.basic_block):
    """Keeps the messages that come in."""

    def __init__(self, count):
        gr.basic_block.__init__(self, name="messages", in_sig=None, out_sig=None)
        self.left, self.found = count, []
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self.take)

    def take(self, message):
        self.found.append(pmt.serialize_str(message).hex())
        self.left -= 1

    def result(self):
        return self.found


def messages(tb, job):
    """A job with ``send`` posts those messages, one with ``count`` receives so many."""
    if "send" in job:
        sink = MESSAGE_SINKS[job["pattern"]](job["address"], 100, True)
        # A block without connections would not run.
        strobe = blocks.message_strobe(pmt.PMT_NIL, 1 << 30)
        tb.msg_connect(strobe, "strobe", sink, "in")
        job["post"] = lambda: [
            sink.to_basic_block()._post(pmt.intern("in"), pmt.deserialize_str(bytes.fromhex(m)))
            for m in job["send"]
        ]
        return [sink, strobe]
    source = MESSAGE_SOURCES[job["pattern"]](job["address"], 100, False)
    sink = Messages(job["count"])
    tb.msg_connect(source, "out", sink, "in")
    return [source, sink]


def main():
    what, file = sys.argv[1:]
    jobs = json.loads(Path(file).read_text())
    tb = gr.top_block()
    make = {"send": send, "receive": receive, "messages": messages, "slow": slow}[what]
    kept = [make(tb, j) for j in jobs]
    print("ready", flush=True)
    sys.stdin.readline()
    tb.start()
    if what == "send":
        tb.wait()
        print("done", flush=True)
    else:
        for job in jobs:
            job.get("post", lambda: None)()
        sinks = [k[-1] for k in kept if hasattr(k[-1], "left")]
        if what == "slow":
            # Who publishes has come to its end: what is silent now has heard all.
            sys.stdin.readline()
        while any(sink.left > 0 for sink in sinks):
            time.sleep(0.02)
        print(json.dumps([sink.result() for sink in sinks]), flush=True)
    sys.stdin.read()
    # Stopping and taking apart a flowgraph whose peers have gone takes seconds.
    os._exit(0)


main()
