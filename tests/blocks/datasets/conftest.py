"""Made-up data sets and misbehaving servers for the tests of the data-set layer."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import platformdirs
import pytest

from semradio.blocks.datasets.catalogue import DATASETS, DataFile, Dataset

_CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def idx_file(array: np.ndarray) -> bytes:
    """Build the bytes of an IDX file, from the format's definition alone."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    head = bytes([0, 0, _CODES[array.dtype.str[1:]], array.ndim])
    return head + sizes + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture
def idx_bytes() -> Callable[[np.ndarray], bytes]:
    return idx_file


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose image i carries i in its first three pixels; label i % 10.

    The test part counts on from 60,000, so every image of the folder is told from every other.
    """
    root = tmp_path_factory.mktemp("numbered")
    folder = root / "mnist"
    folder.mkdir()
    for part, first, count in (("train", 0, 60_000), ("t10k", 60_000, 10_000)):
        number = np.arange(first, first + count)
        images = np.zeros((count, 28, 28), np.uint8)
        images[:, 0, 0], images[:, 0, 1], images[:, 0, 2] = number >> 16, number >> 8 & 255, number
        labels = (number % 10).astype(np.uint8)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx_file(images))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx_file(labels))
    return root


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with no data set anywhere; returns the (missing) cache folder of the user."""
    cache = tmp_path / "cache"
    monkeypatch.delenv("SEMRADIO_DATA", raising=False)
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda project: str(cache / project))
    monkeypatch.setitem(sys.modules, "mlxtend", None)
    for name, dataset in list(DATASETS.items()):
        monkeypatch.setitem(DATASETS, name, replace(dataset, system_folders=()))
    return cache / "semradio"


@pytest.fixture(scope="session")
def full_data() -> Path:
    """The folder with the real data sets."""
    value = os.environ.get("SEMRADIO_DATA")
    if not value:
        pytest.skip("needs the real data sets: set SEMRADIO_DATA to their folder")
    return Path(value)


class Server:
    """A web server on the loopback that serves ``files`` and behaves as it is told.

    behaviour : "good" (honours ranges), "no ranges", "breaks off" (ends each answer after
        ``pieces`` bytes), "breaks off once", "corrupt" (flips a bit of the first byte it
        sends), "missing" (404), "other length" (a short page, status 200), "endless" (no
        length, never stops), "unlabelled range" (206 without saying which), "other range"
        (206 for one byte too far)
    asked : (path, range) of each request so far
    """

    def __init__(self, files: dict[str, bytes], behaviour: str = "good") -> None:
        self.files = files
        self.behaviour = behaviour
        self.pieces = 100_000
        self.asked: list[tuple[str, str | None]] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                owner.answer(self)

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/data/"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def ranges(self, name: str) -> list[str | None]:
        return [asked for path, asked in self.asked if path == name]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        name = request.path.removeprefix("/data/")
        asked = request.headers.get("Range")
        self.asked.append((name, asked))
        if self.behaviour == "missing" or name not in self.files:
            request.send_error(404)
            return
        if self.behaviour == "endless":
            self._send_endless(request)
            return
        whole = self.files[name]
        if self.behaviour == "other length":
            whole = b"<html>please log in</html>"
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked else 0
        if self.behaviour in {"no ranges", "other length"}:
            start = 0
        if start and self.behaviour == "other range":
            start += 1
        body = whole[start:]
        if self.behaviour == "corrupt":
            body = bytes([body[0] ^ 1]) + body[1:]
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(body)))
        if start and self.behaviour != "unlabelled range":
            last = len(whole) - 1
            request.send_header("Content-Range", f"bytes {start}-{last}/{len(whole)}")
        # What some servers say of a .gz file; a client that believes it gets another file.
        request.send_header("Content-Encoding", "gzip")
        request.end_headers()
        if self.behaviour.startswith("breaks off"):
            body = body[: self.pieces]
            if self.behaviour == "breaks off once":
                self.behaviour = "good"
        request.wfile.write(body)

    def _send_endless(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            while True:
                request.wfile.write(bytes(1 << 16))
        except OSError:  # the client has had enough
            pass


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers; all are closed at the end of the test."""
    servers: list[Server] = []

    def start(files: dict[str, bytes], behaviour: str = "good") -> Server:
        servers.append(Server(files, behaviour))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def small_mnist(monkeypatch: pytest.MonkeyPatch, bare: Path) -> dict[str, bytes]:
    """Put random content in the place of MNIST's four files; returns it by file name."""
    rng = np.random.default_rng(7)
    known: Dataset = DATASETS["mnist"]
    files = {file.name: rng.bytes(300_000 + 1000 * at) for at, file in enumerate(known.files)}
    stand_ins = tuple(
        DataFile(name, len(content), hashlib.sha256(content).hexdigest())
        for name, content in files.items()
    )
    monkeypatch.setitem(DATASETS, "mnist", replace(known, files=stand_ins, mirrors=()))
    return files
