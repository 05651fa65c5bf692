"""Samples to a radio transmitter."""

from __future__ import annotations

import time

import numpy as np

from semradio.blocks.api import Array, Input, StreamError, block, parameter
from semradio.blocks.radio.radio_sink import RadioSink
from semradio.blocks.radio.radio_tags import PACKET_LEN
from semradio.blocks.radio.soapy_device import POLL_US, SoapyDevice


@block("soapy_sink", category="radio")
class SoapySink(RadioSink[SoapyDevice]):
    """Transmit samples by a radio device, through SoapySDR; full scale is 1.0 per rail.

    A stream without tags is one burst from its first sample to its last. Bursts are marked by GNU
    Radio's tags: ``tx_sob`` and ``tx_eob`` on the first and last sample, or ``packet_len`` on the
    first with the number of samples; from the first such tag on, samples between bursts are not
    sent, but counted. ``tx_time``, [whole seconds, fraction], tells when to send its sample. Keep
    ``level_dbfs`` at about -12 for noise-like signals (``iq_level`` does so); what goes beyond
    full scale is clipped by the device. USRPs are reached by ``driver=uhd``.

    Results:
        ``items`` sent, ``between`` (samples not sent), ``bursts`` that were ended,
        ``underflows``, ``late`` (bursts whose time had passed), ``level_dbfs``, ``peak_dbfs`` and
        ``clipped`` of what was sent, ``rate`` and ``frequency`` as the device has them.

    Raises:
        SemradioError: SoapySDR is not installed; the message says which package it is in.
        ParameterError: there is no such device, or it refuses a value.
        StreamError: the device failed, or took nothing for ``timeout``; a tag is malformed.

    Example:
        With the device that stands in for a radio in semradio's tests; yours has other ``args``.

        >>> tone = 0.25 * np.exp(0.1j * np.arange(1000)).astype(np.complex64)
        >>> found = SoapySink(args="driver=standin", rate=1e6, frequency=433e6, gain=20)(tone)
        >>> found["items"], found["bursts"], found["underflows"]
        (1000, 1, 0)
    """

    args: str = parameter("", doc="Which device: driver=lime, driver=uhd,serial=..., ...")
    rate: float = parameter(unit="samples/s", above=0, live=True, doc="Sample rate.")
    frequency: float = parameter(unit="Hz", low=0, live=True, doc="Centre frequency.")
    gain: float | None = parameter(
        None, unit="dB", live=True, doc="Gain; the device's own choice if not given."
    )
    antenna: str | None = parameter(None, doc="Antenna port; the device's first if not given.")
    bandwidth: float | None = parameter(
        None, unit="Hz", above=0, doc="Width of the filter; the device's choice if not given."
    )
    channel: int = parameter(0, low=0, high=255, doc="Number of the transmit channel.")
    length_tag: str = parameter(PACKET_LEN, doc="Key of the tag that tells a burst's length.")
    timeout: float = parameter(
        5.0, unit="s", above=0, high=3600, doc="How long the device may take nothing."
    )
    linger: float = parameter(
        0.2, unit="s", low=0, high=60, doc="Time for the last samples to leave the device."
    )

    x = Input("complex64", doc="Samples to send.")

    def start(self) -> None:
        self._device = device = SoapyDevice(self.args, transmit=True, channel=self.channel)
        self.tune(gain_by_itself=False)
        device.set_up()
        self._codes = device.soapy
        self._reports = True
        self.note_tuned()
        device.activate()

    def work(self, x: Array, at: int) -> None:
        self.transmit(x[None])

    def end_burst(self) -> None:
        # Nothing but a sample carries the mark.
        self.write(np.zeros((1, 1), np.complex64), end=True)

    def write(self, samples: Array, *, end: bool) -> None:
        device, codes = self.device, self._codes
        x = np.ascontiguousarray(samples[0])
        moved = time.monotonic()
        while len(x):
            flags = codes.SOAPY_SDR_END_BURST if end else 0
            if self.due_ns is not None:
                flags |= codes.SOAPY_SDR_HAS_TIME
            due = self.due_ns or 0
            got = device.device.writeStream(
                device.stream, [x], len(x), flags, due, timeoutUs=POLL_US
            )
            if got.ret > 0:
                self.due_ns = None
                self.on_air = not (end and got.ret == len(x))
                x = x[got.ret :]
                moved = time.monotonic()
            elif got.ret == codes.SOAPY_SDR_UNDERFLOW:
                self.underflows += 1
            elif got.ret not in (0, codes.SOAPY_SDR_TIMEOUT):
                raise StreamError(f"the radio device failed: {device.error(got.ret)}")
            self.check_taken(moved)

    def hear(self, wait: float) -> bool:
        device, codes = self.device, self._codes
        if wait and not self._reports:
            time.sleep(wait)
        while self._reports:
            got = device.device.readStreamStatus(
                device.stream, timeoutUs=min(POLL_US, round(wait * 1e6))
            )
            if got.ret == codes.SOAPY_SDR_UNDERFLOW:
                self.underflows += 1
            elif got.ret == codes.SOAPY_SDR_TIME_ERROR:
                self.late += 1
            elif got.ret == codes.SOAPY_SDR_NOT_SUPPORTED:
                self._reports = False
            elif got.ret == codes.SOAPY_SDR_TIMEOUT:
                return False
            elif got.ret < 0:
                raise StreamError(f"the radio device failed: {device.error(got.ret)}")
            elif wait and got.flags & codes.SOAPY_SDR_END_BURST:
                return True
        return False
