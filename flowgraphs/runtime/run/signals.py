"""The signals that ask a run to end: Ctrl-C, SIGTERM of a service manager, SIGHUP of a terminal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""A first one lets the streams drain, and the run report; a second one breaks off."""


class BrokenOffError(KeyboardInterrupt):
    """A run was asked a second time to end, or before it had begun; ``signal`` is the signal."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.signal = number


class Heard:
    """Signals as they come; a handler does nothing else than note them.

    Args:
        break_off: whether the second one raises BrokenOffError, wherever the program is.
    """

    def __init__(self, *, break_off: bool = True) -> None:
        self.break_off = break_off
        self.numbers: list[int] = []

    def take(self, number: int, frame: FrameType | None) -> None:
        """Note a signal."""
        self.numbers.append(number)
        if self.break_off and len(self.numbers) > 1:
            raise BrokenOffError(number)


@contextmanager
def listening(heard: Heard) -> Iterator[None]:
    """Note the signals that ask to end, where this is the main thread; as before afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {}
    for number in ENDING:
        # nohup has SIGHUP ignored, and means it.
        if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, heard.take)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
