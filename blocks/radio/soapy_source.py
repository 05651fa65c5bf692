"""Samples from a radio receiver."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from semradio.blocks.api import Array, Output, Source, StreamError, block, parameter, state
from semradio.blocks.api.tag import GAP
from semradio.blocks.radio.radio_tags import NS, RX_FREQ, RX_RATE, RX_TIME, time_value
from semradio.blocks.radio.signal_level import SignalLevel
from semradio.blocks.radio.soapy_device import POLL_US, SoapyDevice

_READ_S = 0.05
"""Seconds of samples that are asked for at once at most."""

_TUNED = ("antenna", "rate", "bandwidth", "frequency", "gain")
"""In the order in which devices want to be set."""


@block("soapy_source", category="radio")
class SoapySource(Source):
    """Give the samples that a radio device receives, through SoapySDR; full scale is 1.0 per rail.

    The first sample, and the first after a loss, carries ``rx_time`` (where the device knows the
    time), ``rx_rate`` and ``rx_freq``, by GNU Radio's names and with the values that the device
    really has. Samples that were lost leave the tag ``gap``: how many, or null where the device
    does not tell the time. A change of ``frequency`` or ``rate`` is announced on the first sample
    that is read after it. USRPs are reached by SoapySDR's driver ``uhd``: ``driver=uhd``.

    Results:
        ``items``; ``overflows``, how often the device reported a loss; ``lost``, samples that are
        known to be missing; ``level_dbfs``, ``peak_dbfs`` and ``clipped`` of what was read;
        ``rate`` and ``frequency``.

    Raises:
        SemradioError: SoapySDR is not installed; the message says which package it is in.
        ParameterError: there is no such device, or it refuses a value.
        StreamError: the device failed, or gave nothing for ``timeout``.

    Example:
        With the device that stands in for a radio in semradio's tests; yours has other ``args``.

        >>> source = SoapySource(args="driver=standin", rate=1e6, frequency=433e6, gain=20)
        >>> link = Flowgraph("receive")
        >>> sink = VectorSink()
        >>> link.connect(source, Head(items=100), sink)
        >>> results = link.run()
        >>> sink.data.dtype, len(sink.data)
        (dtype('complex64'), 100)
    """

    args: str = parameter("", doc="Which device: driver=rtlsdr, driver=uhd,serial=..., ...")
    rate: float = parameter(unit="samples/s", above=0, live=True, doc="Sample rate.")
    frequency: float = parameter(unit="Hz", low=0, live=True, doc="Centre frequency.")
    gain: float | None = parameter(
        None, unit="dB", live=True, doc="Gain; the device's own control if not given."
    )
    antenna: str | None = parameter(None, doc="Antenna port; the device's first if not given.")
    bandwidth: float | None = parameter(
        None, unit="Hz", above=0, doc="Width of the filter; the device's choice if not given."
    )
    channel: int = parameter(0, low=0, high=255, doc="Number of the receive channel.")
    timeout: float = parameter(
        5.0, unit="s", above=0, high=3600, doc="How long the device may give nothing."
    )

    y = Output("complex64", doc="The received samples.")

    items: int = state(0, doc="Samples handed on.")
    overflows: int = state(0, doc="Losses that the device reported.")
    lost: int = state(0, doc="Samples known to be missing.")
    level: SignalLevel = state(factory=SignalLevel, doc="Strength of the samples read.")
    tuned: dict[str, float] = state(factory=dict, doc="Rate and frequency as the device has them.")

    _device: SoapyDevice | None = None

    def configure(self) -> None:
        if self._device is not None:
            for name in ("rate", "frequency", "gain"):
                self._device.check(name, getattr(self, name))

    def start(self) -> None:
        self._device = device = SoapyDevice(self.args, transmit=False, channel=self.channel)
        for name in _TUNED:
            if name == "gain" or getattr(self, name) is not None:
                device.tune(name, getattr(self, name))
        device.set_up()
        self._codes = device.soapy
        self._held = np.empty(0, np.complex64)
        self._announce = {RX_TIME, RX_RATE, RX_FREQ}
        self._expected_ns: float | None = None
        self._lossy = False
        self._note_tuned()

    def on_start(self) -> None:
        assert self._device is not None  # between start() and stop()
        self._device.activate()
        self._heard = time.monotonic()

    def stop(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            device.close()

    def changed(self, name: str, at: int) -> None:
        assert self._device is not None  # between start() and stop()
        if name == "gain":
            self._device.tune(name, self.gain)
        elif name in ("rate", "frequency"):
            self._device.tune(name, getattr(self, name))
            self._announce |= {RX_TIME, RX_RATE, RX_FREQ}
            self._expected_ns = None
            self._note_tuned()

    def work(self, n: int, at: int) -> Array | None:
        if not len(self._held):
            read = self._read(n, at)
            if read is None:
                return None
            self._held = read
        y, self._held = self._held[:n], self._held[n:]
        self.items += len(y)
        return y

    def results(self) -> dict[str, Any]:
        return {
            "items": self.items,
            "overflows": self.overflows,
            "lost": self.lost,
            **self.level.results(),
            **self.tuned,
        }

    def _note_tuned(self) -> None:
        assert self._device is not None
        self.tuned = {"rate": self._device.rate, "frequency": self._device.frequency}

    def _read(self, n: int, at: int) -> Array | None:
        """Return what the device has, the first of it to become item ``at``; None for nothing."""
        device = self._device
        assert device is not None
        size = min(device.mtu, max(n, int(self.tuned["rate"] * _READ_S)))
        # A new array each time: what was handed out belongs to others.
        x = np.empty(size, np.complex64)
        got = device.device.readStream(device.stream, [x], size, timeoutUs=POLL_US)
        if got.ret <= 0:
            self._nothing(got.ret)
            return None
        self._heard = time.monotonic()
        timed = bool(got.flags & self._codes.SOAPY_SDR_HAS_TIME)
        self._follow(got.timeNs if timed else None, got.ret, at)
        x = x[: got.ret]
        self.level.add(x)
        return x

    def _nothing(self, code: int) -> None:
        """Take note of a read that gave no samples."""
        codes = self._codes
        assert self._device is not None
        if code == codes.SOAPY_SDR_OVERFLOW:
            self.overflows += 1
            self._lossy = True
            self._heard = time.monotonic()
        elif code == codes.SOAPY_SDR_CORRUPTION:
            self._lossy = True
        elif code not in (0, codes.SOAPY_SDR_TIMEOUT):
            raise StreamError(f"the radio device failed: {self._device.error(code)}")
        if time.monotonic() - self._heard > self.timeout:
            raise StreamError(f"the radio device has given no samples for {self.timeout:g} s")

    def _follow(self, time_ns: int | None, count: int, at: int) -> None:
        """Compare the time of a block's first sample with what was due, and leave tags on it."""
        rate = self.tuned["rate"]
        if time_ns is not None and self._expected_ns is not None:
            lost = round((time_ns - self._expected_ns) * rate / NS)
            if lost:
                self._announce |= {RX_TIME, RX_RATE, RX_FREQ}
            if lost > 0:
                self.lost += lost
                self.tag(GAP, lost, at)
        elif self._lossy:
            self._announce |= {RX_TIME, RX_RATE, RX_FREQ}
            self.tag(GAP, None, at)
        self._lossy = False
        self._expected_ns = None if time_ns is None else time_ns + count * NS / rate
        if self._announce:
            values: dict[str, Any] = {
                RX_TIME: None if time_ns is None else time_value(time_ns),
                RX_RATE: rate,
                RX_FREQ: self.tuned["frequency"],
            }
            for key, value in values.items():
                if key in self._announce and value is not None:
                    self.tag(key, value, at)
            self._announce = set()
