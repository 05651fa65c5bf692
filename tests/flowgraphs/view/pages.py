"""What the tests of the page share: a viewer as users start it, and how to speak to it."""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from commands import Command
from websockets.sync.client import ClientConnection, connect

LINK = """
flowgraph: watched
doc: A constellation in noise, switched by Alice, and read by Eve.
variables: {rate: 20000.0}
blocks:
  source: {block: signal_source, waveform: square, sample_rate: 8, frequency: 1}
  pace:   {block: throttle, rate: "${rate}"}
  alice:  {block: multiply_const, constant: 1.0}
  air:    {block: awgn_channel, snr_db: 3.0, seed: 1}
  sink:   {block: null_sink}
connections:
  - source -> pace -> alice -> air -> sink
processes:
  sender: [source, pace, alice]
  air: [air]
  receiver: [sink]
view:
  panels:
    symbols: {of: air.y, show: constellation}
    signal: {of: air.y, show: time}
"""
"""A flowgraph of three processes that runs until it is stopped."""


class Viewer:
    """A ``semradio view`` beside the test."""

    def __init__(self, *options: str, folder: Path | None = None) -> None:
        self.process = Command("view", "--no-open", *options, folder=folder, error="out")
        self.said = ""
        self.urls: list[str] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        deadline = time.monotonic() + 120
        wanted = 1 if "--look" in options else 2
        while len(self.urls) < wanted:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.02)

    def _listen(self) -> None:
        for line in self.process.stdout:
            self.said += line
            self.urls += re.findall(r"http://\S+", line)

    @property
    def url(self) -> str:
        """The address that gives all rights there are."""
        return self.urls[0]

    @property
    def port(self) -> int:
        return int(re.findall(r":(\d+)/", self.url)[0])

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def token(self, number: int = 0) -> str:
        return self.urls[number].partition("#")[2]

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Make a request; returns status, headers and body."""
        line = HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            line.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            sent = {"Host": f"127.0.0.1:{self.port}", **named}
            if body is not None:
                sent.setdefault("Content-Length", str(len(body)))
            for name, value in sent.items():
                line.putheader(name, value)
            line.endheaders()
            if body is not None:
                line.send(body)
            answer = line.getresponse()
            found = {k.lower(): v for k, v in answer.getheaders()}
            return answer.status, found, answer.read()
        finally:
            line.close()

    def enter(self, token: str, **headers: str) -> tuple[int, str]:
        """Exchange a token for a cookie; returns the status and the cookie as browsers send it."""
        body = json.dumps({"token": token}).encode()
        sent = {"Origin": self.origin, "Content_Type": "application/json", **headers}
        status, found, _ = self.ask("POST", "/enter", body, **sent)
        return status, found.get("set-cookie", "").partition(";")[0]

    def socket(
        self, cookie: str, origin: str | None = "", host: str | None = None
    ) -> ClientConnection:
        """Open a websocket as a browser would."""
        more = {"Cookie": cookie} if cookie else {}
        uri = f"ws://127.0.0.1:{self.port}/look"
        return connect(
            uri,
            origin=self.origin if origin == "" else origin,  # type: ignore[arg-type]
            additional_headers=more,
            open_timeout=120,
            close_timeout=1,
            proxy=None,
            compression=None,
        )

    def end(self) -> None:
        """End it as Ctrl-C does."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(120)


@dataclass
class Looker:
    """A page without a browser: takes messages, and says when it has drawn."""

    line: ClientConnection
    headers: list[dict[str, Any]] = field(default_factory=list)
    news: dict[str, Any] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)

    def say(self, **word: Any) -> None:
        self.line.send(json.dumps(word))

    def take(self, draw: bool = True, timeout: float = 120) -> dict[str, Any] | None:
        """Take one message; None if it was an answer."""
        found = self.line.recv(timeout)
        if isinstance(found, str):
            self.answers.append(json.loads(found))
            return None
        length = int.from_bytes(found[:4], "little")
        header: dict[str, Any] = json.loads(found[4 : 4 + length])
        self.headers.append(header)
        self.news.update(header["news"])
        if draw:
            self.say(do="drawn")
        return header

    def until(self, what: str) -> Any:
        """Take messages until there is some news."""
        deadline = time.monotonic() + 120
        while what not in self.news:
            assert time.monotonic() < deadline, self.news.keys()
            self.take()
        return self.news[what]

    def ask(self, **word: Any) -> dict[str, Any]:
        """Ask for something to be done; returns the answer."""
        known = len(self.answers)
        self.say(ask=1, **word)
        while len(self.answers) == known:
            self.take()
        return self.answers[-1]
