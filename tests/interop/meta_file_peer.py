"""Files of GNU Radio's File Meta Sink and Source; runs under GNU Radio's Python.

``FILE KIND DETACHED MOST`` writes one; ``read FILE ITEM_BYTES DETACHED`` reads one: the items go to
``FILE.raw``, their tags to standard output.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pmt
from gnuradio import blocks, gr

if sys.argv[1] == "read":
    file, size, detached = sys.argv[2], int(sys.argv[3]), sys.argv[4] == "1"
    source = blocks.file_meta_source(file, False, detached, file + ".hdr" if detached else "")
    sink = blocks.vector_sink_b(size)
    tb = gr.top_block()
    tb.connect(source, sink)
    tb.run()
    Path(file + ".raw").write_bytes(bytes(sink.data()))
    found = [[t.offset, str(t.key), pmt.to_python(t.value)] for t in sink.tags()]
    print(json.dumps(found))
    sys.exit()

file, kind, detached, most = sys.argv[1:]


def tag(index, key, value):
    found = gr.tag_t()
    found.offset, found.key, found.value, found.srcid = index, pmt.intern(key), value, pmt.PMT_F
    return found


time = pmt.make_tuple(pmt.from_uint64(1_700_000_000), pmt.from_double(0.5))
tags = [
    tag(1000, "rx_rate", pmt.from_double(2e6)),
    tag(1000, "gain", pmt.from_double(3.5)),
    tag(3000, "rx_time", time),
    tag(3000, "rx_freq", pmt.from_double(1e9)),
]
make, size, number, vlen = {
    "complex64": (blocks.vector_source_c, 8, blocks.GR_FILE_FLOAT, 1),
    "float32": (blocks.vector_source_f, 4, blocks.GR_FILE_FLOAT, 1),
    "int16[2]": (blocks.vector_source_s, 4, blocks.GR_FILE_SHORT, 2),
}[kind]
data = (np.arange(5000 * vlen) % 1000).tolist()
extra = pmt.dict_add(pmt.make_dict(), pmt.intern("antenna"), pmt.intern("north"))
is_complex = kind in ("complex64", "int16[2]")
sink = blocks.file_meta_sink(
    size, file, 1e6, 1, number, is_complex, int(most), extra, detached == "1"
)
tb = gr.top_block()
tb.connect(make(data, False, vlen, tags), sink)
tb.run()
sink.close()
