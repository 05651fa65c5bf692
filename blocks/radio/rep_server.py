"""A thread that answers requests for samples while a flowgraph goes on."""

from __future__ import annotations

import threading
import time
from collections import deque

import numpy as np
import zmq

from semradio.blocks.api import Array
from semradio.blocks.radio.air_format import encode

_POLL_MS = 20
"""Longest wait before the thread looks whether it should end."""


class RepServer(threading.Thread):
    """Answers the requests of receivers from a queue of samples; it alone uses the socket."""

    def __init__(
        self, socket: zmq.Socket[bytes], most: int, idle: float | None, form: str = "cf32"
    ) -> None:
        super().__init__(name="zmq_radio_sink", daemon=True)
        self.socket = socket
        self.most = most
        self.idle = idle
        self.format = form
        self.changed = threading.Condition()
        self.queue: deque[Array] = deque()
        self.waiting = 0
        """Samples in the queue."""
        self.ending = False
        self.busy = False
        """Whether samples wait, or are on their way out."""
        self.sent = 0
        self.zeros = 0
        self.replies = 0
        self.clipped = 0
        """Samples beyond full scale, of a format that has one."""
        self.asked_at: float | None = None
        """When a receiver last got an answer; None before the first."""
        self.failure: Exception | None = None

    def put(self, x: Array) -> None:
        """Queue samples to be fetched, complex64[n]."""
        with self.changed:
            if len(x):
                self.queue.append(x)
                self.waiting += len(x)
                self.busy = True
                self.changed.notify()

    @property
    def silence(self) -> float:
        """Seconds since a receiver last got an answer; 0 before the first."""
        return 0.0 if self.asked_at is None else time.monotonic() - self.asked_at

    def discard(self) -> None:
        """Throw away the samples that wait."""
        with self.changed:
            self.queue.clear()
            self.waiting = 0
            self.busy = False

    def end(self) -> None:
        """Let the thread end, whatever waits."""
        with self.changed:
            self.ending = True
            self.changed.notify()

    def run(self) -> None:
        try:
            self._serve()
        except Exception as error:
            self.failure = error
            self.busy = False

    def _serve(self) -> None:
        silent = False
        while not self.ending:
            if not self.socket.poll(_POLL_MS):
                continue
            # What it says means nothing: one byte from srsRAN, a count from GNU Radio.
            self.socket.recv()
            reply = self._next(0.0 if silent and self.idle is not None else self.idle)
            if reply is None:
                if self.ending:
                    return
                self.zeros += self.most
            silent = reply is None
            samples = np.zeros(self.most, np.complex64) if reply is None else reply
            raw, clipped = encode(samples, self.format)
            self.clipped += clipped
            self.socket.send(raw)
            with self.changed:
                self.replies += 1
                self.asked_at = time.monotonic()
                self.sent += 0 if silent else len(samples)
                self.busy = self.waiting > 0

    def _next(self, patience: float | None) -> Array | None:
        """Return the samples that wait, at most ``most``; None if none come in time."""
        with self.changed:
            self.changed.wait_for(lambda: self.queue or self.ending, patience)
            parts: list[Array] = []
            room = self.most
            while self.queue and room:
                x = self.queue.popleft()
                parts.append(x[:room])
                if len(x) > room:
                    self.queue.appendleft(x[room:])
                room -= len(parts[-1])
            self.waiting -= self.most - room
        return np.concatenate(parts) if parts else None
