"""Channels of a USRP, through UHD's Python module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from semradio.blocks.api import ParameterError, SemradioError
from semradio.blocks.radio.radio_block import asked
from semradio.blocks.radio.radio_tags import NS

MISSING = (
    "USRPs need UHD's Python module, which comes with the operating system and not from PyPI: "
    "install the package python3-uhd and the firmware images (uhd_images_downloader), and use a "
    "virtual environment of the system's own Python made with 'python3 -m venv "
    "--system-site-packages'; or reach the device by soapy_source and soapy_sink with driver=uhd"
)

POLL_S = 0.1
"""Longest wait of one call to the driver in seconds."""

SETTLE_NS = 100_000_000
"""From the order to start several channels at one time to that time."""


def uhd_module() -> Any:
    """Return the module uhd; SemradioError tells how to get it."""
    try:
        import uhd
    except ImportError as error:
        found = "" if isinstance(error, ModuleNotFoundError) else f" (it is here, but: {error})"
        raise SemradioError(MISSING + found) from None
    return uhd


class UhdDevice:
    """An opened USRP with some of its channels and a streamer of complex64 samples.

    Args:
        args: which device, in UHD's words, such as ``type=b200`` or ``addr=192.168.10.2``.
        transmit: the direction.
        channels: numbers of the channels.
        clock, time: sources of the reference clock and of the time; None: the device's default.

    Raises:
        SemradioError: UHD is not here.
        ParameterError: there is no such device or channel, or it refuses a value.
    """

    def __init__(
        self,
        args: str,
        *,
        transmit: bool,
        channels: Sequence[int],
        clock: str | None,
        time: str | None,
    ) -> None:
        self.uhd = uhd_module()
        self.way = "tx" if transmit else "rx"
        self.channels = list(channels)
        self.stream: Any = None
        self.usrp = asked("args", lambda: self.uhd.usrp.MultiUSRP(args))
        count = asked("args", lambda: self._call("get", "num_channels"))
        if max(channels) >= count:
            word = "transmit" if transmit else "receive"
            raise ParameterError(
                f"parameter 'channels': device '{args}' has {count} channels to {word}, counted "
                f"from 0, not {list(channels)}",
                "channels",
            )
        if clock is not None:
            asked("clock_source", lambda: self.usrp.set_clock_source(clock))
        if time is not None:
            asked("time_source", lambda: self.usrp.set_time_source(time))

    def _call(self, verb: str, what: str, *arguments: Any) -> Any:
        return getattr(self.usrp, f"{verb}_{self.way}_{what}")(*arguments)

    def tune(self, name: str, value: Any, channels: Sequence[int] | None = None) -> None:
        """Set ``rate``, ``frequency``, ``gain``, ``bandwidth`` or ``antenna`` of some channels.

        Of all channels by default. A gain of None is the device's own control when receiving, where
        it has one.

        Raises:
            ParameterError: the device refuses; frequencies and gains beyond its range are refused
                before it is asked.
        """
        for channel in self.channels if channels is None else channels:
            self._check(name, value, channel)
            if name == "gain" and value is None:
                if self.way == "rx":
                    # Few daughterboards have such a control; the others keep their gain.
                    try:
                        self.usrp.set_rx_agc(True, channel)
                    except (RuntimeError, ValueError):
                        return
            elif name == "frequency":
                request = self.uhd.types.TuneRequest(float(value))
                asked(name, partial(self._call, "set", "freq", request, channel))
            else:
                asked(name, partial(self._call, "set", name, value, channel))

    def check(self, name: str, value: Any) -> None:
        """Raise ParameterError if a value lies outside of what a channel offers."""
        for channel in self.channels:
            self._check(name, value, channel)

    def _check(self, name: str, value: Any, channel: int) -> None:
        getters = {"frequency": "freq_range", "gain": "gain_range", "rate": "rates"}
        if name not in getters or value is None:
            return
        offer = asked(name, lambda: self._call("get", getters[name], channel))
        low, high = offer.start(), offer.stop()
        if not low <= value <= high:
            raise ParameterError(
                f"parameter '{name}' is {value:g}, but the radio device offers {low:g} to {high:g}",
                name,
            )

    def at_time(self, ns: int | None, order: Callable[[], None]) -> None:
        """Carry out an order at a time of the device's clock; None: at once."""
        if ns is None:
            order()
            return
        self.usrp.set_command_time(self.time_spec(ns))
        try:
            order()
        finally:
            self.usrp.clear_command_time()

    @property
    def rate(self) -> float:
        """The sample rate that the first channel really has."""
        return float(self._call("get", "rate", self.channels[0]))

    @property
    def frequency(self) -> float:
        """The centre frequency that the first channel really has, in Hz."""
        return float(self._call("get", "freq", self.channels[0]))

    @property
    def now_ns(self) -> int:
        """The time of the device's clock."""
        return spec_ns(self.usrp.get_time_now())

    def time_spec(self, ns: int) -> Any:
        """Return a time as the driver has it."""
        seconds, rest = divmod(ns, NS)
        return self.uhd.types.TimeSpec(int(seconds), rest / NS)

    def set_up(self, wire: str) -> None:
        """Make the streamer of all channels; ParameterError if the device cannot."""
        arguments = self.uhd.usrp.StreamArgs("fc32", wire)
        arguments.channels = self.channels
        self.stream = asked("wire_format", lambda: self._call("get", "stream", arguments))
        self.most = max(1, int(self.stream.get_max_num_samps()))

    def close(self) -> None:
        """Let the device go; safe to call twice."""
        self.stream = None
        self.usrp = None


def spec_ns(spec: Any) -> int:
    """Return a time of the driver in nanoseconds."""
    return int(spec.get_full_secs()) * NS + round(float(spec.get_frac_secs()) * NS)


def channel_list(channels: list[int], count: int) -> list[int]:
    """Return the channels to use: those given, or the first ``count``.

    Raises:
        ParameterError: not ``count`` different numbers of channels.
    """
    used = channels or list(range(count))
    if len(used) != count or len(set(used)) != count or min(used) < 0:
        raise ParameterError(
            f"parameter 'channels' must name {count} different channels, as 'num_channels' says, "
            f"not {channels}",
            "channels",
        )
    return used
