"""GNU Radio's own conversions of the arrays of a file; runs under GNU Radio's Python."""

import sys

import numpy as np
from gnuradio import blocks, gr

given, out = sys.argv[1:]
x = dict(np.load(given))


def through(source, block, sink):
    tb = gr.top_block()
    tb.connect(source, block, sink)
    tb.run()
    return np.array(sink.data())


def c():
    return blocks.vector_source_c(x["iq"].tolist())


def f():
    return blocks.vector_source_f(x["reals"].tolist())


def s(name, make):
    return make(x[name].tolist())


f_sink, c_sink, s_sink = blocks.vector_sink_f, blocks.vector_sink_c, blocks.vector_sink_s
b_sink, i_sink = blocks.vector_sink_b, blocks.vector_sink_i
found = {
    "complex_to_float": through(c(), blocks.complex_to_float(), f_sink()),
    "complex_to_imag": through(c(), blocks.complex_to_imag(), f_sink()),
    "complex_to_mag": through(c(), blocks.complex_to_mag(), f_sink()),
    "complex_to_mag_squared": through(c(), blocks.complex_to_mag_squared(), f_sink()),
    "complex_to_arg": through(c(), blocks.complex_to_arg(), f_sink()),
    "float_to_short": through(f(), blocks.float_to_short(1, 2e4), s_sink()),
    "float_to_char": through(f(), blocks.float_to_char(1, 60), b_sink()).astype(np.uint8),
    "float_to_uchar": through(
        blocks.vector_source_f((x["reals"] * np.float32(60) + np.float32(127.5)).tolist()),
        blocks.float_to_uchar(),
        b_sink(),
    ),
    "float_to_int": through(f(), blocks.float_to_int(1, 1e6), i_sink()),
    "short_to_float": through(
        s("shorts", blocks.vector_source_s), blocks.short_to_float(1, 300), f_sink()
    ),
    "int_to_float": through(
        s("ints", blocks.vector_source_i), blocks.int_to_float(1, 300), f_sink()
    ),
    "char_to_float": through(
        s("bytes", blocks.vector_source_b), blocks.char_to_float(1, 30), f_sink()
    ),
    "interleaved_short_to_complex": through(
        s("shorts", blocks.vector_source_s),
        blocks.interleaved_short_to_complex(False, False, 300),
        c_sink(),
    ),
    "interleaved_char_to_complex": through(
        s("bytes", blocks.vector_source_b), blocks.interleaved_char_to_complex(False, 30), c_sink()
    ),
    "complex_to_interleaved_short": through(
        c(), blocks.complex_to_interleaved_short(False, 2e4), s_sink()
    ),
    "complex_to_interleaved_char": through(
        c(), blocks.complex_to_interleaved_char(False, 60), b_sink()
    ).astype(np.uint8),
}
np.savez(out, **found)
