"""Download one file so that an interruption costs nothing that has already arrived."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from semradio.blocks.errors import DatasetError

if TYPE_CHECKING:
    from requests import Response

_TIMEOUT_S = (10.0, 30.0)  # to connect; between two pieces
_TRIES = 4
_CHUNK = 1 << 16


class BrokenOffError(DatasetError):
    """No connection, or it ended before the file did; what has arrived is kept."""


class ResumingDownloader:
    """Download to a part file and go on where it ends (HTTP Range); a downloader for pooch.

    part : the file that collects the bytes; it stays when the download is interrupted, and the
        next download goes on from it, from whatever mirror
    size : length of the whole file, in bytes; a server that has another length is refused
    on_bytes : called with the bytes held so far, at the start and after each piece

    Called by pooch with the address and the file to write. A server that ignores the range is
    read from the start. A connection that breaks off is taken up again at once as long as it
    brings the file forward, a few times. Raises DatasetError (BrokenOffError where the part is
    worth keeping) when the file cannot be had from there.
    """

    def __init__(self, part: Path, size: int, on_bytes: Callable[[int], None]) -> None:
        self.part = part
        self.size = size
        self.on_bytes = on_bytes

    def __call__(self, url: str, output_file: str, pooch: object, check_only: bool = False) -> None:
        for tries_left in reversed(range(_TRIES)):
            before = self._held()
            try:
                self._go_on(url, before)
                break
            except BrokenOffError:
                if self._held() <= before or not tries_left:
                    raise
        self.part.replace(output_file)

    def _held(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _go_on(self, url: str, held: int) -> None:
        # Imported late: requests is heavy and only a download needs it.
        import requests
        from urllib3.exceptions import HTTPError

        if held == self.size:
            return
        # "identity": a server that unpacked the .gz on the way would send another file.
        headers = {"Accept-Encoding": "identity"}
        if 0 < held < self.size:
            headers["Range"] = f"bytes={held}-"
        try:
            with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S) as response:
                self._receive(response, held)
        except requests.RequestException as error:
            raise BrokenOffError(_in_short(error)) from None
        except HTTPError:
            pass  # ended or fell silent on the way; what counts is how far it came
        if self._held() < self.size:
            raise BrokenOffError(f"broke off after {self._held()} of {self.size} bytes")

    def _receive(self, response: Response, held: int) -> None:
        start, total = _announced(response)
        if response.status_code not in {200, 206}:
            raise DatasetError(f"the server answers {response.status_code} {response.reason}")
        if start not in {0, held}:
            raise DatasetError(f"the server sends bytes from {start} on, not from {held}")
        if total is not None and total != self.size:
            raise DatasetError(f"the server has {total} bytes, the file has {self.size}")
        held = start
        with self.part.open("ab" if held else "wb") as part:
            self.on_bytes(held)
            # Raw, because requests would unpack what a server labels as gzip-encoded.
            for piece in response.raw.stream(_CHUNK, decode_content=False):
                held += len(piece)
                if held > self.size:
                    break
                part.write(piece)
                self.on_bytes(held)
        if held > self.size:
            self.part.unlink()
            raise DatasetError(f"the server sends more than the {self.size} bytes of the file")


def _announced(response: Response) -> tuple[int, int | None]:
    """Return the offset at which the answer starts and the length of the whole file, if told."""
    if response.status_code == 206:
        told = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if not told:
            raise DatasetError("the server sends a range without saying which")
        return int(told[1]), None if told[2] == "*" else int(told[2])
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else None


def _in_short(error: Exception) -> str:
    """Return the cause at the end of a chain of errors, without the objects around it."""
    text = str(error)
    found = re.search(r"(\[Errno [^\]]*\] [^'\")]*|[Tt]imed out|Name or service not known)", text)
    return found[1] if found else text
