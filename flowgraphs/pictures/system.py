"""What GNU Radio Companion first shows of the blocks of the links for photographs."""

from __future__ import annotations

from semradio.flowgraphs.systems import System

SYSTEM = System(
    first_values={
        "deepjscc_encoder": {"model": "deepjscc/photo/encoder"},
        "deepjscc_decoder": {"model": "deepjscc/photo/decoder"},
        "image_file_sink": {"folder": "received"},
        "image_codec_encoder": {"bytes": 4096},
        "image_codec_decoder": {"shape": [512, 768, 3]},
        "ldpc_encoder": {"coded_bits": 65536},
        "ldpc_decoder": {"message_size": 4096},
    },
    first_types={
        "deepjscc_encoder": {"image": "uint8[512,768,3]"},
        "deepjscc_decoder": {"y": "complex64[16,64,96]"},
        "image_file_sink": {"x": "uint8[512,768,3]"},
        "image_codec_encoder": {"x": "uint8[512,768,3]"},
        "image_codec_decoder": {"x": "uint8[4096]"},
        "crc_append": {"x": "uint8[4096]"},
        "crc_check": {"x": "uint8[4099]"},
        "ldpc_encoder": {"x": "uint8[4096]"},
        "ldpc_decoder": {"x": "float32[65536]"},
        "qam_mapper": {"x": "uint8[65536]"},
        "qam_demapper": {"x": "complex64[16384]"},
    },
)
