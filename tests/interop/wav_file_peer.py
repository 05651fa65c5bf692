"""GNU Radio's own WAV blocks: ``write FOLDER`` or ``read FOLDER``; runs under its Python."""

import sys
from pathlib import Path

import numpy as np
from gnuradio import blocks, gr

FORMATS = {
    "u8": blocks.FORMAT_PCM_U8,
    "s16": blocks.FORMAT_PCM_16,
    "s24": blocks.FORMAT_PCM_24,
    "s32": blocks.FORMAT_PCM_32,
    "f32": blocks.FORMAT_FLOAT,
    "f64": blocks.FORMAT_DOUBLE,
}

what, folder = sys.argv[1], Path(sys.argv[2])
sound = np.load(folder / "sound.npy")
for name, form in FORMATS.items():
    tb = gr.top_block()
    if what == "write":
        sink = blocks.wavfile_sink(
            str(folder / f"theirs_{name}.wav"), 2, 8000, blocks.FORMAT_WAV, form, False
        )
        for k in range(2):
            tb.connect(blocks.vector_source_f(sound[:, k].tolist()), (sink, k))
        tb.run()
        continue
    source = blocks.wavfile_source(str(folder / f"ours_{name}.wav"), False)
    sinks = [blocks.vector_sink_f() for _ in range(2)]
    for k, sink in enumerate(sinks):
        tb.connect((source, k), sink)
    tb.run()
    np.save(folder / f"read_{name}.npy", np.float32([sink.data() for sink in sinks]))
