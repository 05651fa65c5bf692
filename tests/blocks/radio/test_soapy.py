"""soapy_source and soapy_sink, with a device that keeps SoapySDR's call contract."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from semradio.blocks.api import Array, BlockError, ItemType, ParameterError, SemradioError, Tag
from semradio.blocks.api.harness import Harness
from semradio.blocks.radio.soapy_sink import SoapySink
from semradio.blocks.radio.soapy_source import SoapySource

DEVICE: dict[str, Any] = {"args": "driver=standin", "rate": 1e6, "frequency": 1e9}
X = (0.5 * np.exp(0.3j * np.arange(300))).astype(np.complex64)
START = [1_700_000_000, 0.25]


def receive(count: int, **parameters: Any) -> tuple[Array, list[Tag], SoapySource]:
    """Return at least ``count`` samples, their tags and the block."""
    source = SoapySource(**{**DEVICE, **parameters})
    with Harness(source, {}, 64) as harness:
        while harness.items_out < count:
            harness.step()
        return harness.outputs()[0], harness.tags()[0], source


def test_samples_arrive_whole_and_the_first_is_tagged(stand_in: ModuleType) -> None:
    stand_in.events[:] = [("samples", 5), ("timeout",), ("samples", 70)]
    y, tags, source = receive(500, frequency=1e9 + 33)
    np.testing.assert_array_equal(y, stand_in.wave(np.arange(len(y))))
    assert tags == [Tag(0, "rx_time", START), Tag(0, "rx_rate", 1e6), Tag(0, "rx_freq", 1e9)]
    found = source.results()
    assert (found["items"], found["overflows"], found["lost"]) == (len(y), 0, 0)
    assert found["level_dbfs"] == pytest.approx(20 * np.log10(0.25), abs=1e-3)
    assert (found["rate"], found["frequency"]) == (1e6, 1e9)


def test_device_is_set_and_let_go(stand_in: ModuleType) -> None:
    receive(1, gain=20.0, antenna="B", bandwidth=2e5, channel=1)
    receive(1)
    first, second = stand_in.devices
    assert first.state == second.state == "gone"
    assert first.calls == [
        ("antenna", "B"),
        ("rate", 1e6),
        ("bandwidth", 2e5),
        ("frequency", 1e9),
        ("gain mode", False),
        ("gain", 20.0),
    ]
    assert ("gain mode", True) in second.calls


def test_lost_samples_are_counted_by_the_clock(stand_in: ModuleType) -> None:
    stand_in.events[:] = [("samples", 50), ("overflow", 1234), ("samples", 7)]
    y, tags, source = receive(200)
    np.testing.assert_array_equal(y[:50], stand_in.wave(np.arange(50)))
    np.testing.assert_array_equal(y[50:100], stand_in.wave(np.arange(1284, 1334)))
    assert [tag for tag in tags if tag.index] == [
        Tag(50, "gap", 1234),
        Tag(50, "rx_time", [1_700_000_000, 0.251284]),
        Tag(50, "rx_rate", 1e6),
        Tag(50, "rx_freq", 1e9),
    ]
    assert (source.overflows, source.lost) == (1, 1234)


def test_without_a_clock_the_gap_has_no_length(stand_in: ModuleType) -> None:
    stand_in.settings["times"] = False
    stand_in.events[:] = [("samples", 50), ("overflow", 1234)]
    _, tags, source = receive(200)
    assert tags == [
        Tag(0, "rx_rate", 1e6),
        Tag(0, "rx_freq", 1e9),
        Tag(50, "gap", None),
        Tag(50, "rx_rate", 1e6),
        Tag(50, "rx_freq", 1e9),
    ]
    assert (source.overflows, source.lost) == (1, 0)


def test_a_change_is_announced_where_it_is_heard(stand_in: ModuleType) -> None:
    source = SoapySource(**DEVICE)
    with Harness(source, {}, 30) as harness:
        harness.step()
        assert harness.change({"frequency": 2e9, "gain": 10.0}) == 30
        offer = "gain' is 70, but the radio device offers 0 to 50"
        with pytest.raises(ParameterError, match=offer):
            harness.change({"gain": 70.0})
        with pytest.raises(ParameterError, match=r"offers 100000 to 200000, 1e\+06 to 1e\+07"):
            harness.change({"rate": 5e5})
        while harness.items_out < 200:
            harness.step()
        tags = harness.tags()[0]
    # 70 of the 100 samples of the first read were still here.
    assert [tag.index for tag in tags if tag.key == "rx_freq"] == [0, 100]
    assert Tag(100, "rx_freq", 2e9) in tags
    assert Tag(30, "soapy_source.frequency", 2e9) in tags
    assert stand_in.devices[0].values == {"rate": 1e6, "frequency": 2e9, "gain": 10.0}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"args": "driver=none"}, r"parameter 'args': the radio device says: .* no match"),
        ({"channel": 2}, "has 2 channels"),
        ({"frequency": 1e12}, "'frequency' is 1e\\+12, but the radio device offers 1e\\+06"),
        ({"antenna": "C"}, "'antenna': the radio device says: no antenna C"),
    ],
)
@pytest.mark.parametrize("block", [SoapySource, SoapySink])
def test_what_a_device_refuses(
    stand_in: ModuleType, block: Any, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        block(**{**DEVICE, **parameters})(*([10] if block is SoapySource else [X]))
    assert all(device.state == "gone" for device in stand_in.devices)


def test_a_device_that_fails_is_told(stand_in: ModuleType) -> None:
    stand_in.events[:] = [("samples", 9), ("error", stand_in.SOAPY_SDR_STREAM_ERROR)]
    with pytest.raises(BlockError, match=r"item 9: the radio device failed: STREAM_ERROR \(-2\)"):
        receive(100)
    assert stand_in.devices[0].state == "gone"


def test_a_device_that_is_silent_is_told(stand_in: ModuleType) -> None:
    stand_in.events[:] = [("timeout",)] * 1_000_000
    with pytest.raises(BlockError, match=r"no samples for 0\.02 s"):
        receive(1, timeout=0.02)


def test_a_device_that_does_not_start(stand_in: ModuleType) -> None:
    stand_in.settings["activate"] = -5
    with pytest.raises(BlockError, match=r"does not start: NOT_SUPPORTED \(-5\)"):
        receive(1)


@pytest.mark.parametrize("block", [SoapySource, SoapySink])
def test_a_missing_module_is_named(monkeypatch: pytest.MonkeyPatch, block: Any) -> None:
    monkeypatch.setitem(sys.modules, "SoapySDR", None)
    with pytest.raises(SemradioError, match=r"python3-soapysdr .*--system-site-packages"):
        block(**DEVICE)(*([10] if block is SoapySource else [X]))


# Transmitting ----------------------------------------------------------------------------------


def send(*tags: Tag, chunk: int = 50, **parameters: Any) -> SoapySink:
    sink = SoapySink(**{**DEVICE, "linger": 0.01, **parameters})
    sink(X, tags=tags, chunk=chunk)
    return sink


def test_a_stream_without_tags_is_one_burst_with_an_end(stand_in: ModuleType) -> None:
    sink = send()
    (burst,) = stand_in.devices[0].sent()
    np.testing.assert_array_equal(burst, np.append(X, np.complex64(0)))
    assert stand_in.devices[0].writes[-1][1] == stand_in.SOAPY_SDR_END_BURST
    found = sink.results()
    assert (found["items"], found["bursts"], found["between"]) == (300, 1, 0)
    assert found["level_dbfs"] == pytest.approx(20 * np.log10(0.5), abs=1e-3)
    assert found["peak_dbfs"] == pytest.approx(20 * np.log10(0.5), abs=0.02)
    assert stand_in.devices[0].state == "gone"


@pytest.mark.parametrize("chunk", [1, 50, 300])
def test_bursts_by_their_ends(stand_in: ModuleType, chunk: int) -> None:
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
    first, second, third = stand_in.devices[0].sent()
    np.testing.assert_array_equal(first, X[:100])
    np.testing.assert_array_equal(second, X[200:210])
    np.testing.assert_array_equal(third, X[250:251])
    timed = [(w[2], w[1] & 4) for w in stand_in.devices[0].writes]
    assert [t for t in timed if t[1]] == [(12_500_000_000, 4)]
    assert (sink.items, sink.between, sink.bursts) == (111, 189, 3)


def test_bursts_by_their_length(stand_in: ModuleType) -> None:
    sink = send(Tag(0, "n", 100), Tag(120, "n", 100), Tag(150, "n", 10), length_tag="n")
    first, second = stand_in.devices[0].sent()
    np.testing.assert_array_equal(first, X[:100])
    np.testing.assert_array_equal(second, X[120:160])
    assert (sink.items, sink.between, sink.bursts) == (140, 160, 2)
    assert sink.notes == ["a burst at item 150 begins 70 samples early"]


def test_a_burst_that_is_cut_short_by_the_end(stand_in: ModuleType) -> None:
    sink = send(Tag(200, "packet_len", 150))
    assert stand_in.devices[0].writes[-1][1] & stand_in.SOAPY_SDR_END_BURST
    assert "50 samples of the last burst were missing" in sink.notes


def test_short_writes_and_timeouts_lose_nothing(stand_in: ModuleType) -> None:
    stand_in.settings["room"] = 7
    stand_in.events[:] = [("timeout",), ("error", stand_in.SOAPY_SDR_UNDERFLOW), ("timeout",)]
    sink = send(Tag(0, "packet_len", 300))
    (burst,) = stand_in.devices[0].sent()
    np.testing.assert_array_equal(burst, X)
    assert sink.underflows == 1


def test_reports_are_counted(stand_in: ModuleType) -> None:
    stand_in.reports[:] = [(-7, 0), (-6, 0), (-7, 0), (0, 0), (-1, 0)]
    sink = send()
    assert (sink.underflows, sink.late) == (2, 1)
    assert sink.notes[:2] == [
        "2 times the device ran out of samples",
        "1 times samples came after their time",
    ]


def test_the_end_waits_until_the_last_burst_has_left(stand_in: ModuleType) -> None:
    stand_in.reports[:] = [(-1, 0)] * 8 + [(0, stand_in.SOAPY_SDR_END_BURST)]
    send(linger=60.0)
    assert stand_in.devices[0].reports == []


def test_a_device_without_reports_is_not_asked_for_ever(stand_in: ModuleType) -> None:
    stand_in.settings["status"] = stand_in.SOAPY_SDR_NOT_SUPPORTED
    assert send().results()["underflows"] == 0


def test_samples_beyond_full_scale_are_counted(stand_in: ModuleType) -> None:
    sink = SoapySink(**DEVICE, linger=0.0)
    found = sink(X * np.float32(2.5))
    assert found["clipped"] == int(
        (np.abs((X * 2.5).view(np.float32)).reshape(-1, 2) > 1).any(1).sum()
    )
    assert any("clipped" in note for note in sink.notes)


def test_a_device_that_takes_nothing_is_told(stand_in: ModuleType) -> None:
    stand_in.events[:] = [("timeout",)] * 1_000_000
    with pytest.raises(BlockError, match=r"taken no samples for 0\.02 s"):
        send(timeout=0.02)
    assert stand_in.devices[0].state == "gone"


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        (Tag(0, "packet_len", 0), "at least 1"),
        (Tag(0, "packet_len", "7"), "at least 1"),
        (Tag(0, "tx_time", 3.0), r"must be \[seconds, fraction\]"),
    ],
)
@pytest.mark.usefixtures("stand_in")
def test_tags_that_are_wrong(tag: Tag, message: str) -> None:
    with pytest.raises(BlockError, match=message):
        send(tag)


def test_live_changes_reach_the_transmitter(stand_in: ModuleType) -> None:
    sink = SoapySink(**DEVICE, linger=0.0)
    with Harness(sink, {"x": ItemType("complex64")}) as harness:
        harness.push(X)
        harness.change({"gain": 3.0, "frequency": 2e9})
        harness.push(X)
        harness.end()
    assert stand_in.devices[0].values == {"rate": 1e6, "frequency": 2e9, "gain": 3.0}
    assert sink.results()["frequency"] == 2e9
