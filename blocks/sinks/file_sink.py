"""A stream written to a file."""

from __future__ import annotations

import os
import stat
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from semradio.blocks.api import Array, Input, ParameterError, block, parameter
from semradio.blocks.sinks.part_file_sink import PartFileSink
from semradio.blocks.written_file import WrittenFile


@block("file_sink", category="sinks")
class FileSink(PartFileSink):
    """Write the items to a file: raw native binary, or NumPy's format if it is named ``*.npy``.

    The items go to ``FILE.part``, which takes the place of FILE when the stream has ended and all
    is on the disk. So a file of the given name is always whole, and an earlier one survives a run
    that fails; what that run wrote remains in ``FILE.part``. With ``append``, and for devices and
    pipes, the items go straight to FILE.

    Results:
        The number of ``items`` and the ``file``.

    Raises:
        ParameterError: the file cannot be written.
        StreamError: writing failed later, for instance because the disk is full.

    Example:
        >>> FileSink(file="ramp.npy")(np.arange(4, dtype=np.float32))
        {'items': 4, 'file': 'ramp.npy'}
        >>> np.load("ramp.npy")
        array([0., 1., 2., 3.], dtype=float32)
    """

    append: bool = parameter(
        False, doc="Whether to add to a file that is there, instead of replacing it (raw only)."
    )

    x = Input("any[...]", doc="Any stream.")

    def configure(self) -> None:
        super().configure()
        self._npy = self._path.suffix == ".npy"
        if self._npy and self.append:
            raise ParameterError(
                f"parameter 'append' works for raw files only, not for '{self.file}'", "append"
            )

    def destination(self) -> WrittenFile:
        return WrittenFile(self._path, append=self.append, devices=True)

    def unrepeatable(self) -> str:
        if self._path.exists() and not self._path.is_file():
            return f"what went to '{self._path}', which is no regular file, cannot be taken back"
        return ""

    def begin(self, stream: BinaryIO) -> None:
        if not self._npy:
            return
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise ParameterError(f"'{self._path}' is not a regular file and cannot be .npy", "file")
        self._write_header(stream)

    def work(self, x: Array, at: int) -> None:
        self.write(np.ascontiguousarray(x).reshape(-1).view(np.uint8).data)
        self.items += len(x)

    def complete(self, stream: BinaryIO) -> None:
        if self._npy:
            stream.seek(0)
            self._write_header(stream)

    def results(self) -> dict[str, Any]:
        return {"items": self.items, "file": str(self._path)}

    def _write_header(self, stream: BinaryIO) -> None:
        """Write the header for the items so far; NumPy makes it the same length for any number."""
        item = self.input_types["x"]
        header = {
            "descr": npy.dtype_to_descr(item.numpy),
            "fortran_order": False,
            "shape": (self.items, *item.shape),
        }
        npy.write_array_header_1_0(stream, header)
