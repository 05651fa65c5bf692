"""What a viewer has of a run: frames of items from its ports, how it stands, its parameters."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import msgspec
import numpy as np
import zmq

from semradio.blocks.api.item_type import Array, ItemType
from semradio.blocks.api.tag import Tag
from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.control import folder, messages
from semradio.flowgraphs.control.client import Control, ControlError, RefusedError
from semradio.flowgraphs.runtime.watch import LEASE_S, Drawn, Glimpse, LastWord, Status
from semradio.flowgraphs.runtime.watch import Tap as Wish

RENEW_S = LEASE_S / 5
"""Seconds between two renewals of the taps; so soon is the end of a run noticed."""

MOST_FRAMES = 256
"""Frames after which one call takes no further messages."""

_header = msgspec.json.Decoder(Glimpse)
_last_word = msgspec.json.Decoder(LastWord)


@dataclass(frozen=True, slots=True)
class Frame:
    """Some items that passed at a port, one after the other."""

    number: int
    """Of the tap."""
    port: str
    item: ItemType
    index: int
    """Absolute index of the first item."""
    skipped: int
    """Items that were left out before it, since the frame before."""
    tags: list[Tag]
    tags_skipped: int
    """Tags on these items that were left out."""
    t_ns: int
    """When the items were there, in nanoseconds since 1970."""
    chunk: int
    """Items of the chunk in which the first one came."""
    last: bool
    """Whether the stream has ended; such a frame may have no items."""
    array: Array
    """The items, shape (n, *item), not to be written to."""


class Feed:
    """A run as a viewer sees it. For one thread; a context manager.

    Its taps live for as long as one of :meth:`poll` and :meth:`status` is called at least each
    second or so. A run that does not get rid of its messages leaves out items, and counts them.

    Args:
        control: the run.
        listen: where the run is to send what it shows; by default a socket in this user's folder.
            For a run on another host an endpoint such as ``tcp://192.168.1.7:*``, which the run
            must be able to reach.

    Raises:
        SemradioError: no socket can be made.
    """

    def __init__(self, control: Control, listen: str | None = None) -> None:
        self.control = control
        self._wishes: dict[int, Wish] = {}
        self._numbers = itertools.count(1)
        self._renewed = time.monotonic()
        self._ended: ControlError | None = None
        self._word = ""
        self._path = folder.take(".view") if listen is None else None
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.PULL)
        # Little waits here: who reads late wants to see what is now.
        self._socket.setsockopt(zmq.RCVHWM, 2)
        try:
            self._socket.bind(listen or f"ipc://{self._path}")
        except zmq.ZMQError as error:
            self._shut()
            raise ControlError(f"cannot listen on {listen or self._path}: {error}") from error
        self.endpoint = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def __enter__(self) -> Feed:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Look no more."""
        for number in list(self._wishes):
            try:
                self.untap(number)
            except ControlError:
                # It has ended, or hangs: its taps end by themselves.
                break
        self._shut()

    def _shut(self) -> None:
        self._socket.close(0)
        self._context.term()
        if self._path is not None:
            folder.give_back(self._path)

    # Ports ---------------------------------------------------------------------------------

    def tap(self, port: str, items: int = 1024, per_s: float = 30.0) -> int:
        """Look at a port; returns the number that its frames have.

        Args:
            port: ``block.port``, an output or a connected input.
            items: of one frame at most. per_s: frames a second at most.

        Raises:
            ParameterError: there is no such port, or a number is out of its limits.
            RefusedError: the process of the port does not answer, and may do so later.
            ControlError: the run does not answer.
        """
        number = next(self._numbers)
        wish = Wish(port, self.endpoint, number, per_s, items)
        self.control.tap(wish)
        self._wishes[number] = wish
        return number

    def change_tap(self, number: int, items: int, per_s: float) -> None:
        """Look at more or fewer items, or more or less often; errors as :meth:`tap`."""
        wish = Wish(self._wishes[number].port, self.endpoint, number, per_s, items)
        self.control.tap(wish)
        self._wishes[number] = wish

    def untap(self, number: int) -> None:
        """Look at a port no more; a frame may be on its way still.

        Raises:
            ControlError: the run does not answer.
        """
        if self._wishes.pop(number, None) is not None:
            # Of a process that does not answer it goes away by itself.
            with suppress(RefusedError):
                self.control.untap(self.endpoint, number)

    def poll(self, timeout_s: float = 0.05) -> list[Frame]:
        """Return the frames that have come, as soon as there is one.

        Raises:
            ControlError: the run has ended, and everything that it sent was returned before.
        """
        frames = self._read(timeout_s)
        if not frames:
            if self._ended is not None:
                raise self._ended
            self._renew()
        return frames

    def _read(self, timeout_s: float) -> list[Frame]:
        frames: list[Frame] = []
        if not self._socket.poll(math.ceil(timeout_s * 1000)):
            return frames
        while len(frames) < MOST_FRAMES:
            try:
                parts = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            if len(parts) == 1:
                self._hear(parts[0])
            for header, items in zip(parts[::2], parts[1::2], strict=False):
                found = _frame(header, items)
                if found is not None and found.number in self._wishes:
                    frames.append(found)
        self._renew()
        return frames

    def _hear(self, word: bytes) -> None:
        """Take the last word of a run that fails."""
        try:
            self._word = _last_word.decode(word).ended
        except msgspec.DecodeError:
            # None of a run's: anybody of this user may send here.
            return
        self._ended = ControlError(self._word)

    def why(self, timeout_s: float = 0.5) -> str:
        """Return why the run failed, of a run that has ended; empty if it does not say so."""
        deadline = time.monotonic() + timeout_s
        while not self._word and (left := deadline - time.monotonic()) > 0:
            self._read(left)
        return self._word

    def _renew(self) -> None:
        """Renew the taps where it is time; notices the end of the run, which is told later."""
        if self._ended is not None or time.monotonic() - self._renewed < RENEW_S:
            return
        self._renewed = time.monotonic()
        try:
            for wish in self._wishes.values():
                # A process that is busy for long has its taps renewed when it answers again.
                with suppress(RefusedError):
                    self.control.tap(wish)
            if not self._wishes:
                self.control.running()
        except ControlError as error:
            self._ended = error

    # The run -------------------------------------------------------------------------------

    def status(self) -> Status:
        """Return how the run stands; ControlError if it has ended or does not answer."""
        status = self.control.status()
        self._renew()
        return status

    def running(self) -> messages.IsRunning:
        """Return what runs, with its live parameters; ControlError if it does not answer."""
        return self.control.running()

    def change(self, values: Mapping[str, Any]) -> dict[str, int]:
        """Change live parameters, by ``block.parameter``; see :meth:`Control.change`."""
        return self.control.change(values)

    def stop(self) -> None:
        """Let the run end its sources, drain and report; ControlError if it does not answer."""
        self.control.stop()

    def graph(self) -> Drawn:
        """Return blocks, ports and edges as data to be drawn; ControlError as above."""
        return self.control.graph()


def _frame(head: bytes, items: bytes) -> Frame | None:
    """Read a frame; None where it is none of a run's: anybody of this user may send here."""
    try:
        header = _header.decode(head)
        item = ItemType(header.dtype, tuple(header.shape))
        array = np.frombuffer(items, item.numpy.newbyteorder("<"))
        array = array.reshape(header.count, *item.shape)
    except (msgspec.DecodeError, ValueError, SemradioError):
        return None
    return Frame(
        header.number,
        header.port,
        item,
        header.index,
        header.skipped,
        [Tag(*tag) for tag in header.tags],
        header.tags_skipped,
        header.t_ns,
        header.chunk,
        header.last,
        array,
    )
