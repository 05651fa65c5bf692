"""semradio's blocks inside GNU Radio; runs under the Python that GNU Radio is installed for.

``native_peer.py FOLDER`` imports the module that 'semradio gnuradio install' wrote into FOLDER,
runs one small flowgraph after the other, and prints what each gave as one line of JSON.
"""

import contextlib
import io
import json
import os
import sys
import threading

import numpy as np
import pmt
from gnuradio import blocks, gr

sys.path.append(sys.argv[1])
import semradio_gnuradio

FLOAT = ("float32", 1)


def tag_of(index, key, value):
    tag = gr.tag_t()
    tag.offset, tag.key, tag.value = index, pmt.intern(key), value
    tag.srcid = pmt.intern("tester")
    return tag


def seen(sink):
    """The tags of one of GNU Radio's vector sinks."""
    return [
        [
            t.offset,
            pmt.symbol_to_string(t.key),
            pmt.write_string(t.value),
            pmt.write_string(t.srcid),
        ]
        for t in sorted(sink.tags(), key=lambda t: t.offset)
    ]


class Chopped(gr.sync_block):
    """Passes items on in pieces of odd sizes."""

    def __init__(self):
        gr.sync_block.__init__(self, name="chopped", in_sig=[np.float32], out_sig=[np.float32])
        self.turn = 0

    def work(self, input_items, output_items):
        self.turn += 1
        n = min(len(output_items[0]), self.turn % 97 + 1)
        output_items[0][:n] = input_items[0][:n]
        return n


def run(*chain):
    graph = gr.top_block()
    graph.connect(*chain)
    graph.run()
    return graph


def ramp(count, tags=()):
    return blocks.vector_source_f(np.arange(count, dtype=np.float32).tolist(), False, 1, list(tags))


def tags_through_blocks():
    """Tags of GNU Radio's through a sync block, a rate block and one with several inputs."""
    tags = [
        tag_of(0, "first", pmt.PMT_NIL),
        tag_of(4_999, "pair", pmt.cons(pmt.intern("a"), pmt.from_complex(1 - 2j))),
        tag_of(9_999, "last", pmt.make_tuple(pmt.from_long(3), pmt.PMT_T)),
    ]
    gain = semradio_gnuradio.make("multiply_const", "gain", {"x": FLOAT}, constant=2.0)
    one = semradio_gnuradio.make("keep_one_in_n", "one", {"x": FLOAT}, n=5)
    both = semradio_gnuradio.make("add", "both", {"x": FLOAT})
    source, chopped = ramp(10_000, tags), Chopped()
    after_gain, after_one, after_both = (blocks.vector_sink_f() for _ in range(3))
    graph = gr.top_block()
    graph.connect(source, chopped, gain, after_gain)
    graph.connect(gain, one, after_one)
    graph.connect(gain, (both, 0))
    graph.connect(chopped, (both, 1))
    graph.connect(both, after_both)
    graph.run()
    return {
        "gain": seen(after_gain),
        "one": seen(after_one),
        "both": seen(after_both),
        "sums": np.array_equal(after_both.data(), 3 * np.arange(10_000)),
        "kept": np.array_equal(after_one.data(), 2 * np.arange(0, 10_000, 5)),
    }


def tags_of_blocks():
    """Tags that a block leaves, and tags that a block reads."""
    tagger = semradio_gnuradio.make("frame_tagger", "tagger", {"x": FLOAT}, length=1_000)
    reader = semradio_gnuradio.make("tag_debug", "reader", {"x": FLOAT})
    sink = blocks.vector_sink_f()
    tags = [tag_of(1_234, "value", pmt.from_complex(1j)), tag_of(1_235, "text", pmt.intern("x"))]
    graph = gr.top_block()
    graph.connect(ramp(3_000, tags), tagger, reader)
    graph.connect(tagger, sink)
    graph.run()
    return {"seen": seen(sink), "read": reader.results()["tags"]}


class Steered(gr.sync_block):
    """A source that changes a live parameter of another block on its way."""

    def __init__(self):
        gr.sync_block.__init__(self, name="steered", in_sig=None, out_sig=[np.float32])
        self.target, self.left, self.refused = None, 30, ""

    def work(self, input_items, output_items):
        self.left -= 1
        if self.left == 15:
            self.target.set_constant(-3.0)
            try:
                self.target.set_constant("x")
            except Exception as error:
                self.refused = f"{type(error).__name__}: {error}"
        if self.left < 0:
            return -1
        output_items[0][:] = 1
        return len(output_items[0])


def live_change():
    source = Steered()
    gain = semradio_gnuradio.make("multiply_const", "gain", {"x": FLOAT}, constant=2.0)
    source.target, sink = gain, blocks.vector_sink_f()
    run(source, gain, sink)
    values = np.array(sink.data())
    return {
        "values": sorted(set(values.tolist())),
        "at": int(np.argmax(values == -3)),
        "after": bool((values[np.argmax(values == -3) :] == -3).all()),
        "tags": seen(sink),
        "refused": source.refused,
        "other_setters": callable(gain.set_max_output_buffer),
    }


def ends():
    """A source that ends, a head that ends an endless one, and what is left of a step."""
    source = semradio_gnuradio.make("vector_source", "source", {"y": FLOAT}, data=[1.0, 2.0, 3.0])
    all_of_it = blocks.vector_sink_f()
    run(source, all_of_it)
    zeros = semradio_gnuradio.make("null_source", "zeros", {"y": ("complex64", [2])})
    head = semradio_gnuradio.make("head", "head", {"x": ("complex64", 2)}, items=12_345)
    sink = semradio_gnuradio.make("null_sink", "sink", {"x": ("complex64", 2)})
    run(zeros, head, sink)
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        pairs = semradio_gnuradio.make("stream_to_vector", "pairs", {"x": FLOAT}, length=4)
        whole = blocks.vector_sink_f(4)
        run(ramp(10), pairs, whole)
    return {
        "source": list(all_of_it.data()),
        "head": sink.results(),
        "whole": len(whole.data()),
        "note": said.getvalue().strip(),
    }


def failure():
    """A block that fails at an item: the flowgraph ends, and the error names both."""
    data = np.ones(23 * 500, np.float32)
    data[23 * 321 + 5] = np.nan
    source = blocks.vector_source_f(data.tolist(), False, 23)
    types = {"x": ("float32", 23), "image": ("uint8", [28, 28])}
    decoder = semradio_gnuradio.make("semantic_decoder", "decoder", types, model="arn/decoder")
    sink = blocks.null_sink(784)
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        run(source, decoder, sink)
    return {"said": said.getvalue().strip(), "error": str(decoder.error)}


def refusals():
    """What cannot be made says why."""
    found = {}
    attempts = {
        "output": lambda: semradio_gnuradio.make(
            "semantic_encoder",
            "encoder",
            {"image": ("uint8", [28, 28]), "x": ("float32", 24)},
            model="arn/encoder",
        ),
        "input": lambda: semradio_gnuradio.make(
            "semantic_encoder", "encoder", {"image": ("float32", 784)}, model="arn/encoder"
        ),
        "parameter": lambda: semradio_gnuradio.make("awgn_channel", "air", {"x": FLOAT}, snr=3),
        "missing": lambda: semradio_gnuradio.make("awgn_channel", "air"),
    }
    for name, attempt in attempts.items():
        try:
            attempt()
        except Exception as error:
            found[name] = f"{type(error).__name__}: {error}"
    return found


def same_noise():
    """The noise of a channel of this name, on vectors, in pieces."""
    types = {"x": ("float32", 23)}
    air = semradio_gnuradio.make("awgn_channel", "air", types, snr_db=3.0, seed=7)
    sink = blocks.vector_sink_f(23)
    run(ramp(2_300), Chopped(), blocks.stream_to_vector(4, 23), air, sink)
    return np.array(sink.data(), np.float32).tobytes().hex()


def optional_ports():
    """A source of which only the first output is connected; a sink without its optional inputs."""
    images = np.arange(20 * 9, dtype=np.uint8).reshape(20, 3, 3)
    np.savez(f"{sys.argv[2]}/images.npz", images=images, labels=np.arange(20))
    types = {"image": ("uint8", [3, 3]), "label": ("uint8", 1)}
    file = f"{sys.argv[2]}/images.npz"
    source = semradio_gnuradio.make("image_source", "source", types, dataset=file)
    sink, labels = blocks.vector_sink_b(9), blocks.vector_sink_b()
    run(source, sink)
    source = semradio_gnuradio.make("image_source", "source", types, dataset=file)
    sheet = f"{sys.argv[2]}/sheet.png"
    types = {key: ("uint8", [3, 3]) for key in ("received", "sent")}
    types |= {"guess": ("float32", 10), "label": ("uint8", 1)}
    drawn = semradio_gnuradio.make("image_sink", "drawn", types, file=sheet)
    graph = gr.top_block()
    graph.connect((source, 0), drawn)
    graph.connect((source, 1), labels)
    graph.run()
    return {
        "images": np.array_equal(np.array(sink.data(), np.uint8), images.reshape(-1)),
        "labels": list(labels.data()),
        "drawn": drawn.results()["images"],
    }


class Twice(gr.hier_block2):
    """A hierarchical block of two of semradio's."""

    def __init__(self):
        size = gr.io_signature(1, 1, gr.sizeof_float)
        gr.hier_block2.__init__(self, "twice", size, size)
        self.first = semradio_gnuradio.make("multiply_const", "first", {"x": FLOAT}, constant=2.0)
        self.second = semradio_gnuradio.make("skip_head", "second", {"x": FLOAT}, items=3)
        self.connect(self, self.first, self.second, self)


def hierarchy():
    """Blocks inside a hierarchical block, of a flowgraph that runs twice."""
    source, twice, sink = ramp(5), Twice(), blocks.vector_sink_f()
    count = semradio_gnuradio.make("null_sink", "count", {"x": FLOAT})
    graph = gr.top_block()
    graph.connect(source, twice, sink)
    graph.connect(source, count)
    found = []
    for _ in range(2):
        source.rewind()
        sink.reset()
        graph.run()
        found.append([list(sink.data()), count.results()["items"]])
    return found


def kept_inputs():
    """Blocks that keep a part of what they got, long after GNU Radio has written over it."""
    from semradio.blocks.api import Input, Output, SyncBlock, block, state

    @block("from_first", category="stream")
    class FromFirst(SyncBlock):
        x = Input("float32")
        y = Output(like="x")
        first: np.ndarray | None = state(None, doc="The first item.")

        def work(self, x, at):
            if self.first is None:
                self.first = x[:1]
            return x - self.first

    count = 100_000
    source = blocks.vector_source_f(np.arange(7, count + 7, dtype=np.float32).tolist())
    minus = semradio_gnuradio.make("from_first", "minus", {"x": FLOAT})
    sink = semradio_gnuradio.make("vector_sink", "sink", {"x": FLOAT})
    differences = blocks.vector_sink_f()
    graph = gr.top_block()
    graph.connect(source, minus, differences)
    graph.connect(source, sink)
    graph.run()
    return [
        np.array_equal(differences.data(), np.arange(count)),
        np.array_equal(sink.block.data, np.arange(7, count + 7)),
    ]


JOBS = (
    tags_through_blocks,
    tags_of_blocks,
    live_change,
    ends,
    failure,
    refusals,
    same_noise,
    optional_ports,
    hierarchy,
    kept_inputs,
)

# A flowgraph that does not end would wait for ever.
watch = threading.Timer(280, os._exit, (3,))
watch.daemon = True
watch.start()
print("found", json.dumps({job.__name__: job() for job in JOBS}))
