"""Stands in for SoapySDR's Python module: its names, its call contract, one device without radio.

It keeps what the module of version 0.8.1 keeps: what ``readStream`` and ``writeStream`` return,
negative error codes, fewer samples than asked for, and refusals by RuntimeError. It is stricter
where a real driver would crash: buffers of another type, calls in the wrong order.

What the device receives is a list of events: ``("samples", n)``, ``("overflow", lost)``,
``("timeout",)``, ``("error", code)``. Sample i of the air has the value ``wave(i)``; after the
events come samples without end.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

SOAPY_SDR_TX, SOAPY_SDR_RX = 0, 1
SOAPY_SDR_CF32 = "CF32"
SOAPY_SDR_END_BURST, SOAPY_SDR_HAS_TIME = 2, 4
SOAPY_SDR_TIMEOUT, SOAPY_SDR_STREAM_ERROR, SOAPY_SDR_CORRUPTION = -1, -2, -3
SOAPY_SDR_OVERFLOW, SOAPY_SDR_NOT_SUPPORTED, SOAPY_SDR_TIME_ERROR = -4, -5, -6
SOAPY_SDR_UNDERFLOW = -7

events: list[tuple[Any, ...]] = []
"""What the next device is to receive."""
settings: dict[str, Any] = {}
"""Of the next device: ``times`` (whether it tells them), ``mtu``, ``room`` (samples it takes)."""
reports: list[tuple[int, int]] = []
"""(code, flags) that ``readStreamStatus`` gives."""
devices: list[Device] = []
"""Every device that was opened."""

START_NS = 1_700_000_000_250_000_000


def wave(index: np.ndarray) -> np.ndarray:
    """What is on the air at sample ``index``."""
    return (0.25 * np.exp(0.1j * np.asarray(index))).astype(np.complex64)


def errToStr(code: int) -> str:  # noqa: N802
    return {-1: "TIMEOUT", -2: "STREAM_ERROR", -4: "OVERFLOW", -5: "NOT_SUPPORTED"}[code]


class Range:
    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def minimum(self) -> float:
        return self.low

    def maximum(self) -> float:
        return self.high


def _result(ret: int, flags: int = 0, time_ns: int = 0) -> SimpleNamespace:
    return SimpleNamespace(ret=ret, flags=flags, timeNs=time_ns, chanMask=0)


class Device:
    def __init__(self, args: str) -> None:
        if args != "driver=standin":
            raise RuntimeError("SoapySDR::Device::make() no match")
        self.events, self.reports = list(events), list(reports)
        self.times = settings.get("times", True)
        self.mtu = settings.get("mtu", 100)
        self.room = settings.get("room", 64)
        self.at = 0
        self.calls: list[tuple[Any, ...]] = []
        self.values: dict[str, float] = {}
        self.state = "closed"
        self.writes: list[tuple[np.ndarray, int, int]] = []
        devices.append(self)

    def getNumChannels(self, direction: int) -> int:  # noqa: N802
        return 2

    def hasGainMode(self, direction: int, channel: int) -> bool:  # noqa: N802
        return direction == SOAPY_SDR_RX

    def setGainMode(self, direction: int, channel: int, automatic: bool) -> None:  # noqa: N802
        self.calls.append(("gain mode", automatic))

    def _set(self, name: str, value: float) -> None:
        self.calls.append((name, value))
        self.values[name] = value

    def setSampleRate(self, direction: int, channel: int, value: float) -> None:  # noqa: N802
        self._set("rate", value)

    def setFrequency(self, direction: int, channel: int, value: float) -> None:  # noqa: N802
        # Synthesisers have steps; what was asked for is not what one gets.
        self._set("frequency", float(round(value / 100) * 100))

    def setGain(self, direction: int, channel: int, value: float) -> None:  # noqa: N802
        self._set("gain", value)

    def setBandwidth(self, direction: int, channel: int, value: float) -> None:  # noqa: N802
        self._set("bandwidth", value)

    def setAntenna(self, direction: int, channel: int, value: str) -> None:  # noqa: N802
        if value not in ("A", "B"):
            raise RuntimeError(f"no antenna {value}")
        self.calls.append(("antenna", value))

    def getSampleRate(self, direction: int, channel: int) -> float:  # noqa: N802
        return self.values["rate"]

    def getFrequency(self, direction: int, channel: int) -> float:  # noqa: N802
        return self.values["frequency"]

    def getSampleRateRange(self, direction: int, channel: int) -> tuple[Range, ...]:  # noqa: N802
        return (Range(1e5, 2e5), Range(1e6, 1e7))

    def getFrequencyRange(self, direction: int, channel: int) -> tuple[Range, ...]:  # noqa: N802
        return (Range(1e6, 6e9),)

    def getGainRange(self, direction: int, channel: int) -> Range:  # noqa: N802
        return Range(0, 50)

    def setupStream(self, direction: int, form: str, channels: list[int]) -> object:  # noqa: N802
        assert form == SOAPY_SDR_CF32
        assert channels in ([0], [1])
        assert self.state == "closed"
        self.direction, self.state = direction, "set up"
        return self

    def getStreamMTU(self, stream: object) -> int:  # noqa: N802
        assert stream is self
        return int(self.mtu)

    def activateStream(self, stream: object) -> int:  # noqa: N802
        assert stream is self
        assert self.state == "set up"
        code = int(settings.get("activate", 0))
        self.state = "set up" if code else "active"
        return code

    def deactivateStream(self, stream: object) -> int:  # noqa: N802
        assert self.state == "active"
        self.state = "set up"
        return 0

    def closeStream(self, stream: object) -> None:  # noqa: N802
        assert self.state == "set up"
        self.state = "closed"

    def close(self) -> None:
        assert self.state == "closed"
        self.state = "gone"

    def readStream(  # noqa: N802
        self,
        stream: object,
        buffs: list[np.ndarray],
        n: int,
        flags: int = 0,
        timeoutUs: int = 100000,  # noqa: N803
    ) -> SimpleNamespace:
        (buffer,) = buffs
        self._check(buffer, n, SOAPY_SDR_RX)
        kind, *rest = self.events[0] if self.events else ("samples", n)
        if kind == "samples":
            count = min(n, self.mtu, rest[0])
            if self.events:
                self.events[0] = ("samples", rest[0] - count)
                if rest[0] == count:
                    self.events.pop(0)
            buffer[:count] = wave(np.arange(self.at, self.at + count))
            at = START_NS + round(self.at * 1_000_000_000 / self.values["rate"])
            self.at += count
            return _result(count, SOAPY_SDR_HAS_TIME if self.times else 0, at if self.times else 0)
        self.events.pop(0)
        if kind == "overflow":
            self.at += rest[0]
            return _result(SOAPY_SDR_OVERFLOW)
        return _result(rest[0] if kind == "error" else SOAPY_SDR_TIMEOUT)

    def writeStream(  # noqa: N802
        self,
        stream: object,
        buffs: list[np.ndarray],
        n: int,
        flags: int = 0,
        timeNs: int = 0,  # noqa: N803
        timeoutUs: int = 100000,  # noqa: N803
    ) -> SimpleNamespace:
        (buffer,) = buffs
        self._check(buffer, n, SOAPY_SDR_TX)
        count = min(n, self.room)
        if self.events:
            kind, *rest = self.events.pop(0)
            return _result(rest[0] if kind == "error" else SOAPY_SDR_TIMEOUT)
        if count < n:
            flags &= ~SOAPY_SDR_END_BURST
        self.writes.append((buffer[:count].copy(), flags, timeNs))
        return _result(count)

    def readStreamStatus(self, stream: object, timeoutUs: int = 100000) -> SimpleNamespace:  # noqa: N802,N803
        assert timeoutUs >= 0
        if self.reports:
            return _result(*self.reports.pop(0))
        return _result(settings.get("status", SOAPY_SDR_TIMEOUT))

    def _check(self, buffer: np.ndarray, n: int, direction: int) -> None:
        assert self.state == "active"
        assert self.direction == direction
        assert buffer.dtype == np.complex64
        assert buffer.flags.c_contiguous
        assert len(buffer) >= n > 0

    def sent(self) -> list[np.ndarray]:
        """The bursts written so far, each whole; the last one may lack its end."""
        bursts: list[list[np.ndarray]] = [[]]
        for x, flags, _ in self.writes:
            bursts[-1].append(x)
            if flags & SOAPY_SDR_END_BURST:
                bursts.append([])
        return [np.concatenate(parts) for parts in bursts if parts]
