"""GNU Radio's own signal processing; runs under the Python that GNU Radio is installed for.

``signal_peer.py FOLDER`` runs one small flowgraph for each job of FOLDER/jobs.json on the inputs
beside it, and writes what each gave: NAME.npy, and the tags of all as tags.json.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pmt
from gnuradio import analog, blocks, channels, digital, fft, filter, gr
from gnuradio.fft import window
from gnuradio.filter import firdes, pfb

WINDOWS = {
    "hamming": window.WIN_HAMMING,
    "hann": window.WIN_HANN,
    "blackman": window.WIN_BLACKMAN,
    "kaiser": window.WIN_KAISER,
}
WAVES = {
    "sine": analog.GR_SIN_WAVE,
    "cosine": analog.GR_COS_WAVE,
    "square": analog.GR_SQR_WAVE,
    "triangle": analog.GR_TRI_WAVE,
    "sawtooth": analog.GR_SAW_WAVE,
    "constant": analog.GR_CONST_WAVE,
}
LETTER = {"complex64": "c", "float32": "f"}


def complex_of(values):
    return [complex(v) for v in values]


def wave(kind, rate, frequency, amplitude, offset, phase, dtype):
    make = getattr(analog, f"sig_source_{LETTER[dtype]}")
    return make(rate, WAVES[kind], frequency, amplitude, offset, phase)


def limited(make, rate, reference, gain, limit):
    block = make(rate, reference, gain)
    block.set_max_gain(limit)
    return block


MAKE = {
    "fir_ccf": filter.fir_filter_ccf,
    "fir_fff": filter.fir_filter_fff,
    "fir_ccc": lambda decimation, taps: filter.fir_filter_ccc(decimation, complex_of(taps)),
    "fir_fcc": lambda decimation, taps: filter.fir_filter_fcc(decimation, complex_of(taps)),
    "fft_ccf": filter.fft_filter_ccf,
    "interp_fir_ccf": filter.interp_fir_filter_ccf,
    "rational": filter.rational_resampler_ccf,
    "rational_taps": filter.rational_resampler_ccf,
    "arbitrary": lambda rate, taps: pfb.arb_resampler_ccf(rate, taps, 64),
    "rotator": blocks.rotator_cc,
    "agc_cc": lambda *args: limited(analog.agc_cc, *args),
    "agc_ff": lambda *args: limited(analog.agc_ff, *args),
    "dc_blocker": filter.dc_blocker_cc,
    "squelch_cc": lambda *a: analog.pwr_squelch_cc(*a, False),
    "squelch_ff": lambda *a: analog.pwr_squelch_ff(*a, False),
    "modulator": analog.frequency_modulator_fc,
    "quadrature_demod": analog.quadrature_demod_cf,
    "deemphasis": analog.fm_deemph,
    "iqbal": lambda gain, phase: channels.iqbal_gen(gain, phase, 1),
    "fft": lambda n, forward, kind, shift: fft.fft_vcc(
        n, forward, window.build(WINDOWS[kind], n, 6.76) if kind else [], shift
    ),
    "repeat": lambda n: blocks.repeat(8, n),
    "conjugate": blocks.conjugate_cc,
    "add_const": lambda c: blocks.add_const_cc(complex(c)),
    "deinterleave": lambda n: blocks.deinterleave(8, n),
    "interleave": lambda n: blocks.interleave(8, n),
    "multiply": blocks.multiply_cc,
    "subtract": blocks.sub_cc,
    "m2m4": lambda alpha: digital.mpsk_snr_est_cc(digital.SNR_EST_M2M4, 1 << 30, alpha),
}


def tag_of(index, key):
    tag = gr.tag_t()
    tag.offset, tag.key, tag.value = index, pmt.intern(key), pmt.PMT_NIL
    return tag


def run(job, folder):
    """Run a job's flowgraph; returns its outputs and the tags of the first."""
    if job["make"] == "firdes":
        kind, *args, name, beta = job["args"]
        return [np.array(getattr(firdes, kind)(*args, WINDOWS[name], beta))], []
    if job["make"] == "rrc":
        return [np.array(firdes.root_raised_cosine(*job["args"]))], []
    graph = gr.top_block()
    if job["make"] == "wave":
        dtype = job["args"][-1]
        sink = getattr(blocks, f"vector_sink_{LETTER[dtype]}")()
        graph.connect(wave(*job["args"]), blocks.head(np.dtype(dtype).itemsize, job["items"]), sink)
        graph.run()
        return [np.array(sink.data())], []
    block = MAKE[job["make"]](*job["args"])
    for k, name in enumerate(job["inputs"]):
        x = np.load(folder / f"{name}.npy")
        vlen = x.shape[1] if x.ndim > 1 else 1
        make = getattr(blocks, f"vector_source_{LETTER[x.dtype.name]}")
        tags = [tag_of(*tag) for tag in job["tags"]] if k == 0 else []
        graph.connect(make(x.reshape(-1).tolist(), False, vlen, tags), (block, k))
    sinks = []
    for k in range(job["outputs"]):
        sinks.append(getattr(blocks, f"vector_sink_{LETTER[job['type']]}")(vlen))
        graph.connect((block, k), sinks[-1])
    graph.run()
    tags = [[t.offset, pmt.symbol_to_string(t.key)] for t in sinks[0].tags()]
    if job["make"] == "m2m4":
        return [np.array([block.snr()])], []
    return [np.array(sink.data()) for sink in sinks], sorted(tags)


def main():
    folder = Path(sys.argv[1])
    tags = {}
    for name, job in json.loads((folder / "jobs.json").read_text()).items():
        outputs, tags[name] = run(job, folder)
        np.savez(folder / f"{name}.npz", *outputs)
    (folder / "tags.json").write_text(json.dumps(tags))


main()
