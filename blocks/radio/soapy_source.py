"""Samples from a radio receiver."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, Output, StreamError, block, parameter
from semradio.blocks.radio.radio_source import RadioSource
from semradio.blocks.radio.soapy_device import POLL_US, SoapyDevice


@block("soapy_source", category="radio")
class SoapySource(RadioSource[SoapyDevice]):
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

    def start(self) -> None:
        self._device = device = SoapyDevice(self.args, transmit=False, channel=self.channel)
        self.tune(gain_by_itself=True)
        device.set_up()
        super().start()

    def on_start(self) -> None:
        self.device.activate()
        super().on_start()

    def changed(self, name: str, at: int) -> None:
        if name in self.live_values:
            self.device.tune(name, getattr(self, name))
            if name != "gain":
                self.announce()

    def work(self, n: int, at: int) -> Array | None:
        x = self.receive(n, at)
        return None if x is None else x[0]

    def read(self, size: int) -> tuple[Array | None, int | None]:
        device, codes = self.device, self.device.soapy
        size = min(device.mtu, size)
        x = np.empty((1, size), np.complex64)
        got = device.device.readStream(device.stream, [x[0]], size, timeoutUs=POLL_US)
        if got.ret > 0:
            timed = bool(got.flags & codes.SOAPY_SDR_HAS_TIME)
            return x[:, : got.ret], got.timeNs if timed else None
        if got.ret == codes.SOAPY_SDR_OVERFLOW:
            self.overflows += 1
            self.note_loss()
        elif got.ret == codes.SOAPY_SDR_CORRUPTION:
            self.note_loss(heard=False)
        elif got.ret not in (0, codes.SOAPY_SDR_TIMEOUT):
            raise StreamError(f"the radio device failed: {device.error(got.ret)}")
        return None, None
