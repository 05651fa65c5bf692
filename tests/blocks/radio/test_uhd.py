"""uhd_source and uhd_sink, with a device that keeps the call contract of UHD's module."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import Array, BlockError, ItemType, ParameterError, SemradioError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.radio.uhd_sink import UhdSink
from semradio.blocks.radio.uhd_source import UhdSource

DEVICE: dict[str, Any] = {"args": "type=standin", "rate": 1e6, "frequency": 1e9}
X = (0.5 * np.exp(0.3j * np.arange(300))).astype(np.complex64)
START = [1_700_000_000, 0.25]


def receive(count: int, **parameters: Any) -> tuple[list[Array], list[list[Tag]], UhdSource]:
    """Return at least ``count`` samples of each channel, their tags and the block."""
    source = UhdSource(**{**DEVICE, **parameters})
    with Harness(source, {}, 64) as harness:
        while harness.items_out < count:
            harness.step()
        return harness.outputs(), harness.tags(), source


def near(tags: list[Tag], wanted: list[Tag]) -> bool:
    """Whether tags are the same, times to a nanosecond."""
    return len(tags) == len(wanted) and all(
        (a.index, a.key) == (b.index, b.key)
        and (
            a.value == b.value
            if not isinstance(a.value, list)
            else a.value[0] == b.value[0] and abs(a.value[1] - b.value[1]) < 2e-7
        )
        for a, b in zip(tags, wanted, strict=True)
    )


def test_samples_arrive_whole_and_the_first_is_tagged(uhd: ModuleType) -> None:
    uhd.events[:] = [("samples", 5), ("timeout",), ("samples", 70)]
    (y,), (tags,), source = receive(500, frequency=1e9 + 33)
    np.testing.assert_array_equal(y, uhd.wave(np.arange(len(y))))
    assert near(tags, [Tag(0, "rx_time", START), Tag(0, "rx_rate", 1e6), Tag(0, "rx_freq", 1e9)])
    found = source.results()
    assert (found["items"], found["overflows"], found["lost"]) == (len(y), 0, 0)
    assert found["level_dbfs"] == pytest.approx(20 * np.log10(0.25), abs=1e-3)
    assert (found["rate"], found["frequency"]) == (1e6, 1e9)
    assert uhd.devices[0].streams[0].state == "stopped"


def test_channels_start_together(uhd: ModuleType) -> None:
    outputs, tags, _ = receive(300, num_channels=2, channels=[1, 0])
    n = np.arange(len(outputs[0]))
    np.testing.assert_array_equal(outputs[0], uhd.wave(n, 1))
    np.testing.assert_array_equal(outputs[1], uhd.wave(n, 0))
    later = [START[0], START[1] + 0.1]
    assert near(tags[0][:1], [Tag(0, "rx_time", later)])
    assert tags[0] == tags[1]


def test_device_is_set_in_order(uhd: ModuleType) -> None:
    receive(
        1,
        gain=20.0,
        antenna="RX2",
        bandwidth=2e5,
        channels=[1],
        clock_source="external",
        time_source="external",
    )
    assert uhd.devices[0].calls == [
        ("clock", "external"),
        ("time", "external"),
        ("antenna", "RX2", 1, None),
        ("rate", 1e6, 1, None),
        ("bandwidth", 2e5, 1, None),
        ("frequency", 1e9, 1, None),
        ("gain", 20.0, 1, None),
    ]
    receive(1)
    assert ("agc", True, 0, None) in uhd.devices[1].calls


def test_lost_samples_are_counted_by_the_clock(uhd: ModuleType) -> None:
    uhd.events[:] = [("samples", 50), ("overflow", 1234), ("samples", 7)]
    (y,), (tags,), source = receive(200)
    np.testing.assert_array_equal(y[:50], uhd.wave(np.arange(50)))
    np.testing.assert_array_equal(y[50:100], uhd.wave(np.arange(1284, 1334)))
    assert near(
        [tag for tag in tags if tag.index],
        [
            Tag(50, "gap", 1234),
            Tag(50, "rx_time", [1_700_000_000, 0.251284]),
            Tag(50, "rx_rate", 1e6),
            Tag(50, "rx_freq", 1e9),
        ],
    )
    assert (source.overflows, source.lost) == (1, 1234)


def test_without_a_clock_the_gap_has_no_length(uhd: ModuleType) -> None:
    uhd.settings["timed"] = False
    uhd.events[:] = [("samples", 50), ("overflow", 1234)]
    _, (tags,), source = receive(200)
    assert [(t.index, t.key, t.value) for t in tags if t.key == "gap"] == [(50, "gap", None)]
    assert not [tag for tag in tags if tag.key == "rx_time"]
    assert (source.overflows, source.lost) == (1, 0)


def test_a_live_change_is_a_timed_command_and_tagged_on_its_sample(uhd: ModuleType) -> None:
    source = UhdSource(**DEVICE, num_channels=2)
    with Harness(source, {}, 30) as harness:
        harness.step()
        assert harness.change({"frequency": 2e9}) == 30
        offer = "gain' is 70, but the radio device offers 0 to 50"
        with pytest.raises(ParameterError, match=offer):
            harness.change({"gain": 70.0})
        while harness.items_out < 60_000:
            harness.step()
        tags = harness.tags()[1]
    device = uhd.devices[0]
    orders = [call for call in device.calls if call[0] == "frequency" and call[3] is not None]
    assert [(value, channel) for _, value, channel, _ in orders] == [(2e9, 0), (2e9, 1)]
    # 50 ms after the end of the first packet of 100, at 1 Msample/s.
    assert [t.index for t in tags if t.key == "rx_freq"] == [0, 50_100]
    assert orders[0][3] == pytest.approx(device.streams[0].began + 0.0501, abs=1e-6)
    assert device.command_time is None


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"args": "type=none"}, r"'args': the radio device says: .*No devices found"),
        ({"channels": [2]}, r"has 2 channels to (receive|transmit), counted from 0, not \[2\]"),
        ({"channels": [0, 1]}, "must name 1 different channels, as 'num_channels' says"),
        ({"num_channels": 2, "channels": [1, 1]}, "must name 2 different channels"),
        ({"frequency": 1e12}, r"'frequency' is 1e\+12, but the radio device offers 1e\+06 to 6e"),
        ({"rate": 1e9}, r"'rate' is 1e\+09, but the radio device offers 100000 to 1e\+07"),
        ({"antenna": "C"}, "'antenna': the radio device says: RuntimeError: no antenna C"),
        ({"clock_source": "sundial"}, "'clock_source': the radio device says: .* sundial"),
        ({"wire_format": "sc12"}, "'wire_format': the radio device says: .* sc12"),
    ],
)
@pytest.mark.parametrize("block", [UhdSource, UhdSink])
@pytest.mark.usefixtures("uhd")
def test_what_a_device_refuses(block: Any, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        block(**{**DEVICE, **parameters})(*([10] if block is UhdSource else [X]))


def test_a_device_that_fails_is_told(uhd: ModuleType) -> None:
    uhd.events[:] = [("samples", 9), ("error", "broken_chain")]
    with pytest.raises(BlockError, match="item 9: the radio device failed: ERROR_CODE_BROKEN_CH"):
        receive(100)
    assert uhd.devices[0].streams[0].state == "stopped"


def test_a_device_that_is_silent_is_told(uhd: ModuleType) -> None:
    uhd.events[:] = [("timeout",)] * 1_000_000
    with pytest.raises(BlockError, match=r"no samples for 0\.02 s"):
        receive(1, timeout=0.02)


@pytest.mark.parametrize("block", [UhdSource, UhdSink])
def test_a_missing_module_is_named(monkeypatch: pytest.MonkeyPatch, block: Any) -> None:
    monkeypatch.setitem(sys.modules, "uhd", None)
    with pytest.raises(SemradioError, match=r"python3-uhd .*--system-site-packages"):
        block(**DEVICE)(*([10] if block is UhdSource else [X]))


# Transmitting ----------------------------------------------------------------------------------


def send(*tags: Tag, chunk: int = 50, **parameters: Any) -> UhdSink:
    sink = UhdSink(**{**DEVICE, "linger": 0.01, **parameters})
    sink(*[X] * sink.num_channels, tags=tags, chunk=chunk)
    return sink


def test_a_stream_without_tags_is_one_burst_with_an_end(uhd: ModuleType) -> None:
    sink = send()
    stream = uhd.devices[0].streams[0]
    (burst,) = stream.sent()
    np.testing.assert_array_equal(burst, X[None])
    assert stream.state == "stopped"
    assert [w[1] for w in stream.writes] == [True, *[False] * (len(stream.writes) - 1)]
    found = sink.results()
    assert (found["items"], found["bursts"], found["between"]) == (300, 1, 0)
    assert found["level_dbfs"] == pytest.approx(20 * np.log10(0.5), abs=1e-3)


def test_channels_are_sent_together_at_one_time(uhd: ModuleType) -> None:
    sink = UhdSink(**DEVICE, num_channels=2, linger=0.0)
    sink(X, 2 * X)
    stream = uhd.devices[0].streams[0]
    np.testing.assert_array_equal(stream.sent()[0], [X, 2 * X])
    assert stream.writes[0][3] == pytest.approx(uhd.START + 0.1)
    assert all(w[3] is None for w in stream.writes[1:])


@pytest.mark.parametrize("chunk", [1, 50, 300])
def test_bursts_by_their_ends(uhd: ModuleType, chunk: int) -> None:
    sink = send(
        Tag(0, "tx_sob", True),
        Tag(99, "tx_eob", True),
        Tag(150, "tx_eob", True),
        Tag(200, "tx_sob", True),
        Tag(200, "tx_time", [12, 0.5]),
        Tag(209, "tx_eob", True),
        Tag(250, "tx_sob", True),
        Tag(250, "tx_eob", True),
        chunk=chunk,
    )
    stream = uhd.devices[0].streams[0]
    first, second, third = stream.sent()
    np.testing.assert_array_equal(first[0], X[:100])
    np.testing.assert_array_equal(second[0], X[200:210])
    np.testing.assert_array_equal(third[0], X[250:251])
    assert [w[3] for w in stream.writes if w[3] is not None] == [12.5]
    assert (sink.items, sink.between, sink.bursts) == (111, 189, 3)


def test_bursts_by_their_length(uhd: ModuleType) -> None:
    sink = send(Tag(0, "n", 100), Tag(120, "n", 100), Tag(150, "n", 10), length_tag="n")
    first, second = uhd.devices[0].streams[0].sent()
    np.testing.assert_array_equal(first[0], X[:100])
    np.testing.assert_array_equal(second[0], X[120:160])
    assert (sink.items, sink.between, sink.bursts) == (140, 160, 2)
    assert sink.notes == ["a burst at item 150 begins 70 samples early"]


def test_commands_are_carried_out_at_the_time_of_their_sample(uhd: ModuleType) -> None:
    sink = send(
        Tag(0, "packet_len", 200),
        Tag(0, "tx_time", [20, 0.0]),
        Tag(100, "tx_freq", 2e9),
        Tag(150, "tx_command", {"gain": 7.0, "freq": 1.5e9, "chan": 0}),
        Tag(250, "tx_freq", [0, 3e9]),
    )
    calls = [call for call in uhd.devices[0].calls if call[0] in ("frequency", "gain")][1:]
    assert [call[:3] for call in calls] == [
        ("frequency", 2e9, 0),
        ("gain", 7.0, 0),
        ("frequency", 1.5e9, 0),
        ("frequency", 3e9, 0),
    ]
    times = [call[3] for call in calls]
    assert times[:3] == pytest.approx([20.0001, 20.00015, 20.00015])
    # Between bursts no time is known.
    assert times[3] is None
    assert sink.commands == 4
    assert sink.results()["frequency"] == 3e9


def test_short_writes_and_timeouts_lose_nothing(uhd: ModuleType) -> None:
    uhd.settings["room"] = 7
    uhd.events[:] = [("timeout",)] * 3
    send(Tag(0, "packet_len", 300), Tag(0, "tx_time", [5, 0.0]))
    stream = uhd.devices[0].streams[0]
    (burst,) = stream.sent()
    np.testing.assert_array_equal(burst[0], X)
    assert [w[3] for w in stream.writes if w[3] is not None] == [5.0]


def test_reports_are_counted(uhd: ModuleType) -> None:
    uhd.reports[:] = ["underflow", "time_error", "underflow_in_packet", "seq_error", "burst_ack"]
    sink = send()
    assert (sink.underflows, sink.late) == (2, 1)
    assert "2 times the device ran out of samples" in sink.notes
    assert "samples were lost on the way to the radio device" in sink.notes


def test_a_burst_that_is_cut_short_by_the_end(uhd: ModuleType) -> None:
    sink = send(Tag(200, "packet_len", 150))
    assert uhd.devices[0].streams[0].state == "stopped"
    assert "50 samples of the last burst were missing" in sink.notes


def test_a_device_that_takes_nothing_is_told(uhd: ModuleType) -> None:
    uhd.events[:] = [("timeout",)] * 1_000_000
    with pytest.raises(BlockError, match=r"taken no samples for 0\.02 s"):
        send(timeout=0.02)


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        (Tag(0, "packet_len", 0), "at least 1"),
        (Tag(0, "packet_len", "7"), "at least 1"),
        (Tag(0, "tx_time", 3.0), r"must be \[seconds, fraction\]"),
        (Tag(0, "tx_freq", "high"), r"must be a frequency or \[channel, frequency\]"),
        (Tag(0, "tx_freq", [1, 1e9]), "there is no channel 1, but 0 to 0"),
        (Tag(0, "tx_command", {"volume": 3}), "must be a map of freq, gain, antenna"),
        (Tag(0, "tx_freq", 1e12), "the radio device offers"),
    ],
)
@pytest.mark.usefixtures("uhd")
def test_tags_that_are_wrong(tag: Tag, message: str) -> None:
    with pytest.raises(BlockError, match=message):
        send(tag)


def test_live_changes_reach_the_transmitter(uhd: ModuleType) -> None:
    sink = UhdSink(**DEVICE, linger=0.0)
    with Harness(sink, {"x[0]": ItemType("complex64")}) as harness:
        harness.push(X)
        harness.change({"gain": 3.0, "frequency": 2e9})
        harness.push(X)
        harness.end()
    values = uhd.devices[0].values
    assert (values["gain", 0], values["frequency", 0]) == (3.0, 2e9)
    assert sink.results()["frequency"] == 2e9


# The real module -------------------------------------------------------------------------------

NAMES = """
import json, uhd
known = {name: [n for n in dir(getattr(uhd.types, name)) if n[0] != "_"] for name in dir(uhd.types)}
known["MultiUSRP"] = dir(uhd.usrp.MultiUSRP)
known["StreamArgs"] = dir(uhd.usrp.StreamArgs)
lib = uhd.libpyuhd.usrp
known["Streamer"] = dir(lib.rx_streamer) + dir(lib.tx_streamer)
print(json.dumps(known))
"""


def test_the_stand_in_has_no_name_that_uhd_lacks(uhd: ModuleType) -> None:
    try:
        done = subprocess.run(
            ["/usr/bin/python3", "-c", NAMES], capture_output=True, text=True, check=False
        )
    except OSError:
        pytest.skip("no Python of the system's own")
    if done.returncode:
        pytest.skip("UHD's module is not installed: apt-get install python3-uhd")
    known = json.loads(done.stdout.splitlines()[-1])
    assert Path(str(uhd.__file__)).name == "uhd.py"
    used = {name: getattr(uhd.types, name) for name in vars(uhd.types)}
    ours = {"get_num_channels", "set_rate", "get_rate", "set_freq", "get_freq", "set_gain"}
    ours |= {"set_bandwidth", "set_antenna", "get_freq_range", "get_gain_range", "get_rates"}
    for name, cls in used.items():
        members = {n for n in vars(cls) if n[0] != "_"}
        assert members <= set(known[name]), name
    assert {n for n in vars(uhd.MultiUSRP) if n[0] != "_"} - ours <= set(known["MultiUSRP"])
    streamer = {n for n in vars(uhd.Streamer) if n[0] != "_"} - {"time_of", "sent"}
    assert streamer <= set(known["Streamer"])
