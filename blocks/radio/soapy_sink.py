"""Samples to a radio transmitter."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from semradio.blocks.api import Array, Input, Sink, StreamError, Tag, block, parameter, state
from semradio.blocks.radio.radio_tags import PACKET_LEN, TX_EOB, TX_SOB, TX_TIME, time_ns
from semradio.blocks.radio.signal_level import SignalLevel
from semradio.blocks.radio.soapy_device import POLL_US, SoapyDevice

_TUNED = ("antenna", "rate", "bandwidth", "frequency", "gain")
"""In the order in which devices want to be set."""


@block("soapy_sink", category="radio")
class SoapySink(Sink):
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

    items: int = state(0, doc="Samples sent.")
    between: int = state(0, doc="Samples between bursts.")
    bursts: int = state(0, doc="Bursts that were ended.")
    underflows: int = state(0, doc="How often the device ran out of samples within a burst.")
    late: int = state(0, doc="How often samples came after their time.")
    level: SignalLevel = state(factory=SignalLevel, doc="Strength of the samples sent.")
    tuned: dict[str, float] = state(factory=dict, doc="Rate and frequency as the device has them.")
    open: bool = state(True, doc="Whether samples are sent now.")
    left: int | None = state(None, doc="Samples that the present burst still has; None: not told.")
    ends: bool = state(False, doc="Whether the next sample is the last of its burst.")
    on_air: bool = state(False, doc="Whether a burst has begun that has not been ended.")
    due_ns: int | None = state(None, doc="When the next sample is to be sent.")

    _device: SoapyDevice | None = None

    def configure(self) -> None:
        self.listens = (TX_SOB, TX_EOB, TX_TIME, self.length_tag)
        if self._device is not None:
            for name in ("rate", "frequency", "gain"):
                self._device.check(name, getattr(self, name))

    def start(self) -> None:
        self._device = device = SoapyDevice(self.args, transmit=True, channel=self.channel)
        for name in _TUNED:
            if getattr(self, name) is not None:
                device.tune(name, getattr(self, name))
        device.set_up()
        self._codes = device.soapy
        self._reports = True
        self._note_tuned()
        device.activate()

    def stop(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            device.close()

    def changed(self, name: str, at: int) -> None:
        assert self._device is not None  # between start() and stop()
        if name in ("rate", "frequency", "gain") and getattr(self, name) is not None:
            self._device.tune(name, getattr(self, name))
            self._note_tuned()

    def on_tag(self, tag: Tag) -> None:
        if tag.key == TX_TIME:
            self.due_ns = time_ns(tag.value)
            if self.due_ns is None:
                raise StreamError(f"tag '{TX_TIME}' must be [seconds, fraction], not {tag.value!r}")
        elif tag.key == TX_EOB:
            self.ends = self.open
        else:
            self.open = True
            if tag.key == self.length_tag:
                self._begin_packet(tag)

    def work(self, x: Array, at: int) -> None:
        while len(x):
            if not self.open:
                self.between += len(x)
                break
            count = 1 if self.ends else len(x) if self.left is None else min(len(x), self.left)
            last = self.ends or count == self.left
            if self.left is not None:
                self.left -= count
            self._send(x[:count], last)
            x = x[count:]
            if last:
                self.open, self.ends, self.left = False, False, None
                self.bursts += 1
        self._hear()

    def flush(self) -> None:
        if self._device is None:
            return
        if self.on_air:
            # Without an end the device would report for ever that it lacks samples; the last
            # one of the stream has gone, so a zero carries the mark.
            self._write(np.zeros(1, np.complex64), end=True)
            self.bursts += 1
        if self.items:
            until = time.monotonic() + self.linger
            while (left := until - time.monotonic()) > 0:
                if not self._reports:
                    time.sleep(left)
                elif self._hear(wait=left):
                    break
        for count, what in (
            (self.underflows, "times the device ran out of samples"),
            (self.late, "times samples came after their time"),
            (self.level.clipped, "samples were beyond full scale and clipped"),
            (self.left or 0, "samples of the last burst were missing"),
        ):
            if count:
                self.note(f"{count} {what}")

    def results(self) -> dict[str, Any]:
        return {
            "items": self.items,
            "between": self.between,
            "bursts": self.bursts,
            "underflows": self.underflows,
            "late": self.late,
            **self.level.results(),
            **self.tuned,
        }

    def _note_tuned(self) -> None:
        assert self._device is not None
        self.tuned = {"rate": self._device.rate, "frequency": self._device.frequency}

    def _begin_packet(self, tag: Tag) -> None:
        if not isinstance(tag.value, int) or tag.value < 1:
            raise StreamError(
                f"tag '{tag.key}' must be a number of samples, at least 1, not {tag.value!r}"
            )
        if self.left:
            self.note(f"a burst at item {tag.index} begins {self.left} samples early")
        self.left = tag.value

    def _send(self, x: Array, last: bool) -> None:
        self._write(np.ascontiguousarray(x), end=last)
        self.items += len(x)
        self.level.add(x)

    def _write(self, x: Array, *, end: bool) -> None:
        """Hand samples to the device, all of them, waiting while it has no room."""
        device, codes = self._device, self._codes
        assert device is not None
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
            if time.monotonic() - moved > self.timeout:
                raise StreamError(f"the radio device has taken no samples for {self.timeout:g} s")

    def _hear(self, wait: float = 0.0) -> bool:
        """Take the device's reports; returns whether one tells that a burst has left it."""
        device, codes = self._device, self._codes
        assert device is not None
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
