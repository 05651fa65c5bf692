"""Stands in for UHD's Python module: its names, its call contract, one device without radio.

It keeps what the module of version 4.3 keeps: buffers of shape (channels, samples), metadata that
the caller owns and that each call fills in, times of whole seconds and a fraction, commands with a
time, fewer samples than asked for, and refusals by RuntimeError. It is stricter where a real driver
would misbehave: buffers of another type, calls in the wrong order, a stream that is left running.

What the device receives is a list of events: ``("samples", n)``, ``("overflow", lost)``,
``("timeout",)``, ``("error", name)``. Sample i of channel c has the value ``wave(i, c)``; after the
events come samples without end.
"""

from __future__ import annotations

import enum
from types import SimpleNamespace
from typing import Any

import numpy as np

events: list[tuple[Any, ...]] = []
"""What the next device is to receive, or, when sending, to refuse."""
settings: dict[str, Any] = {}
"""Of the next device: ``most`` (samples in one packet), ``room`` (samples it takes at once),
``timed`` (whether received samples carry their time)."""
reports: list[str] = []
"""Names of the asynchronous events that come."""
devices: list[MultiUSRP] = []
"""Every device that was opened."""

START = 1_700_000_000.25


def wave(index: np.ndarray, channel: int = 0) -> np.ndarray:
    """What is on the air at sample ``index``."""
    return (0.25 * np.exp(0.1j * (channel + 1) * np.asarray(index))).astype(np.complex64)


class TimeSpec:
    def __init__(self, full: float = 0, frac: float = 0.0) -> None:
        self.full, self.frac = int(full), frac + (full - int(full))

    def get_full_secs(self) -> int:
        return self.full

    def get_frac_secs(self) -> float:
        return self.frac

    def get_real_secs(self) -> float:
        return self.full + self.frac


class TuneRequest:
    def __init__(self, target_freq: float = 0.0) -> None:
        assert isinstance(target_freq, float)
        self.target_freq = target_freq


class StreamMode(enum.Enum):
    start_cont = 97
    stop_cont = 111
    num_done = 100
    num_more = 109


class StreamCMD:
    def __init__(self, mode: StreamMode) -> None:
        self._mode = mode
        self.num_samps, self.stream_now, self.time_spec = 0, True, TimeSpec(0)


class RXMetadataErrorCode(enum.Enum):
    none = 0
    timeout = 1
    late = 2
    broken_chain = 4
    overflow = 8
    alignment = 12
    bad_packet = 15


class RXMetadata:
    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.has_time_spec, self.time_spec = False, TimeSpec(0)
        self.error_code, self.out_of_sequence = RXMetadataErrorCode.none, False
        self.more_fragments = self.start_of_burst = self.end_of_burst = False

    def strerror(self) -> str:
        return f"ERROR_CODE_{self.error_code.name.upper()}"


class TXMetadata:
    def __init__(self) -> None:
        self.has_time_spec, self.time_spec = False, TimeSpec(0)
        self.start_of_burst = self.end_of_burst = False


class TXMetadataEventCode(enum.Enum):
    burst_ack = 0x1
    underflow = 0x2
    seq_error = 0x4
    time_error = 0x8
    underflow_in_packet = 0x10
    seq_error_in_packet = 0x20
    user_payload = 0x40


class TXAsyncMetadata:
    def __init__(self) -> None:
        self.channel, self.has_time_spec, self.time_spec = 0, False, TimeSpec(0)
        self.event_code = TXMetadataEventCode.user_payload


class MetaRange:
    def __init__(self, start: float, stop: float, step: float = 0.0) -> None:
        self._start, self._stop, self._step = start, stop, step

    def start(self) -> float:
        return self._start

    def stop(self) -> float:
        return self._stop


class StreamArgs:
    def __init__(self, cpu: str, wire: str) -> None:
        self.cpu_format, self.otw_format, self.args = cpu, wire, ""
        self.channels: list[int] = []


class MultiUSRP:
    def __init__(self, args: str = "") -> None:
        if args != "type=standin":
            raise RuntimeError(
                "LookupError: KeyError: No devices found for ----->\nDevice Address:"
            )
        self.events, self.reports = list(events), list(reports)
        self.timed = settings.get("timed", True)
        self.most, self.room = settings.get("most", 100), settings.get("room", 64)
        self.calls: list[tuple[Any, ...]] = []
        self.values: dict[tuple[str, int], Any] = {}
        self.command_time: float | None = None
        self.streams: list[Streamer] = []
        devices.append(self)

    def _set(self, name: str, value: Any, channel: int) -> None:
        if not 0 <= channel < 2:
            raise RuntimeError(f"IndexError: no channel {channel}")
        self.calls.append((name, value, channel, self.command_time))
        self.values[name, channel] = value

    def get_num_channels(self) -> int:
        return 2

    get_rx_num_channels = get_tx_num_channels = get_num_channels

    def set_rate(self, rate: float, chan: int = 0) -> None:
        self._set("rate", rate, chan)

    set_rx_rate = set_tx_rate = set_rate

    def get_rate(self, chan: int = 0) -> float:
        return float(self.values["rate", chan])

    get_rx_rate = get_tx_rate = get_rate

    def set_freq(self, request: TuneRequest, chan: int = 0) -> SimpleNamespace:
        assert isinstance(request, TuneRequest)
        # Synthesisers have steps; what was asked for is not what one gets.
        self._set("frequency", float(round(request.target_freq / 100) * 100), chan)
        return SimpleNamespace(actual_rf_freq=self.values["frequency", chan])

    set_rx_freq = set_tx_freq = set_freq

    def get_freq(self, chan: int = 0) -> float:
        return float(self.values["frequency", chan])

    get_rx_freq = get_tx_freq = get_freq

    def set_gain(self, gain: float, chan: int = 0) -> None:
        self._set("gain", gain, chan)

    set_rx_gain = set_tx_gain = set_gain

    def set_rx_agc(self, enable: bool, chan: int = 0) -> None:
        self._set("agc", enable, chan)

    def set_bandwidth(self, bandwidth: float, chan: int = 0) -> None:
        self._set("bandwidth", bandwidth, chan)

    set_rx_bandwidth = set_tx_bandwidth = set_bandwidth

    def set_antenna(self, ant: str, chan: int = 0) -> None:
        if ant not in ("TX/RX", "RX2"):
            raise RuntimeError(f"RuntimeError: no antenna {ant}")
        self._set("antenna", ant, chan)

    set_rx_antenna = set_tx_antenna = set_antenna

    def get_freq_range(self, chan: int = 0) -> MetaRange:
        return MetaRange(1e6, 6e9)

    get_rx_freq_range = get_tx_freq_range = get_freq_range

    def get_gain_range(self, chan: int = 0) -> MetaRange:
        return MetaRange(0, 50, 1)

    get_rx_gain_range = get_tx_gain_range = get_gain_range

    def get_rates(self, chan: int = 0) -> MetaRange:
        return MetaRange(1e5, 1e7)

    get_rx_rates = get_tx_rates = get_rates

    def set_clock_source(self, source: str) -> None:
        if source not in ("internal", "external"):
            raise RuntimeError(f"ValueError: set_clock_source: unknown option {source}")
        self.calls.append(("clock", source))

    def set_time_source(self, source: str) -> None:
        self.calls.append(("time", source))

    def get_time_now(self, mboard: int = 0) -> TimeSpec:
        now = START
        for stream in self.streams:
            now = max(now, stream.time_of(stream.at).get_real_secs())
        return TimeSpec(int(now), now % 1)

    def set_command_time(self, time_spec: TimeSpec) -> None:
        assert self.command_time is None
        self.command_time = time_spec.get_real_secs()

    def clear_command_time(self) -> None:
        self.command_time = None

    def _stream(self, args: StreamArgs, receives: bool) -> Streamer:
        assert args.cpu_format == "fc32"
        assert args.otw_format in ("sc16", "sc12", "sc8")
        if args.otw_format == "sc12":
            raise RuntimeError("RuntimeError: cannot convert fc32 to sc12")
        self.streams.append(Streamer(self, args.channels, receives))
        return self.streams[-1]

    def get_rx_stream(self, args: StreamArgs) -> Streamer:
        return self._stream(args, True)

    def get_tx_stream(self, args: StreamArgs) -> Streamer:
        return self._stream(args, False)


class Streamer:
    def __init__(self, device: MultiUSRP, channels: list[int], receives: bool) -> None:
        self.device, self.channels, self.receives = device, channels, receives
        self.state, self.at, self.began = "stopped", 0, START
        self.writes: list[tuple[np.ndarray, bool, bool, float | None]] = []

    def time_of(self, index: int) -> TimeSpec:
        seconds = self.began + index / self.device.get_rate(self.channels[0])
        return TimeSpec(int(seconds), seconds % 1)

    def get_max_num_samps(self) -> int:
        return int(self.device.most)

    def get_num_channels(self) -> int:
        return len(self.channels)

    def issue_stream_cmd(self, command: StreamCMD) -> None:
        assert self.receives
        if command._mode is StreamMode.start_cont:
            assert self.state == "stopped"
            # UHD refuses this: the channels would not be aligned.
            if command.stream_now and len(self.channels) > 1:
                raise RuntimeError("RuntimeError: Invalid recv stream command - stream now on ...")
            if not command.stream_now:
                self.began = command.time_spec.get_real_secs()
            self.state = "running"
        else:
            assert self.state == "running"
            self.state = "stopped"

    def recv(self, np_array: np.ndarray, metadata: RXMetadata, timeout: float = 0.1) -> int:
        assert self.state == "running"
        self._check(np_array)
        metadata.reset()
        size = np_array.shape[-1]
        kind, *rest = self.device.events[0] if self.device.events else ("samples", size)
        if kind == "samples":
            count = min(size, self.device.most, rest[0])
            if self.device.events:
                self.device.events[0] = ("samples", rest[0] - count)
                if rest[0] == count:
                    self.device.events.pop(0)
            index = np.arange(self.at, self.at + count)
            for row, channel in zip(np_array, self.channels, strict=True):
                row[:count] = wave(index, channel)
            metadata.has_time_spec = self.device.timed
            metadata.time_spec = self.time_of(self.at)
            self.at += count
            return count
        self.device.events.pop(0)
        if kind == "overflow":
            self.at += rest[0]
        name = rest[0] if kind == "error" else kind
        metadata.error_code = RXMetadataErrorCode[name]
        return 0

    def send(self, np_array: np.ndarray, metadata: TXMetadata, timeout: float = 0.1) -> int:
        assert not self.receives
        self._check(np_array)
        assert metadata.start_of_burst == (self.state == "stopped")
        size = np_array.shape[-1]
        if self.device.events:
            assert self.device.events.pop(0) == ("timeout",)
            return 0
        count = min(size, self.device.room)
        ends = metadata.end_of_burst and count == size
        time = metadata.time_spec.get_real_secs() if metadata.has_time_spec else None
        self.writes.append((np_array[:, :count].copy(), metadata.start_of_burst, ends, time))
        self.state = "stopped" if ends else "running"
        return count

    def recv_async_msg(self, async_metadata: TXAsyncMetadata, timeout: float = 0.1) -> bool:
        assert timeout >= 0
        if not self.device.reports:
            return False
        async_metadata.event_code = TXMetadataEventCode[self.device.reports.pop(0)]
        return True

    def _check(self, buffer: np.ndarray) -> None:
        assert buffer.dtype == np.complex64
        assert buffer.flags.c_contiguous
        if buffer.ndim != 2 or buffer.shape[0] != len(self.channels):
            raise RuntimeError("Number of channels does not match the dimensions of the data array")

    def sent(self) -> list[np.ndarray]:
        """The bursts written so far, each whole; the last one may lack its end."""
        bursts: list[list[np.ndarray]] = [[]]
        for x, _, ends, _ in self.writes:
            bursts[-1].append(x)
            if ends:
                bursts.append([])
        return [np.concatenate(parts, axis=1) for parts in bursts if parts]


usrp = SimpleNamespace(MultiUSRP=MultiUSRP, StreamArgs=StreamArgs)
types = SimpleNamespace(
    MetaRange=MetaRange,
    RXMetadata=RXMetadata,
    RXMetadataErrorCode=RXMetadataErrorCode,
    StreamCMD=StreamCMD,
    StreamMode=StreamMode,
    TimeSpec=TimeSpec,
    TuneRequest=TuneRequest,
    TXAsyncMetadata=TXAsyncMetadata,
    TXMetadata=TXMetadata,
    TXMetadataEventCode=TXMetadataEventCode,
)
