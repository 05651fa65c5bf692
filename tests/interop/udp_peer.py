"""GNU Radio's UDP blocks; runs under GNU Radio's Python: send|receive PORT HEADER ITEMS FILE."""

import sys
import time

import numpy as np
from gnuradio import blocks, gr, network

what, port, header, items, file = sys.argv[1:]
port, items = int(port), int(items)
kind = {"none": 0, "seq": 1, "seq_size": 2}[header]
tb = gr.top_block()
if what == "send":
    source = blocks.vector_source_f(np.arange(items, dtype=np.float32).tolist())
    pace = blocks.throttle(4, 200_000)
    tb.connect(source, pace, network.udp_sink(4, 1, "127.0.0.1", port, kind, 1472, True))
    tb.run()
else:
    sink = blocks.vector_sink_f()
    tb.connect(network.udp_source(4, 1, port, kind, 1472, False, False, False), sink)
    tb.start()
    print("ready", flush=True)
    deadline = time.monotonic() + 120
    while len(sink.data()) < items and time.monotonic() < deadline:
        time.sleep(0.05)
    np.save(file, np.array(sink.data(), np.float32))
    tb.stop()
    tb.wait()
