"""Samples to the transmitter of a USRP."""

from __future__ import annotations

import time
from typing import Any, Literal

import numpy as np

from semradio.blocks.api import Array, Input, StreamError, Tag, block, parameter, state
from semradio.blocks.radio.radio_sink import RadioSink
from semradio.blocks.radio.radio_tags import (
    NS,
    PACKET_LEN,
    TX_COMMAND,
    TX_FREQ,
    TX_TIME,
    number,
)
from semradio.blocks.radio.uhd_device import POLL_S, SETTLE_NS, UhdDevice, channel_list

_COMMANDS = {"freq": "frequency", "gain": "gain", "antenna": "antenna", "bandwidth": "bandwidth"}
"""Keys of a command that are understood, and what they set."""


@block("uhd_sink", category="radio")
class UhdSink(RadioSink[UhdDevice]):
    """Transmit samples by channels of a USRP, through UHD; full scale is 1.0 per rail.

    Channels go on together, one input each; tags of any input count for all. A stream without
    tags is one burst from its first sample to its last. Bursts are marked by GNU Radio's tags:
    ``tx_sob`` and ``tx_eob`` on the first and last sample, or ``packet_len`` on the first with
    the number of samples; from the first such tag on, samples between bursts are not sent, but
    counted. ``tx_time``, [whole seconds, fraction], tells when to send its sample. ``tx_freq``, a
    frequency or [channel, frequency], and ``tx_command``, a map of ``freq``, ``gain``,
    ``antenna``, ``bandwidth`` and ``chan``, are carried out at the time of their sample where
    that is known (since a ``tx_time``, or from the start with several channels), otherwise at
    once. Channels there are inputs, counted from 0. Keep the level at about -12 dBFS for
    noise-like signals.

    Results:
        ``items`` sent, ``between`` (samples not sent), ``bursts`` that were ended,
        ``underflows``, ``late`` (bursts whose time had passed), ``commands``, ``level_dbfs``,
        ``peak_dbfs`` and ``clipped`` of the first channel, ``rate`` and ``frequency`` as the
        device has them.

    Raises:
        SemradioError: UHD is not installed; the message says which package it is in.
        ParameterError: there is no such device or channel, or it refuses a value.
        StreamError: the device failed, or took nothing for ``timeout``; a tag is malformed.

    Example:
        With the device that stands in for a radio in semradio's tests; yours has other ``args``.

        >>> tone = 0.25 * np.exp(0.1j * np.arange(1000)).astype(np.complex64)
        >>> found = UhdSink(args="type=standin", rate=1e6, frequency=433e6, gain=20)(tone)
        >>> found["items"], found["bursts"], found["underflows"]
        (1000, 1, 0)
    """

    args: str = parameter("", doc="Which device: type=b200, addr=192.168.10.2, ...")
    rate: float = parameter(unit="samples/s", above=0, doc="Sample rate.")
    frequency: float = parameter(unit="Hz", low=0, live=True, doc="Centre frequency.")
    gain: float | None = parameter(
        None, unit="dB", live=True, doc="Gain; the device's own choice if not given."
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
        "sc16", doc="Format of the samples on their way to the device."
    )
    length_tag: str = parameter(PACKET_LEN, doc="Key of the tag that tells a burst's length.")
    timeout: float = parameter(
        5.0, unit="s", above=0, high=3600, doc="How long the device may take nothing."
    )
    linger: float = parameter(
        0.2, unit="s", low=0, high=60, doc="Time for the last samples to leave the device."
    )

    x = Input("complex64", count="num_channels", doc="Samples to send: x[0], x[1], ...")

    commands: int = state(0, doc="Commands carried out.")
    clock: tuple[int, int] | None = state(None, doc="An item whose time is known, and the time.")

    def configure(self) -> None:
        super().configure()
        self.listens = (*self.listens, TX_FREQ, TX_COMMAND)
        self._used = channel_list(self.channels, self.num_channels)

    def start(self) -> None:
        self._device = device = UhdDevice(
            self.args,
            transmit=True,
            channels=self._used,
            clock=self.clock_source,
            time=self.time_source,
        )
        self.tune(gain_by_itself=False)
        device.set_up(self.wire_format)
        self._report = device.uhd.types.TXAsyncMetadata()
        self.note_tuned()

    def on_start(self) -> None:
        if len(self._used) > 1:
            # Several channels begin at the same sample only if they are told a time.
            self.due_ns = self.device.now_ns + SETTLE_NS
            self.clock = 0, self.due_ns

    def on_tag(self, tag: Tag) -> None:
        if tag.key in (TX_FREQ, TX_COMMAND):
            self._command(tag)
            return
        super().on_tag(tag)
        if tag.key == TX_TIME and self.due_ns is not None:
            self.clock = tag.index, self.due_ns

    def work(self, x: list[Array], at: int) -> None:
        self.transmit(np.stack(x))

    def end_burst(self) -> None:
        self.write(np.empty((len(self._used), 0), np.complex64), end=True)

    def results(self) -> dict[str, Any]:
        return super().results() | {"commands": self.commands}

    def _command(self, tag: Tag) -> None:
        """Carry out what a tag orders, at the time of its sample where that is known."""
        device, value = self.device, tag.value
        if tag.key == TX_FREQ:
            pair = value if isinstance(value, list | tuple) else [None, value]
            if len(pair) != 2 or number(pair[1]) is None:
                raise StreamError(
                    f"tag '{TX_FREQ}' must be a frequency or [channel, frequency], not {value!r}"
                )
            orders, channel = {"freq": pair[1]}, pair[0]
        else:
            known = isinstance(value, dict) and value and not set(value) - {*_COMMANDS, "chan"}
            if not known:
                raise StreamError(
                    f"tag '{TX_COMMAND}' must be a map of {', '.join(_COMMANDS)} and chan, not "
                    f"{value!r}"
                )
            channel = value.get("chan")
            orders = {key: order for key, order in value.items() if key != "chan"}
        if channel is not None and (
            isinstance(channel, bool)
            or not isinstance(channel, int)
            or not 0 <= channel < len(self._used)
        ):
            raise StreamError(
                f"tag '{tag.key}': there is no channel {channel!r}, but 0 to {len(self._used) - 1}"
            )
        where = None if channel is None else [self._used[channel]]
        when = None
        if self.clock is not None:
            item, began = self.clock
            when = began + round((tag.index - item) * NS / self.tuned["rate"])

        def carry_out() -> None:
            for key, order in orders.items():
                device.tune(_COMMANDS[key], order, where)

        device.at_time(when, carry_out)
        self.commands += len(orders)
        self.note_tuned()

    def write(self, samples: Array, *, end: bool) -> None:
        device = self.device
        metadata = device.uhd.types.TXMetadata()
        moved = time.monotonic()
        while True:
            metadata.start_of_burst = not self.on_air
            metadata.end_of_burst = end
            metadata.has_time_spec = self.due_ns is not None
            if self.due_ns is not None:
                metadata.time_spec = device.time_spec(self.due_ns)
            part = np.ascontiguousarray(samples)
            sent = device.stream.send(part, metadata, POLL_S)
            if sent or not part.shape[1]:
                self.due_ns = None
                samples = samples[:, sent:]
                self.on_air = not (end and not samples.shape[1])
                if not self.on_air:
                    # What lies between bursts takes no time: the clock of the next is its own.
                    self.clock = None
                moved = time.monotonic()
            if not samples.shape[1]:
                return
            self.check_taken(moved)

    def hear(self, wait: float) -> bool:
        device = self.device
        codes = device.uhd.types.TXMetadataEventCode
        while device.stream.recv_async_msg(self._report, min(POLL_S, wait)):
            code = self._report.event_code
            if code in (codes.underflow, codes.underflow_in_packet):
                self.underflows += 1
            elif code == codes.time_error:
                self.late += 1
            elif code in (codes.seq_error, codes.seq_error_in_packet):
                self.note("samples were lost on the way to the radio device")
            elif code == codes.burst_ack and wait:
                return True
        return False
