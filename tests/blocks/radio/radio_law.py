"""The blocks of ``radio`` under the stream law: parameters, inputs, and what must come out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from law_case import SUMS, Case, Cases, RunPeer
from law_inputs import AIR, FRAMES, IQ, OTHER
from radio_peers import answering, asking, datagrams, free_address, serving

from semradio.blocks.api import Tag, find

DEVICE = {"args": "driver=standin", "rate": 1e6, "frequency": 1e9}
USRP = {"args": "type=standin", "rate": 1e6, "frequency": 1e9}
STARTED = [Tag(0, "rx_time", [1_700_000_000, 0.25]), Tag(0, "rx_rate", 1e6), Tag(0, "rx_freq", 1e9)]

UDP, TCP_FROM, TCP_TO, RTL_TCP = (free_address() for _ in range(4))
"""Where the peers of blocks that speak UDP and TCP are."""

RTL_BYTES = np.arange(300, dtype=np.uint8)
RTL_GREETING = b"RTL0" + bytes([0, 0, 0, 5, 0, 0, 0, 29])


def prepare(folder: Path, run_peer: RunPeer) -> None:
    """Write the files that are read, and start who is spoken to."""
    IQ.tofile(folder / "iq.cf32")
    marks = [Tag(0, "rx_freq", 1e9), Tag(20, "frame", 1), Tag(60, "gap", 3), Tag(149, "frame", 2)]
    find("sigmf_sink")(file=folder / "iq", sample_rate=1e6)(IQ, tags=marks)
    run_peer(datagrams, UDP, IQ.tobytes())
    run_peer(serving, TCP_FROM, IQ.tobytes())
    run_peer(serving, TCP_TO, None)
    run_peer(serving, RTL_TCP, RTL_GREETING + RTL_BYTES.tobytes())
    run_peer(asking, f"ipc://{folder}/sink")
    run_peer(answering, f"ipc://{folder}/source", IQ)


CASES: Cases = {
    "iq_file_sink": [
        Case({"file": "{tmp}/out.cs16"}, [IQ], {"items": 150}),
        Case({"file": "{tmp}/out.wav", "rate": 1e6, "format": "cf32"}, [IQ], {"clipped": 0}),
    ],
    "iq_file_source": [
        Case({"file": "{tmp}/iq.cf32", "rate": 5.0}, 200, IQ),
        Case({"file": "{tmp}/iq.cf32", "offset": 3, "length": 50, "repeat": True}, 120),
    ],
    "rtl_tcp_source": [
        Case(
            {"address": RTL_TCP, "frequency": 1e8},
            200,
            ((RTL_BYTES - np.float32(127.5)) * np.float32(1 / 127.5)).view(np.complex64),
            {
                "exact": False,
                "expected_tags": [[Tag(0, "rx_rate", 2.4e6), Tag(0, "rx_freq", 1e8)]],
            },
        )
    ],
    "tcp_sink": [Case({"address": TCP_TO}, [IQ], {"items": 150})],
    "tcp_source": [Case({"address": TCP_FROM}, 200, IQ)],
    "udp_sink": [
        Case({"address": "127.0.0.1:9", "header": "seq"}, [IQ], {"items": 150, "packets": 1}),
    ],
    "udp_source": [Case({"address": UDP, "items": 150}, 200, IQ, {"ignore": ["items", "packets"]})],
    "sigmf_sink": [
        Case({"file": "{tmp}/out", "sample_rate": 1e6}, [IQ], {"items": 150, "captures": 1}),
        Case(
            {"file": "{tmp}/out.sigmf", "datatype": "ri16_be", "sample_rate": 1e6},
            [FRAMES],
            {"items": 61, "annotations": 1, "captures": 2},
            {"tags": [Tag(3, "gap", 5), Tag(9, "a", 1)]},
        ),
    ],
    "sigmf_source": [
        Case({"file": "{tmp}/iq"}, 1000, IQ),
        Case({"file": "{tmp}/iq", "offset": 5, "length": 60, "repeat": True}, 150),
    ],
    "soapy_sink": [
        Case(
            {**DEVICE, "linger": 0.0},
            [IQ],
            {"items": 60, "between": 90, "bursts": 2},
            {
                "exact": False,
                "atol": SUMS,
                "tags": [
                    Tag(0, "tx_sob", True),
                    Tag(49, "tx_eob", True),
                    Tag(70, "packet_len", 10),
                ],
            },
        ),
        Case({**DEVICE, "linger": 0.0}, [IQ], {"items": 150}, {"exact": False, "atol": SUMS}),
    ],
    "soapy_source": [
        Case(
            DEVICE,
            150,
            AIR,
            {
                "expected_tags": [
                    [
                        Tag(0, "rx_time", [1_700_000_000, 0.25]),
                        Tag(0, "rx_rate", 1e6),
                        Tag(0, "rx_freq", 1e9),
                    ]
                ]
            },
        )
    ],
    "zmq_radio_sink": [
        Case(
            {"address": "ipc://{tmp}/sink", "idle": None, "samples": 40},
            [IQ],
            {"items": 150, "sent": 150, "unsent": 0, "zeros": 0},
            {"ignore": ["replies"]},
        )
    ],
    "zmq_radio_source": [
        Case({"address": "ipc://{tmp}/source", "items": 150}, 200, IQ, {"ignore": ["replies"]})
    ],
    "uhd_source": [
        Case(USRP, 150, AIR, {"expected_tags": [STARTED]}),
    ],
    "uhd_sink": [
        Case(
            {**USRP, "linger": 0.0, "num_channels": 2},
            [IQ, OTHER],
            {"items": 60, "between": 90, "bursts": 2, "commands": 1},
            {
                "exact": False,
                "atol": 1e-12,
                "tags": [
                    Tag(0, "tx_sob", True),
                    Tag(20, "tx_freq", 2e9),
                    Tag(49, "tx_eob", True),
                    Tag(70, "packet_len", 10),
                ],
            },
        ),
    ],
}
