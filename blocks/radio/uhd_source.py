"""Samples from the receiver of a USRP."""

from __future__ import annotations

import math
import time
from typing import Any, Literal

import numpy as np

from semradio.blocks.api import Array, Output, Source, StreamError, block, parameter, state
from semradio.blocks.api.tag import GAP
from semradio.blocks.radio.radio_tags import NS, RX_FREQ, RX_RATE, RX_TIME, time_value
from semradio.blocks.radio.signal_level import SignalLevel
from semradio.blocks.radio.uhd_device import POLL_S, SETTLE_NS, UhdDevice, channel_list, spec_ns

_READ_S = 0.05
"""Seconds of samples that are asked for at once at most."""

_TUNED = ("antenna", "rate", "bandwidth", "frequency", "gain")
"""In the order in which devices want to be set."""

_LEAD_NS = 50_000_000
"""From a live change to the time it is ordered for: the samples on the way are over by then."""


@block("uhd_source", category="radio")
class UhdSource(Source):
    """Give the samples that channels of a USRP receive, through UHD; full scale is 1.0 per rail.

    Several channels start at the same sample and go on together, one output each. The first
    sample, and the first after a loss, carries ``rx_time``, ``rx_rate`` and ``rx_freq``, by GNU
    Radio's names and with the values that the device really has; samples that were lost leave the
    tag ``gap``: how many. A live change of ``frequency`` or ``gain`` is a timed command, for all
    channels at one moment 50 ms ahead; ``rx_freq`` stands on the very sample from which a new
    frequency counts.

    Results:
        ``items``; ``overflows``, how often the device reported a loss; ``lost``, samples that are
        known to be missing; ``level_dbfs``, ``peak_dbfs`` and ``clipped`` of what the first
        channel received; ``rate`` and ``frequency``.

    Raises:
        SemradioError: UHD is not installed; the message says which package it is in.
        ParameterError: there is no such device or channel, or it refuses a value.
        StreamError: the device failed, or gave nothing for ``timeout``.

    Example:
        With the device that stands in for a radio in semradio's tests; yours has other ``args``.

        >>> link = Flowgraph("receive")
        >>> source = UhdSource(args="type=standin", rate=1e6, frequency=433e6, gain=20)
        >>> sink = VectorSink()
        >>> link.connect(source, Head(items=100), sink)
        >>> results = link.run()
        >>> sink.data.dtype, len(sink.data)
        (dtype('complex64'), 100)
    """

    args: str = parameter("", doc="Which device: type=b200, addr=192.168.10.2, ...")
    rate: float = parameter(unit="samples/s", above=0, doc="Sample rate.")
    frequency: float = parameter(unit="Hz", low=0, live=True, doc="Centre frequency.")
    gain: float | None = parameter(
        None, unit="dB", live=True, doc="Gain; the device's own control if not given."
    )
    antenna: str | None = parameter(None, doc="Antenna port; the device's own choice if not given.")
    bandwidth: float | None = parameter(
        None, unit="Hz", above=0, doc="Width of the filter; the device's choice if not given."
    )
    num_channels: int = parameter(1, low=1, high=64, doc="Number of channels.")
    channels: list[int] = parameter([], doc="Which channels; the first ones if empty.")
    clock_source: str | None = parameter(None, doc="internal, external, gpsdo, ...")
    time_source: str | None = parameter(None, doc="internal, external, gpsdo, ...")
    wire_format: Literal["sc16", "sc12", "sc8"] = parameter(
        "sc16", doc="Format of the samples on their way to this computer."
    )
    timeout: float = parameter(
        5.0, unit="s", above=0, high=3600, doc="How long the device may give nothing."
    )

    y = Output("complex64", count="num_channels", doc="The received samples: y[0], y[1], ...")

    items: int = state(0, doc="Samples handed on.")
    overflows: int = state(0, doc="Losses that the device reported.")
    lost: int = state(0, doc="Samples known to be missing.")
    level: SignalLevel = state(factory=SignalLevel, doc="Strength of the samples read.")
    tuned: dict[str, float] = state(factory=dict, doc="Rate and frequency as the device has them.")

    _device: UhdDevice | None = None

    def configure(self) -> None:
        self._used = channel_list(self.channels, self.num_channels)
        if self._device is not None:
            for name in ("frequency", "gain"):
                self._device.check(name, getattr(self, name))

    def start(self) -> None:
        self._device = device = UhdDevice(
            self.args,
            transmit=False,
            channels=self._used,
            clock=self.clock_source,
            time=self.time_source,
        )
        for name in _TUNED:
            if name == "gain" or getattr(self, name) is not None:
                device.tune(name, getattr(self, name))
        device.set_up(self.wire_format)
        self._running = False
        self._metadata = device.uhd.types.RXMetadata()
        self._held = np.empty((len(self._used), 0), np.complex64)
        self._announce = True
        self._expected_ns: int | None = None
        self._retuned: list[int] = []
        self._lossy = False
        self.tuned = {"rate": device.rate, "frequency": device.frequency}

    def on_start(self) -> None:
        device = self._device
        assert device is not None  # between start() and stop()
        types = device.uhd.types
        command = types.StreamCMD(types.StreamMode.start_cont)
        # Several channels begin at the same sample only if they are told a time.
        command.stream_now = len(self._used) == 1
        if not command.stream_now:
            command.time_spec = device.time_spec(device.now_ns + SETTLE_NS)
        device.stream.issue_stream_cmd(command)
        self._running = True
        self._heard = time.monotonic()

    def stop(self) -> None:
        device, self._device = self._device, None
        if device is None:
            return
        if device.stream is not None and self._running:
            types = device.uhd.types
            device.stream.issue_stream_cmd(types.StreamCMD(types.StreamMode.stop_cont))
        device.close()

    def changed(self, name: str, at: int) -> None:
        device = self._device
        assert device is not None  # between start() and stop()
        if name not in ("frequency", "gain"):
            return
        when = device.now_ns + _LEAD_NS
        device.at_time(when, lambda: device.tune(name, getattr(self, name)))
        if name == "frequency":
            self._retuned.append(when)

    def work(self, n: int, at: int) -> tuple[Array, ...] | None:
        if not self._held.shape[1]:
            read = self._read(n, at)
            if read is None:
                return None
            self._held = read
        y, self._held = self._held[:, :n], self._held[:, n:]
        self.items += y.shape[1]
        return tuple(y)

    def results(self) -> dict[str, Any]:
        return {
            "items": self.items,
            "overflows": self.overflows,
            "lost": self.lost,
            **self.level.results(),
            **self.tuned,
        }

    def _read(self, n: int, at: int) -> Array | None:
        """Return what the device has, the first of it to become item ``at``; None for nothing."""
        device = self._device
        assert device is not None
        size = min(device.most, max(n, int(self.tuned["rate"] * _READ_S)))
        # A new array each time: what was handed out belongs to others.
        x = np.empty((len(self._used), size), np.complex64)
        metadata = self._metadata
        count = device.stream.recv(x, metadata, POLL_S)
        self._note_error(metadata)
        if not count:
            if time.monotonic() - self._heard > self.timeout:
                raise StreamError(f"the radio device has given no samples for {self.timeout:g} s")
            return None
        self._heard = time.monotonic()
        begin = spec_ns(metadata.time_spec) if metadata.has_time_spec else None
        self._follow(begin, count, at)
        x = x[:, :count]
        self.level.add(x[0])
        return x

    def _note_error(self, metadata: Any) -> None:
        assert self._device is not None
        codes = self._device.uhd.types.RXMetadataErrorCode
        code = metadata.error_code
        if code in (codes.none, codes.timeout):
            return
        if code == codes.overflow:
            # Out of sequence: packets were lost on the way, not in the device.
            self.overflows += 1
        elif code not in (codes.alignment, codes.bad_packet):
            raise StreamError(f"the radio device failed: {metadata.strerror()}")
        self._lossy = True
        self._heard = time.monotonic()

    def _follow(self, begin: int | None, count: int, at: int) -> None:
        """Compare the time of the first sample with what was due, and leave tags on the samples."""
        rate = self.tuned["rate"]
        if begin is not None and self._expected_ns is not None:
            lost = round((begin - self._expected_ns) * rate / NS)
            if lost:
                self._announce = True
            if lost > 0:
                self.lost += lost
                self.tag(GAP, lost, at)
        elif self._lossy:
            self._announce = True
            self.tag(GAP, None, at)
        self._lossy = False
        if self._announce:
            if begin is not None:
                self.tag(RX_TIME, time_value(begin), at)
            self.tag(RX_RATE, rate, at)
            self.tag(RX_FREQ, self.tuned["frequency"], at)
            self._announce = False
        if begin is None:
            self._expected_ns = None
            return
        end = begin + round(count * NS / rate)
        self._expected_ns = end
        while self._retuned and self._retuned[0] < end:
            sample = math.ceil((self._retuned.pop(0) - begin) * rate / NS - 1e-6)
            self.tuned = self.tuned | {"frequency": self._device_frequency()}
            self.tag(RX_FREQ, self.tuned["frequency"], at + max(0, sample))

    def _device_frequency(self) -> float:
        assert self._device is not None
        return self._device.frequency
