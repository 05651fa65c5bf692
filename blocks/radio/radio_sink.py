"""Bursts of samples to a radio transmitter, whichever library reaches it."""

from __future__ import annotations

import time
from typing import Any

from semradio.blocks.api import Array, Sink, StreamError, Tag, state
from semradio.blocks.radio.radio_block import Device, RadioBlock
from semradio.blocks.radio.radio_tags import TX_EOB, TX_SOB, TX_TIME, time_ns
from semradio.blocks.radio.signal_level import SignalLevel


class RadioSink(RadioBlock[Device], Sink):
    """Base of transmitters: which samples are sent, when a burst begins and where it ends."""

    length_tag: str
    timeout: float
    linger: float

    items: int = state(0, doc="Samples sent.")
    between: int = state(0, doc="Samples between bursts.")
    bursts: int = state(0, doc="Bursts that were ended.")
    underflows: int = state(0, doc="How often the device ran out of samples within a burst.")
    late: int = state(0, doc="How often samples came after their time.")
    level: SignalLevel = state(factory=SignalLevel, doc="Strength of the samples sent.")
    open: bool = state(True, doc="Whether samples are sent now.")
    left: int | None = state(None, doc="Samples that the present burst still has; None: not told.")
    ends: bool = state(False, doc="Whether the next sample is the last of its burst.")
    on_air: bool = state(False, doc="Whether a burst has begun that has not been ended.")
    due_ns: int | None = state(None, doc="When the next sample is to be sent.")

    # What a library defines -----------------------------------------------------------------

    def write(self, samples: Array, *, end: bool) -> None:
        """Hand complex64[channels, n] to the device, waiting while it has no room.

        Args:
            end: whether the burst ends with them.
        """
        raise NotImplementedError

    def end_burst(self) -> None:
        """End the burst that is on the air, whose last sample has gone."""
        raise NotImplementedError

    def hear(self, wait: float) -> bool:
        """Take the device's reports, waiting for one at most so long.

        Returns whether one tells that a burst has left the device.
        """
        raise NotImplementedError

    # What is the same for all of them -------------------------------------------------------

    def configure(self) -> None:
        self.listens = (TX_SOB, TX_EOB, TX_TIME, self.length_tag)
        super().configure()

    def changed(self, name: str, at: int) -> None:
        if name in self.live_values and getattr(self, name) is not None:
            self.device.tune(name, getattr(self, name))
            self.note_tuned()

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

    def transmit(self, samples: Array) -> None:
        """Send what belongs to bursts of complex64[channels, n]."""
        while size := samples.shape[1]:
            if not self.open:
                self.between += size
                break
            count = 1 if self.ends else size if self.left is None else min(size, self.left)
            last = self.ends or count == self.left
            if self.left is not None:
                self.left -= count
            self._send(samples[:, :count], last)
            samples = samples[:, count:]
            if last:
                self.open, self.ends, self.left = False, False, None
                self.bursts += 1
        self.hear(0.0)

    def flush(self) -> None:
        if self._device is None:
            return
        if self.on_air:
            # Without an end the device would report for ever that it lacks samples.
            self.end_burst()
            self.bursts += 1
        if self.items:
            until = time.monotonic() + self.linger
            while (left := until - time.monotonic()) > 0:
                if self.hear(left):
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

    def check_taken(self, since: float) -> None:
        """Raise StreamError if the device has taken nothing for too long, since a time."""
        if time.monotonic() - since > self.timeout:
            raise StreamError(f"the radio device has taken no samples for {self.timeout:g} s")

    def _begin_packet(self, tag: Tag) -> None:
        if isinstance(tag.value, bool) or not isinstance(tag.value, int) or tag.value < 1:
            raise StreamError(
                f"tag '{tag.key}' must be a number of samples, at least 1, not {tag.value!r}"
            )
        if self.left:
            self.note(f"a burst at item {tag.index} begins {self.left} samples early")
        self.left = tag.value

    def _send(self, samples: Array, last: bool) -> None:
        self.write(samples, end=last)
        self.items += samples.shape[1]
        self.level.add(samples[0])
