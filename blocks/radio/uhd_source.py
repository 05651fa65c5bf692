"""Samples from the receiver of a USRP."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from semradio.blocks.api import Array, Output, StreamError, block, parameter
from semradio.blocks.radio.radio_source import RadioSource
from semradio.blocks.radio.radio_tags import NS, RX_FREQ
from semradio.blocks.radio.uhd_device import POLL_S, SETTLE_NS, UhdDevice, channel_list, spec_ns

_LEAD_NS = 50_000_000
"""From a live change to the time it is ordered for: the samples on the way are over by then."""


@block("uhd_source", category="radio")
class UhdSource(RadioSource[UhdDevice]):
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

    def configure(self) -> None:
        super().configure()
        self._used = channel_list(self.channels, self.num_channels)

    def start(self) -> None:
        self._device = device = UhdDevice(
            self.args,
            transmit=False,
            channels=self._used,
            clock=self.clock_source,
            time=self.time_source,
        )
        self.tune(gain_by_itself=True)
        device.set_up(self.wire_format)
        self._running = False
        self._metadata = device.uhd.types.RXMetadata()
        self._retuned: list[int] = []
        super().start()

    def on_start(self) -> None:
        device = self.device
        types = device.uhd.types
        command = types.StreamCMD(types.StreamMode.start_cont)
        # Several channels begin at the same sample only if they are told a time.
        command.stream_now = len(self._used) == 1
        if not command.stream_now:
            command.time_spec = device.time_spec(device.now_ns + SETTLE_NS)
        device.stream.issue_stream_cmd(command)
        self._running = True
        super().on_start()

    def stop(self) -> None:
        device = self._device
        if device is not None and device.stream is not None and self._running:
            types = device.uhd.types
            device.stream.issue_stream_cmd(types.StreamCMD(types.StreamMode.stop_cont))
        super().stop()

    def changed(self, name: str, at: int) -> None:
        device = self.device
        if name not in self.live_values:
            return
        when = device.now_ns + _LEAD_NS
        device.at_time(when, lambda: device.tune(name, getattr(self, name)))
        if name == "frequency":
            self._retuned.append(when)

    def work(self, n: int, at: int) -> tuple[Array, ...] | None:
        x = self.receive(n, at)
        return None if x is None else tuple(x)

    def read(self, size: int) -> tuple[Array | None, int | None]:
        device, metadata = self.device, self._metadata
        x = np.empty((len(self._used), min(device.most, size)), np.complex64)
        count = device.stream.recv(x, metadata, POLL_S)
        self._note_error(metadata)
        if not count:
            return None, None
        return x[:, :count], spec_ns(metadata.time_spec) if metadata.has_time_spec else None

    def _note_error(self, metadata: Any) -> None:
        codes = self.device.uhd.types.RXMetadataErrorCode
        code = metadata.error_code
        if code in (codes.none, codes.timeout):
            return
        if code == codes.overflow:
            # Out of sequence: packets were lost on the way, not in the device.
            self.overflows += 1
        elif code not in (codes.alignment, codes.bad_packet):
            raise StreamError(f"the radio device failed: {metadata.strerror()}")
        self.note_loss()

    def follow(self, begin: int | None, count: int, at: int) -> None:
        super().follow(begin, count, at)
        if begin is None:
            return
        rate = self.tuned["rate"]
        end = begin + round(count * NS / rate)
        while self._retuned and self._retuned[0] < end:
            sample = math.ceil((self._retuned.pop(0) - begin) * rate / NS - 1e-6)
            self.note_tuned()
            self.tag(RX_FREQ, self.tuned["frequency"], at + max(0, sample))
