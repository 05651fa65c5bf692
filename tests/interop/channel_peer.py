"""GNU Radio's own channels on files of complex64; runs under the Python GNU Radio is made for.

``channel_peer.py JOBS``: a JSON list of objects with ``block``, ``arguments``, ``input``,
``output``. Silence follows each input, so that what waits in buffers comes out. After
``ofdm_front_end`` the file ``output + ".starts"`` has a byte for each sample, 1 at the start of a
packet.
"""

import json
import sys
from pathlib import Path

from gnuradio import analog, blocks, channels, digital, gr

SILENCE = 200_000


def channel_model(noise, frequency, epsilon, taps, seed):
    return channels.channel_model(
        noise, frequency, epsilon, [complex(*tap) for tap in taps], seed, False
    )


class OfdmFrontEnd(gr.hier_block2):
    """What stands before the FFT in GNU Radio's OFDM receivers: Schmidl & Cox, carrier undone."""

    def __init__(self, output, length, prefix, threshold, *channel):
        one = gr.io_signature(1, 1, 8)
        gr.hier_block2.__init__(self, "front end", one, one)
        air = channel_model(*channel)
        sync = digital.ofdm_sync_sc_cfb(length, prefix, False, threshold)
        late = blocks.delay(8, length + prefix)
        turn, product = analog.frequency_modulator_fc(-2.0 / length), blocks.multiply_vcc(1)
        starts = blocks.file_sink(1, output + ".starts")
        self.connect(self, air, late, (product, 0))
        self.connect(air, sync)
        self.connect((sync, 0), turn, (product, 1))
        self.connect((sync, 1), starts)
        self.connect(product, self)


def made(job):
    name, arguments = job["block"], job["arguments"]
    if name == "ofdm_front_end":
        return OfdmFrontEnd(job["output"], *arguments)
    return {"channel_model": channel_model, "iqbal_gen": channels.iqbal_gen}[name](*arguments)


for job in json.loads(Path(sys.argv[1]).read_text()):
    tb = gr.top_block()
    source = blocks.file_source(8, job["input"], False)
    nothing, silence = blocks.null_source(8), blocks.head(8, SILENCE)
    both = blocks.stream_mux(8, [Path(job["input"]).stat().st_size // 8, SILENCE])
    channel = made(job)
    sink = blocks.file_sink(8, job["output"])
    tb.connect(source, (both, 0))
    tb.connect(nothing, silence, (both, 1))
    tb.connect(both, channel, sink)
    tb.run()
print("done", flush=True)
