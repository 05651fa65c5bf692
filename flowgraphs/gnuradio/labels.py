"""What blocks and parameters are called in GNU Radio Companion: as people write it."""

from __future__ import annotations

from semradio.blocks.api.parameter import Parameter

_WRITTEN = {
    word.lower(): word
    for word in (
        *("ARN", "AWGN", "CCDF", "CSI", "DC", "EVM", "FFT", "FIR", "FM", "HWM", "IA", "ID"),
        *("IQ", "IRSC", "LMMSE", "MIMO", "ONNX", "PSR", "RMS", "RTL", "SHA512", "SNR", "TCP"),
        *("UDP", "UHD", "URL", "USRP", "ZMQ", "SigMF", "dB", "dBFS", "Doppler", "K", "LOS", "N"),
        *("CRC", "LDPC", "MS", "PHY", "QAM", "ppm", "Rx", "SSIM", "Tx", "UChar", "WAV"),
        *("SDR", "SI"),
    )
}
"""Short forms, and names that are written in their own way."""

_LONG = {"num": "number of", "bw": "bandwidth", "hw": "hardware", "dtype": "item type"}
"""Short words of parameters, in full."""

_SMALL = ("in", "of", "to")

_OF_GNURADIO = frozenset(
    (
        *(
            "add",
            "add_const",
            "bit_interleaver",
            "char_to_float",
            "complex_to_arg",
            "complex_to_float",
        ),
        *(
            "complex_to_imag",
            "complex_to_mag",
            "copy",
            "crc_append",
            "crc_check",
            "dc_blocker",
            "deinterleave",
            "delay",
        ),
        *(
            "fft",
            "file_meta_sink",
            "file_sink",
            "file_source",
            "float_to_char",
            "float_to_complex",
            "float_to_int",
        ),
        *("float_to_short", "float_to_uchar", "fm_deemphasis", "frequency_shift", "head"),
        *(
            "int_to_float",
            "interleave",
            "ldpc_decoder",
            "ldpc_encoder",
            "multiply",
            "multiply_const",
            "noise_source",
        ),
        *("null_sink", "null_source", "power_squelch", "probe_rate", "quadrature_demod"),
        *("rational_resampler", "repeat", "selector", "short_to_float", "signal_source"),
        *("skip_head", "stream_mux", "stream_to_vector", "subtract", "tag_debug", "tcp_sink"),
        *("tcp_source", "throttle", "uchar_to_float", "udp_sink", "udp_source", "vector_sink"),
        *("vector_source", "vector_to_stream", "wav_file_sink", "wav_file_source"),
    )
)
"""Blocks of whose name GNU Radio 3.10 has one of its own; told from it by a word."""

_UNITS = {"ppm": "ppm", "db": "dB", "hz": "Hz", "s": "s", "dbfs": "dBFS"}
"""Unit at the end of a parameter's name, which its label tells in parentheses."""


def block_label(name: str) -> str:
    """Return the label of a block type: ``AWGN Channel``, ``Head (semradio)``."""
    return words_of(name) + (" (semradio)" if name in _OF_GNURADIO else "")


def words_of(name: str) -> str:
    """Return a name as the words of a title: ``mimo_filter`` as ``MIMO Filter``."""
    return " ".join(
        _WRITTEN.get(word) or (word if k and word in _SMALL else word.capitalize())
        for k, word in enumerate(name.split("_"))
    )


def parameter_label(key: str, declared: Parameter) -> str:
    """Return the label of a parameter: ``SNR (dB)``, ``Drop on HWM``."""
    words = key.split("_")
    unit = declared.unit
    if len(words) > 1 and words[-1] in _UNITS and unit in ("", _UNITS[words[-1]]):
        unit = _UNITS[words.pop()]
    text = " ".join(_WRITTEN.get(word) or _LONG.get(word, word) for word in words)
    if words[0] not in _WRITTEN:
        text = text[0].upper() + text[1:]
    return text + (f" ({unit})" if unit and unit.lower() != text.lower() else "")
