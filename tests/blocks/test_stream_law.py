"""Every block of semradio through the jig: its output does not depend on how streams are cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq
from gnuradio_peers import giving, replying, requesting, taking
from irsc_models import Models
from radio_peers import answering, asking

from semradio.blocks.api import Array, Block, ItemType, Tag, find, names
from semradio.blocks.gnuradio import pmt, stream_header
from semradio.blocks.testing import check_block
from semradio.flowgraphs.runtime.wire import HeaderCodec

rng = np.random.default_rng(20240607)

REALS = rng.standard_normal(150).astype(np.float32)
MORE = rng.standard_normal(150).astype(np.float32)
IQ = (rng.standard_normal(150) + 1j * rng.standard_normal(150)).astype(np.complex64)
FRAMES = rng.standard_normal((61, 23)).astype(np.float32)
INTEGERS = rng.integers(-1000, 1000, 150, dtype=np.int16)
IMAGES = rng.integers(0, 256, (60, 28, 28), dtype=np.uint8)
NOISY = np.clip(IMAGES + rng.integers(-40, 40, IMAGES.shape), 0, 255).astype(np.uint8)
LABELS = rng.integers(0, 10, 60)
GUESSES = rng.integers(0, 10, 60)
LOGITS = rng.standard_normal((60, 10)).astype(np.float32)
CHANNELS = rng.standard_normal((40, 2, 2, 2, 4)).astype(np.float32).view(np.complex64)


def complex_normal(*shape: int) -> Array:
    draw = np.random.default_rng(list(shape))
    return (draw.standard_normal(shape) + 1j * draw.standard_normal(shape)).astype(np.complex64)


FRAMES_OF_TWO = complex_normal(60, 2, 16)
STATES = complex_normal(60, 2, 2, 2, 2)
FRAMES_OF_THREE, WIDE_STATES = complex_normal(30, 3, 5), complex_normal(30, 2, 2, 3, 2)
"""Frames (antenna, slot) and channel states (receiver, transmitter, antennas)."""

PRECODERS = complex_normal(60, 3, 2, 2)

ROUNDED = {"exact": False}
MIMO = IQ[:144].reshape(18, 2, 4).repeat(3, axis=0)
LINKS = np.resize(IQ[::-1], (54, 2, 2, 2, 2))

SUMS = 1e-12
"""For measures: the order in which numbers are added up shows in the last digits of a double."""


DEVICE = {"args": "driver=standin", "rate": 1e6, "frequency": 1e9}
AIR = (0.25 * np.exp(0.1j * np.arange(150))).astype(np.complex64)
"""What the device that stands in for a radio receives."""


MARKS = [Tag(0, "rx_freq", 1e9), Tag(70, "frame", {"n": 1}), Tag(149, "end_of_stream", True)]
"""Tags of the stream that the peers of GNU Radio's blocks send."""

PDU = pmt.Pair({"seq": 7, "name": "a"}, FRAMES[:50].reshape(-1))
PDU_TAGS = [Tag(0, "packet_len", 50), Tag(0, "seq", 7), Tag(0, "name", "a")]


@dataclass
class Case:
    """A block, what goes in, and what must come out of it (None: no reference here)."""

    parameters: dict[str, Any]
    inputs: Sequence[Array | None] | int
    expected: Any = None
    options: dict[str, Any] = field(default_factory=dict)
    """Passed on to check_block."""


CASES: dict[str, list[Case]] = {
    # sources
    "file_source": [
        Case({"file": "{tmp}/reals.f32", "type": "float32"}, 1000, REALS),
        Case({"file": "{tmp}/frames.npy", "offset": 3, "length": 50}, 1000, FRAMES[3:53]),
        Case({"file": "{tmp}/frames.npy", "repeat": True}, 130, np.tile(FRAMES, (3, 1))[:130]),
    ],
    "image_source": [
        Case({"dataset": "{tmp}/images.npz"}, 1000, (IMAGES, LABELS.astype(np.uint8))),
        Case({"dataset": "{tmp}/images.npz", "shuffle": True, "repeat": True, "seed": 3}, 150),
    ],
    "null_source": [
        Case({"type": "complex64[3]"}, 100, np.zeros((100, 3), np.complex64)),
        Case({"type": "int8", "items": 77}, 100, np.zeros(77, np.int8)),
        Case({"type": "int8", "items": 0}, 100, np.zeros(0, np.int8)),
    ],
    "vector_source": [
        Case({"data": FRAMES}, 100, FRAMES),
        Case({"data": [], "dtype": "int8"}, 100, np.zeros(0, np.int8)),
        Case(
            {"data": [1, 2.5, 4], "repeat": True, "tags": [[2, "last", None], [0, "first", 7]]},
            8,
            np.array([1, 2.5, 4, 1, 2.5, 4, 1, 2.5], np.float32),
            {
                "expected_tags": [
                    [
                        Tag(0, "first", 7),
                        Tag(2, "last", None),
                        Tag(3, "first", 7),
                        Tag(5, "last", None),
                        Tag(6, "first", 7),
                    ]
                ]
            },
        ),
    ],
    # channels
    "awgn_channel": [
        Case({"snr_db": 3.0, "seed": 5}, [FRAMES]),
        Case({"snr_db": 3.0, "signal_power": "measured"}, [IQ]),
    ],
    "multipath_channel": [
        Case(
            {"delays": [3, 0], "gains_db": [-10.0, -10.0]},
            [IQ],
            (
                (IQ + np.append(np.zeros(3, np.complex64), IQ[:-3])) * np.float32(np.sqrt(0.5)),
                np.full((150, 2), np.sqrt(0.5), np.complex64),
            ),
            {"exact": False},
        ),
        Case({"delays": [0], "gains_db": [4.0]}, [IQ], (IQ, np.ones((150, 1), np.complex64))),
        Case({"fading": "rayleigh", "coherence": 7}, [IQ]),
        Case({"delays": [40, 2], "gains_db": [0, 3], "fading": "rayleigh", "doppler": 0.01}, [IQ]),
    ],
    "rayleigh_channel": [
        Case({}, [IQ]),
        Case({"doppler": 0.05, "coherence": 4}, [FRAMES_OF_TWO]),
    ],
    "rician_channel": [
        Case({"coherence": 11, "k_db": 3.0}, [IQ]),
        Case({"doppler": 0.1, "los_doppler": 0.03, "coherence": 2}, [FRAMES_OF_TWO]),
    ],
    # mimo
    "ia_transceiver": [
        Case({"iterations": 4}, [STATES[:40]]),
        Case({"iterations": 3, "streams": 2, "snr_db": 30.0, "infeasible": "allow"}, [STATES]),
        Case({"iterations": 3}, [WIDE_STATES]),
    ],
    "lmmse_receiver": [
        Case({}, [FRAMES_OF_TWO, STATES]),
        Case(
            {"user": 1, "snr_db": 30.0, "csi_error": 0.1},
            [FRAMES_OF_TWO[:, :1], STATES[:, :, :, :1]],
        ),
        Case({"user": 1, "power": 2.0}, [FRAMES_OF_THREE, WIDE_STATES]),
    ],
    "mimo_filter": [Case({"user": 1}, [FRAMES_OF_TWO, PRECODERS.conj().swapaxes(2, 3)])],
    "mimo_precoder": [
        Case({}, [FRAMES_OF_TWO, PRECODERS]),
        Case(
            {"user": 2, "power": 1e6},
            [FRAMES_OF_TWO, PRECODERS],
            PRECODERS[:, 2] @ FRAMES_OF_TWO,
            ROUNDED,
        ),
    ],
    # mimo
    "channel_state_source": [
        Case({"users": 3, "rx_antennas": 1, "frames": 60, "cross_gain_db": -3.0}, 100),
        Case({"fading": "rician", "rx_correlation": 0.5, "coherence": 4}, 60),
        Case({"doppler": 0.03, "tx_correlation": 0.5}, 60),
        Case({"fading": "none", "users": 1}, 60, np.tile(np.eye(2, dtype="c8"), (60, 1, 1, 1, 1))),
        Case({"file": "{tmp}/links.npy", "repeat": True}, 60, np.tile(LINKS, (2, 1, 1, 1, 1))[:60]),
    ],
    "mimo_interference_channel": [
        Case({"snr_db": 3.0, "seed": 5}, [MIMO, MIMO[::-1], LINKS]),
        Case({"users": 1, "snr_db": 3.0}, [MIMO, LINKS[:, :1, :1]]),
    ],
    "csi_estimator": [
        Case({}, [LINKS], LINKS),
        Case({"csi": "single", "snr_db": 3.0, "delay": 4}, [LINKS]),
        Case({"csi": "orthogonal", "estimator": "mmse", "rho": 0.9}, [LINKS]),
    ],
    # neural
    "semantic_encoder": [Case({"model": "arn/encoder"}, [IMAGES], None, {"exact": False})],
    "arn_transmitter": [Case({"model": "arn/alice"}, [FRAMES], None, {"exact": False})],
    "arn_receiver": [
        Case({"model": "arn/bob"}, [FRAMES], None, {"exact": False}),
        Case(
            {"model": "arn/bob", "max_batch": 7},
            [FRAMES],
            None,
            {"exact": False, "tags": [Tag(9, "arn", False), Tag(30, "arn", True)]},
        ),
    ],
    "irsc_transmitter": [
        Case(
            {"model": "{tmp}/irsc/transmitter_2", "user": 1},
            [IMAGES[:40], CHANNELS],
            None,
            {"exact": False},
        ),
    ],
    "irsc_receiver": [
        Case(
            {"model": "{tmp}/irsc/receiver_2", "user": 1, "snr_db": 3.0},
            [CHANNELS[:, 0, 0], CHANNELS],
            None,
            {"exact": False},
        ),
        Case({"model": "{tmp}/irsc/blind"}, [CHANNELS[:, 0, 0], None], None, {"exact": False}),
    ],
    "semantic_decoder": [Case({"model": "arn/decoder"}, [FRAMES], None, {"exact": False})],
    "eavesdropper": [Case({"model": "arn/eve"}, [FRAMES], None, {"exact": False})],
    "onnx_model": [Case({"model": "arn/eve", "max_batch": 16}, [FRAMES], None, {"exact": False})],
    # security
    "keyed_rotation": [
        Case({"keys": "file:{tmp}/link.key", "announce": 7, "first_frame": 100}, [FRAMES]),
        Case({"keys": "file:{tmp}/link.key", "normalise": False}, [IQ.reshape(30, 5)]),
        Case({"keys": "file:{tmp}/link.key"}, [np.zeros_like(FRAMES)]),
    ],
    "keyed_derotation": [
        Case({"keys": "file:{tmp}/link.key"}, [IQ.reshape(50, 3)]),
        Case(
            {"keys": "file:{tmp}/link.key", "first_frame": 5},
            [FRAMES],
            None,
            {
                "tags": [
                    Tag(0, "keyed_frame", 1 << 40),
                    Tag(10, "gap", 3),
                    Tag(10, "keyed_frame", (1 << 40) + 11),
                    Tag(30, "keyed_frame", 1 << 41),
                    Tag(40, "keyed_key", None),
                ]
            },
        ),
    ],
    # stream
    "add": [
        Case({}, [REALS, MORE], REALS + MORE),
        Case({"num_inputs": 1}, [IQ], IQ),
        Case({"num_inputs": 3}, [REALS, MORE[:70], REALS], (REALS + MORE)[:70] + REALS[:70]),
    ],
    "complex_to_real": [
        Case({}, [IQ], IQ.view(np.float32)),
        Case({"shape": [23]}, [IQ], IQ.view(np.float32)[: 13 * 23].reshape(13, 23)),
        Case({"shape": [2, 5]}, [IQ], IQ.view(np.float32).reshape(30, 2, 5)),
    ],
    "copy": [Case({}, [FRAMES], FRAMES)],
    "delay": [
        Case(
            {"items": 4},
            [REALS],
            np.concatenate([np.zeros(4, np.float32), REALS]),
            {"tags": [Tag(0, "a", 1)], "expected_tags": [[Tag(4, "a", 1)]]},
        ),
        Case({"items": 0}, [FRAMES], FRAMES),
    ],
    "frame_tagger": [
        Case(
            {"length": 60, "first": 4},
            [REALS],
            REALS,
            {
                "tags": [Tag(9, "a", 1)],
                "expected_tags": [
                    [
                        Tag(0, "frame", 4),
                        Tag(9, "a", 1),
                        Tag(60, "frame", 5),
                        Tag(120, "frame", 6),
                    ]
                ],
            },
        ),
        Case({"key": "n"}, [FRAMES], FRAMES),
    ],
    "function": [
        Case({"call": "numpy:conj"}, [IQ], IQ.conj()),
        Case({"call": "numpy:abs", "output": "float32"}, [IQ], np.abs(IQ)),
    ],
    "head": [
        Case(
            {"items": 40},
            [REALS],
            REALS[:40],
            {"tags": [Tag(39, "in", 1), Tag(40, "out", 1)], "expected_tags": [[Tag(39, "in", 1)]]},
        ),
        Case({"items": 0}, [REALS], REALS[:0]),
        Case({"items": 1000}, [REALS], REALS),
    ],
    "iq_level": [
        Case(
            {"level": -20.0, "signal_power": 4.0},
            [IQ],
            IQ * np.float32(0.05),
            {"exact": False, "expected_tags": [[Tag(0, "iq_level", -20.0)]], "tags": []},
        ),
        Case(
            {"level": 3.0, "inverse": True},
            [IQ],
            np.concatenate([IQ[:40], IQ[40:] * np.float32(10)]),
            {
                "exact": False,
                "tags": [Tag(0, "iq_level", 0.0), Tag(40, "iq_level", -20)],
                "expected_tags": [[Tag(0, "iq_level", 0.0), Tag(40, "iq_level", -20)]],
            },
        ),
    ],
    "keep_one_in_n": [
        Case({"n": 7, "offset": 3}, [REALS], REALS[3::7]),
        Case({"n": 4}, [FRAMES], FRAMES[::4]),
        Case({"n": 1}, [REALS], REALS),
    ],
    "multiply_const": [
        Case({"constant": 0.3}, [REALS], REALS * np.float32(0.3)),
        Case({"constant": "1-2j"}, [IQ], IQ * np.complex64(1 - 2j)),
        Case({"constant": [0.0, 1.0]}, [IQ], IQ * np.complex64(1j)),
        Case({"constant": -3}, [INTEGERS], INTEGERS * np.int16(-3)),
    ],
    "real_to_complex": [
        Case({}, [REALS], REALS.view(np.complex64)),
        Case({}, [FRAMES[:60]], FRAMES[:60].reshape(-1).view(np.complex64)),
        Case({}, [FRAMES], np.append(FRAMES, np.float32(0)).view(np.complex64)),
    ],
    "skip_head": [
        Case(
            {"items": 40},
            [REALS],
            REALS[40:],
            {"tags": [Tag(39, "out", 1), Tag(40, "in", 1)], "expected_tags": [[Tag(0, "in", 1)]]},
        ),
        Case({"items": 1000}, [REALS], REALS[:0]),
    ],
    "stream_to_vector": [
        Case({"length": 7}, [REALS], REALS[:147].reshape(21, 7)),
        Case({"length": 1}, [FRAMES], FRAMES[:, None]),
    ],
    "throttle": [Case({"rate": 1e9}, [REALS], REALS)],
    "vector_to_stream": [
        Case({}, [FRAMES], FRAMES.reshape(-1)),
        Case({}, [IMAGES], IMAGES.reshape(-1, 28)),
    ],
    # metrics
    "classification_metrics": [
        Case(
            {},
            [LOGITS, LABELS],
            {"items": 60, "accuracy": np.mean(LOGITS.argmax(1) == LABELS).item()},
            {"exact": False, "atol": SUMS},
        ),
        Case({"classes": 10}, [GUESSES, LABELS], {"items": 60}),
    ],
    "image_quality": [Case({}, [IMAGES, NOISY], {"images": 60}, {"exact": False, "atol": SUMS})],
    "power_ratio": [
        Case(
            {},
            [FRAMES, 2 * FRAMES],
            {"items": 61, "psr_db": 0.0, "power_gain_db": 10 * np.log10(4).item()},
            {"exact": False, "atol": SUMS},
        )
    ],
    "signal_power": [
        Case(
            {},
            [IQ],
            {"items": 150, "power": np.mean(np.abs(IQ.astype(np.complex128)) ** 2).item()},
            {"exact": False, "atol": SUMS},
        )
    ],
    # radio
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
    # gnuradio
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
    # sinks
    "file_sink": [Case({"file": "{tmp}/out.npy"}, [FRAMES], {"items": 61})],
    "image_sink": [
        Case({"file": "{tmp}/sheet.png", "images": 20}, [IMAGES, NOISY, LOGITS, LABELS]),
        Case({"file": "{tmp}/sheet.png"}, [None, IMAGES[:5], None, None], {"images": 5}),
    ],
    "null_sink": [Case({}, [FRAMES], {"items": 61})],
    "probe_rate": [
        Case({}, [FRAMES], {"items": 61}, {"ignore": ["rate", "recent_rate"]}),
    ],
    "tag_debug": [
        Case(
            {"limit": 2},
            [REALS],
            {"items": 150, "count": 3, "tags": [[0, "a", 1], [70, "b", None]]},
            {"tags": [Tag(0, "a", 1), Tag(70, "b", None), Tag(149, "c", 2.5)]},
        ),
        Case({}, [REALS]),
    ],
    "vector_sink": [
        Case({}, [REALS], {"items": 150, "data": REALS.tolist()}),
        Case({"limit": 3}, [FRAMES], {"items": 61, "data": FRAMES[:3].tolist()}),
        Case({"memory": 1e-4}, [REALS], {"items": 150, "data": REALS[:26].tolist()}),
    ],
}

FLAT = [
    pytest.param(name, case, id=f"{name}-{k}")
    for name, cases in CASES.items()
    for k, case in enumerate(cases)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, run_peer: Callable[..., None]) -> Path:
    """The files that the cases read, and the programs that they speak to."""
    path = tmp_path_factory.mktemp("law")
    REALS.tofile(path / "reals.f32")
    np.save(path / "frames.npy", FRAMES)
    np.save(path / "links.npy", LINKS)
    (path / "link.key").write_text("5a" * 32)
    (path / "link.key").chmod(0o600)
    models = Models(slots=2, transmitter_h="all", receiver_h="own", snr_db=True)
    models.write(path / "irsc")
    models.but(receiver_h=None, snr_db=False).receiver(path / "irsc" / "blind.onnx")
    np.savez(path / "images.npz", images=IMAGES, labels=LABELS.astype(np.uint8))
    marks = [Tag(0, "rx_freq", 1e9), Tag(20, "frame", 1), Tag(60, "gap", 3), Tag(149, "frame", 2)]
    find("sigmf_sink")(file=path / "iq", sample_rate=1e6)(IQ, tags=marks)
    run_peer(asking, f"ipc://{path}/sink")
    run_peer(answering, f"ipc://{path}/source", IQ)
    message = stream_header.encode(0, MARKS) + IQ.tobytes()
    pdu = pmt.serialize(PDU)
    run_peer(taking, f"ipc://{path}/pulled", zmq.PULL)
    run_peer(taking, f"ipc://{path}/subscribed", zmq.SUB)
    run_peer(requesting, f"ipc://{path}/requested", 30)
    run_peer(giving, f"ipc://{path}/pushed", zmq.PUSH, [message])
    run_peer(giving, f"ipc://{path}/published", zmq.PUB, [b"key", message])
    run_peer(replying, f"ipc://{path}/replied", message)
    run_peer(giving, f"ipc://{path}/pushed_pdu", zmq.PUSH, [pdu])
    run_peer(giving, f"ipc://{path}/published_pdu", zmq.PUB, [pdu])
    run_peer(replying, f"ipc://{path}/replied_pdu", pdu)
    return path


def factory_of(name: str, case: Case, folder: Path) -> Callable[[], Block]:
    values = {
        key: value.format(tmp=folder) if isinstance(value, str) else value
        for key, value in case.parameters.items()
    }
    return lambda: find(name)(**values)


@pytest.mark.parametrize(("name", "case"), FLAT)
@pytest.mark.usefixtures("stand_in")
def test_stream_law(name: str, case: Case, folder: Path) -> None:
    check_block(
        factory_of(name, case, folder),
        case.inputs,
        expected=case.expected,
        wire=through_the_wire,
        **case.options,
    )


def test_every_block_is_covered() -> None:
    """A block without a case here is not known to obey the law."""
    own = {name for name in names() if find(name).__module__.startswith("semradio.blocks.")}
    assert own == set(CASES)


def through_the_wire(chunk: Array, tags: Sequence[Tag]) -> tuple[Array, list[Tag]]:
    """Send a chunk and its tags through the format of an edge between processes, and back."""
    codec = HeaderCodec(7, ItemType.of(chunk))
    first = min((tag.index for tag in tags), default=0)
    read = codec.read_data(codec.data(first, len(chunk), list(tags)))
    assert read is not None
    index, count, marks = read
    assert index == first
    return codec.read_items(codec.write_items(chunk).tobytes(), count), marks
