"""One stream of one channel of a radio device, through SoapySDR."""

from __future__ import annotations

from typing import Any

from semradio.blocks.api import ParameterError, SemradioError, StreamError
from semradio.blocks.radio.radio_block import asked

MISSING = (
    "radio devices need SoapySDR's Python module, which comes with the operating system and not "
    "from PyPI: install the package python3-soapysdr and the driver of the device "
    "(soapysdr-module-all has most), and use a virtual environment of the system's own Python "
    "made with 'python3 -m venv --system-site-packages'"
)

POLL_US = 100_000
"""Longest wait of one call to the driver in microseconds."""


def soapy() -> Any:
    """Return the module SoapySDR; SemradioError tells how to get it."""
    try:
        import SoapySDR
    except ImportError as error:
        found = "" if isinstance(error, ModuleNotFoundError) else f" (it is here, but: {error})"
        raise SemradioError(MISSING + found) from None
    return SoapySDR


class SoapyDevice:
    """An opened device with one channel, tuned, and a stream of complex64 samples, not yet active.

    Args:
        args: which device, in SoapySDR's words, such as ``driver=rtlsdr``.
        transmit: the direction.
        channel: number of the channel.

    Raises:
        SemradioError: SoapySDR is not here.
        ParameterError: there is no such device or channel.
    """

    def __init__(self, args: str, *, transmit: bool, channel: int) -> None:
        self.soapy = soapy()
        self.direction = self.soapy.SOAPY_SDR_TX if transmit else self.soapy.SOAPY_SDR_RX
        self.channel = channel
        self.stream: Any = None
        self.active = False
        self.device = asked("args", lambda: self.soapy.Device(args))
        channels = asked("args", lambda: self.device.getNumChannels(self.direction))
        if channel >= channels:
            self.close()
            word = "transmit" if transmit else "receive"
            raise ParameterError(
                f"parameter 'channel': device '{args}' has {channels} channels to {word}", "channel"
            )

    def tune(self, name: str, value: Any) -> None:
        """Set ``rate``, ``frequency``, ``gain``, ``bandwidth`` or ``antenna``.

        A gain of None is the device's own control, where it has one; ParameterError if the
        device refuses.

        Frequency, rate and gain outside the device's ranges are refused before it is asked.
        """
        self.check(name, value)
        device, where = self.device, (self.direction, self.channel)
        if name == "gain":
            automatic = value is None
            if asked(name, lambda: device.hasGainMode(*where)):
                asked(name, lambda: device.setGainMode(*where, automatic))
            if automatic:
                return
        setters = {
            "rate": "setSampleRate",
            "frequency": "setFrequency",
            "gain": "setGain",
            "bandwidth": "setBandwidth",
            "antenna": "setAntenna",
        }
        asked(name, lambda: getattr(device, setters[name])(*where, value))

    def check(self, name: str, value: Any) -> None:
        """Raise ParameterError if a value lies outside of what the device offers."""
        getters = {
            "rate": "getSampleRateRange",
            "frequency": "getFrequencyRange",
            "gain": "getGainRange",
        }
        if name not in getters or value is None:
            return
        found = asked(
            name, lambda: getattr(self.device, getters[name])(self.direction, self.channel)
        )
        ranges = [(r.minimum(), r.maximum()) for r in (found if name != "gain" else [found])]
        # A device that knows no limits gives none, or an empty one.
        ranges = [r for r in ranges if r != (0.0, 0.0)]
        if ranges and not any(low <= value <= high for low, high in ranges):
            offer = ", ".join(f"{low:g} to {high:g}" for low, high in ranges)
            raise ParameterError(
                f"parameter '{name}' is {value:g}, but the radio device offers {offer}", name
            )

    @property
    def rate(self) -> float:
        """The sample rate that the device really has."""
        return float(self.device.getSampleRate(self.direction, self.channel))

    @property
    def frequency(self) -> float:
        """The centre frequency that the device really has, in Hz."""
        return float(self.device.getFrequency(self.direction, self.channel))

    def set_up(self) -> None:
        """Make the stream; ParameterError if the device cannot."""
        self.stream = asked(
            "args",
            lambda: self.device.setupStream(
                self.direction, self.soapy.SOAPY_SDR_CF32, [self.channel]
            ),
        )
        self.mtu = max(1, int(self.device.getStreamMTU(self.stream)))

    def activate(self) -> None:
        """Switch the stream on; StreamError if the device refuses."""
        code = self.device.activateStream(self.stream)
        if code:
            raise StreamError(f"the radio device does not start: {self.error(code)}")
        self.active = True

    def close(self) -> None:
        """Switch the stream off and let the device go; safe to call twice."""
        stream, self.stream = self.stream, None
        if stream is not None:
            if self.active:
                self.device.deactivateStream(stream)
            self.active = False
            self.device.closeStream(stream)
        device, self.device = self.device, None
        if device is not None:
            device.close()

    def error(self, code: int) -> str:
        """Return the words for an error code."""
        return f"{self.soapy.errToStr(code)} ({code})"
