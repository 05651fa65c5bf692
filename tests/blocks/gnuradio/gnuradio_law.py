"""The blocks of ``gnuradio`` under the stream law: parameters, inputs, and what must come out."""

from __future__ import annotations

from pathlib import Path

import zmq
from gnuradio_peers import giving, replying, requesting, taking
from law_case import Case, Cases, RunPeer
from law_inputs import FRAMES, INTEGERS, IQ

from semradio.blocks.api import Tag
from semradio.blocks.gnuradio import pmt, stream_header

MARKS = [Tag(0, "rx_freq", 1e9), Tag(70, "frame", {"n": 1}), Tag(149, "end_of_stream", True)]
"""Tags of the stream that the peers of GNU Radio's blocks send."""

META_HEADER = pmt.serialize(
    {
        "version": 0, "rx_rate": 1e6, "rx_time": (pmt.UInt64(7), 0.5), "size": 8, "type": 5,
        "cplx": True, "bytes": pmt.UInt64(IQ.nbytes), "strt": pmt.UInt64(149),
    }
)  # fmt: skip
"""As GNU Radio's File Meta Sink writes it."""

PDU = pmt.Pair({"seq": 7, "name": "a"}, FRAMES[:50].reshape(-1))
PDU_TAGS = [Tag(0, "packet_len", 50), Tag(0, "seq", 7), Tag(0, "name", "a")]


def prepare(folder: Path, run_peer: RunPeer) -> None:
    """Write the file that is read, and start who is spoken to."""
    (folder / "iq.meta").write_bytes(META_HEADER + IQ.tobytes())
    message = stream_header.encode(0, MARKS) + IQ.tobytes()
    pdu = pmt.serialize(PDU)
    run_peer(taking, f"ipc://{folder}/pulled", zmq.PULL)
    run_peer(taking, f"ipc://{folder}/subscribed", zmq.SUB)
    run_peer(requesting, f"ipc://{folder}/requested", 30)
    run_peer(giving, f"ipc://{folder}/pushed", zmq.PUSH, [message])
    run_peer(giving, f"ipc://{folder}/published", zmq.PUB, [b"key", message])
    run_peer(replying, f"ipc://{folder}/replied", message)
    run_peer(giving, f"ipc://{folder}/pushed_pdu", zmq.PUSH, [pdu])
    run_peer(giving, f"ipc://{folder}/published_pdu", zmq.PUB, [pdu])
    run_peer(replying, f"ipc://{folder}/replied_pdu", pdu)


CASES: Cases = {
    "zeromq_push_sink": [
        Case(
            {"address": "ipc://{tmp}/pulled", "pass_tags": True, "end_tag": "end"},
            [IQ],
            {"items": 150, "dropped": 0},
            {"ignore": ["messages"]},
        ),
        Case(
            {"address": "ipc://{tmp}/pulled", "message_items": 7},
            [FRAMES],
            {"items": 61, "dropped": 0},
            {"ignore": ["messages"]},
        ),
    ],
    "zeromq_pub_sink": [
        Case(
            {"address": "ipc://{tmp}/subscribed", "subscribers": 1, "pass_tags": True},
            [IQ],
            {"items": 150, "dropped": 0},
            {"ignore": ["messages"]},
        )
    ],
    "zeromq_rep_sink": [
        Case(
            {"address": "ipc://{tmp}/requested", "max_latency": 0.0},
            [IQ],
            {"items": 150, "dropped": 0},
            {"ignore": ["messages"]},
        )
    ],
    "zeromq_pull_source": [
        Case(
            {"address": "ipc://{tmp}/pushed", "items": 150, "pass_tags": True},
            200,
            IQ,
            {"expected_tags": [MARKS]},
        )
    ],
    "zeromq_sub_source": [
        Case(
            {"address": "ipc://{tmp}/published", "end_tag": "frame", "pass_tags": True}
            | {"key": "ke"},
            200,
            IQ[:71],
            {"expected_tags": [MARKS[:2]], "ignore": ["messages", "items"]},
        )
    ],
    "zeromq_req_source": [
        Case(
            {"address": "ipc://{tmp}/replied", "items": 150, "pass_tags": True},
            200,
            IQ,
            {"expected_tags": [MARKS]},
        )
    ],
    "zeromq_push_msg_sink": [
        Case(
            {"address": "ipc://{tmp}/pulled", "packet_items": 10},
            [IQ],
            {"messages": 15, "items": 150, "dropped": 0},
        )
    ],
    "zeromq_pub_msg_sink": [
        Case(
            {"address": "ipc://{tmp}/subscribed", "subscribers": 1},
            [FRAMES],
            {"messages": 3, "items": 61, "dropped": 0},
            {
                "tags": [
                    Tag(0, "packet_len", 60),
                    Tag(9, "a", 1),
                    Tag(60, "message", {"b": 2}),
                    Tag(60, "packet_len", 1),
                ]
            },
        )
    ],
    "zeromq_rep_msg_sink": [
        Case(
            {"address": "ipc://{tmp}/requested", "packet_items": 40},
            [INTEGERS],
            {"messages": 3, "items": 120, "dropped": 0},
        )
    ],
    "zeromq_pull_msg_source": [
        Case(
            {"address": "ipc://{tmp}/pushed_pdu", "type": "float32[23]", "items": 50},
            200,
            FRAMES[:50],
            {"expected_tags": [PDU_TAGS]},
        )
    ],
    "zeromq_sub_msg_source": [
        Case(
            {"address": "ipc://{tmp}/published_pdu", "type": "float32[23]", "end_tag": "seq"},
            200,
            FRAMES[:50],
            {"expected_tags": [PDU_TAGS]},
        )
    ],
    "zeromq_req_msg_source": [
        Case(
            {"address": "ipc://{tmp}/replied_pdu", "type": "float32", "items": 1150},
            1150,
            FRAMES[:50].reshape(-1),
            {"expected_tags": [[Tag(0, "packet_len", 1150), *PDU_TAGS[1:]]]},
        )
    ],
    "file_meta_source": [
        Case(
            {"file": "{tmp}/iq.meta"},
            200,
            IQ,
            {"expected_tags": [[Tag(0, "rx_rate", 1e6), Tag(0, "rx_time", [7, 0.5])]]},
        ),
        Case({"file": "{tmp}/iq.meta", "repeat": True}, 200),
    ],
    "file_meta_sink": [
        Case({"file": "{tmp}/out.meta"}, [IQ], {"items": 150}),
        Case(
            {"file": "{tmp}/out.meta", "detached": True, "max_segment": 70, "sample_rate": 50.0},
            [FRAMES],
            {"items": 61, "headers": 3},
            {"tags": [Tag(3, "rx_time", [7, 0.5]), Tag(3, "a", 1), Tag(9, "rx_rate", 1e6)]},
        ),
    ],
    "message_control": [
        Case(
            {"targets": {"gain": "amplifier.constant"}},
            [INTEGERS],
            {"commands": 1, "ignored": 1, "changed": 0},
            {"tags": [Tag(7, "message", {"gain": 2.0}), Tag(90, "message", "other")]},
        )
    ],
}
