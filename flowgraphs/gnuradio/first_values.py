"""What GNU Radio Companion first shows: values and item types, before the user has said anything.

Those of the blocks for everybody stand here, those of a system's blocks with the system.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from semradio.flowgraphs.systems import systems

_VALUES: Mapping[str, Mapping[str, Any]] = {
    "add_const": {"constant": 1.0},
    "arbitrary_resampler": {"rate": 1.0},
    "cast": {"type": "float32"},
    "constellation_sink": {"file": "constellation.png"},
    "correlate": {"sequence": [1.0, -1.0, 1.0, 1.0]},
    "delay": {"items": 1},
    "file_sink": {"file": "items.f32"},
    "file_source": {"file": "items.f32"},
    "fm_deemphasis": {"sample_rate": 48000.0},
    "frequency_modulator": {"sensitivity": 1.0},
    "frequency_shift": {"frequency": 0.0},
    "head": {"items": 1000},
    "image_sink": {"file": "images.png"},
    "image_source": {"dataset": "mnist"},
    "iq_file_sink": {"file": "recording.cf32"},
    "iq_file_source": {"file": "recording.cf32"},
    "keep_one_in_n": {"n": 2},
    "multiply_const": {"constant": 1.0},
    "rational_resampler": {"interpolation": 1, "decimation": 2},
    "repeat": {"times": 2},
    "rtl_tcp_source": {"frequency": 100e6},
    "sigmf_sink": {"file": "recording"},
    "sigmf_source": {"file": "recording.sigmf-meta"},
    "skip_head": {"items": 1000},
    "spectrum_sink": {"file": "spectrum.png"},
    "stream_mux": {"lengths": [1, 1]},
    "stream_to_vector": {"length": 23},
    "text_sink": {"file": "out.txt"},
    "text_source": {"file": "lines.txt"},
    "throttle": {"rate": 32000.0},
    "time_sink": {"file": "time.png"},
    "uhd_sink": {"rate": 1e6, "frequency": 433.92e6},
    "uhd_source": {"rate": 1e6, "frequency": 433.92e6},
    "vector_source": {"data": [0.0, 1.0, 2.0]},
    "video_sink": {"file": "film.mkv"},
    "video_source": {"file": "film.mkv"},
    "waterfall_sink": {"file": "waterfall.png"},
    "wav_file_sink": {"file": "sound.wav", "rate": 16000},
    "wav_file_source": {"file": "sound.wav"},
}

_TYPES: Mapping[str, Mapping[str, str]] = {
    "image_source": {"image": "uint8[28,28]", "label": "uint8"},
    "video_sink": {"x": "uint8[480,640,3]"},
    "video_source": {"y": "uint8[480,640,3]"},
}


@cache
def first_values() -> dict[str, Mapping[str, Any]]:
    """Return first values of parameters by block type; of others, parameters begin empty."""
    known = dict(_VALUES)
    for system in systems().values():
        for block, values in system.first_values.items():
            known.setdefault(block, values)
    return known


@cache
def first_types() -> dict[str, Mapping[str, str]]:
    """Return item types of ports by block type, where port and block do not say enough."""
    known = dict(_TYPES)
    for system in systems().values():
        for block, types in system.first_types.items():
            known.setdefault(block, types)
    return known
