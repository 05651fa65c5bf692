"""A stream written to a file."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from semradio.blocks.api import (
    Array,
    Input,
    ParameterError,
    Sink,
    StreamError,
    block,
    parameter,
    state,
)

_PART = ".part"


@block("file_sink", category="sinks")
class FileSink(Sink):
    """Write the items to a file: raw native binary, or NumPy's format if it is named ``*.npy``.

    The items go to ``FILE.part``, which takes the place of FILE when the stream has ended and
    all is on the disk. So a file of the given name is always whole, and an earlier one survives
    a run that fails; what that run wrote remains in ``FILE.part``. With ``append``, and for
    devices and pipes, the items go straight to FILE.

    Results: the number of ``items`` and the ``file``.

    Raises:
        ParameterError: the file cannot be written.
        StreamError: writing failed later, for instance because the disk is full.
    """

    file: str = parameter(doc="Path of the file; its folder must exist.")
    append: bool = parameter(
        False, doc="Whether to add to a file that is there, instead of replacing it (raw only)."
    )

    x = Input("any[...]", doc="Any stream.")

    items: int = state(0, doc="Items written.")

    def configure(self) -> None:
        self._path = Path(self.file).expanduser()
        self._npy = self._path.suffix == ".npy"
        if self._npy and self.append:
            raise ParameterError(
                f"parameter 'append' works for raw files only, not for '{self.file}'", "append"
            )

    def start(self) -> None:
        self._stream: BinaryIO | None = None
        if self.enabled:
            self._open()

    def work(self, x: Array, at: int) -> None:
        if self._stream is None:
            self._open()
        assert self._stream is not None  # opened by the line before
        with self._writing():
            self._stream.write(np.ascontiguousarray(x).reshape(-1).view(np.uint8).data)
        self.items += len(x)

    def flush(self) -> None:
        if self._stream is None:
            return
        with self._writing():
            if self._npy:
                self._stream.seek(0)
                self._write_header()
            self._stream.flush()
            if self._regular:
                os.fsync(self._stream.fileno())
            self._stream.close()
            if self._written != self._path:
                self._written.replace(self._path)
        self._stream = None

    def stop(self) -> None:
        if self._stream is None:
            return
        # The run failed; what closing may report as well would hide why.
        with contextlib.suppress(OSError):
            self._stream.close()
        self._stream = None
        if self._written != self._path:
            self.note(f"'{self._path}' is not complete; what was written is in '{self._written}'")

    def results(self) -> dict[str, Any]:
        return {"items": self.items, "file": str(self._path)}

    def _open(self) -> None:
        path = self._path
        try:
            self._regular = not path.exists() or stat.S_ISREG(path.stat().st_mode)
            direct = self.append or not self._regular
            self._written = path if direct else path.with_name(path.name + _PART)
            self._stream = self._written.open("ab" if self.append else "wb")
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise ParameterError(f"file '{path}' cannot be written: {why}", "file") from None
        if self._npy:
            if not self._regular:
                raise ParameterError(f"'{path}' is not a regular file and cannot be .npy", "file")
            with self._writing():
                self._write_header()

    def _write_header(self) -> None:
        """Write the header for the items so far; NumPy makes it the same length for any number."""
        assert self._stream is not None  # called while the file is open
        item = self.input_types["x"]
        header = {
            "descr": npy.dtype_to_descr(item.numpy),
            "fortran_order": False,
            "shape": (self.items, *item.shape),
        }
        npy.write_array_header_1_0(self._stream, header)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StreamError(
                f"file '{self._path}' cannot be written: {error.strerror or error}"
            ) from None
