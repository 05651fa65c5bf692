"""What the blocks of radio devices have in common, whichever library reaches the device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from semradio.blocks.api import Block, ParameterError, state

_TUNED = ("antenna", "rate", "bandwidth", "frequency", "gain")
"""In the order in which devices want to be set."""

T = TypeVar("T")


class RadioDevice(Protocol):
    """An opened device, with the channels of one block."""

    @property
    def rate(self) -> float:
        """The sample rate that it really has."""

    @property
    def frequency(self) -> float:
        """The centre frequency that it really has, in Hz."""

    def tune(self, name: str, value: Any) -> None:
        """Set a value; ParameterError if the device refuses."""

    def check(self, name: str, value: Any) -> None:
        """Raise ParameterError if a value lies outside of what the device offers."""

    def close(self) -> None:
        """Let the device go; safe to call twice."""


Device = TypeVar("Device", bound=RadioDevice)


class RadioBlock(Block, Generic[Device]):
    """Base of blocks that hold a device while they run; what it is set to are their parameters."""

    tuned: dict[str, float] = state(factory=dict, doc="Rate and frequency as the device has them.")

    _device: Device | None = None

    @property
    def device(self) -> Device:
        """The device, between :meth:`start` and :meth:`stop`."""
        assert self._device is not None
        return self._device

    @property
    def live_values(self) -> list[str]:
        """Names of what may be set while samples go on."""
        return [name for name in _TUNED if self.parameters[name].live]

    def configure(self) -> None:
        if self._device is not None:
            for name in self.live_values:
                self._device.check(name, getattr(self, name))

    def stop(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            device.close()

    def tune(self, *, gain_by_itself: bool) -> None:
        """Set the device to the parameters; to a gain of None only one that has its own control."""
        for name in _TUNED:
            value = getattr(self, name)
            if value is not None or (name == "gain" and gain_by_itself):
                self.device.tune(name, value)

    def note_tuned(self) -> None:
        """Take note of what the device made of it."""
        self.tuned = {"rate": self.device.rate, "frequency": self.device.frequency}


def asked(parameter: str, call: Callable[[], T]) -> T:
    """Call a driver; what it refuses is a ParameterError of ``parameter``."""
    try:
        return call()
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        text = " ".join(str(error).split())
        raise ParameterError(
            f"parameter '{parameter}': the radio device says: {text}", parameter
        ) from None
