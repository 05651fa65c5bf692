"""The files of a sweep's results, all named after its table."""

from __future__ import annotations

import os
from pathlib import Path

from semradio.flowgraphs.sweep.failure import SweepError
from semradio.flowgraphs.sweep.table import KINDS, Table, check_kind, parquet_available

SUMMARY = ".summary.csv"
"""Ending of the file with the means over an axis."""


class Outputs:
    """The table, its sibling of the other kind, and the summary.

    Args:
        path: of the table, .csv or .parquet.

    Raises:
        SweepError: the path is of another kind, or needs a package that is not installed.
    """

    def __init__(self, path: Path) -> None:
        check_kind(path)
        self.path = path
        self.summary = path.with_suffix(SUMMARY)

    @property
    def tables(self) -> list[Path]:
        """The files that the table is written to."""
        kinds = [kind for kind in KINDS if kind == KINDS[0] or parquet_available()]
        return [self.path.with_suffix(kind) for kind in kinds]

    def check(self) -> None:
        """Raise SweepError unless all these files can be written, or removed."""
        folder = self.path.absolute().parent
        if not folder.is_dir():
            raise SweepError(f"cannot write the table {self.path}: no such folder")
        if not os.access(folder, os.W_OK):
            raise SweepError(f"cannot write the table {self.path}: no leave to write in its folder")
        for file in self._all:
            if file.is_dir():
                raise SweepError(
                    f"cannot write {file}: it is a folder; move it away, or name another --out"
                )

    def write(self, table: Table) -> None:
        """Write the table, and remove what an older one has left and is not written anew.

        Raises:
            SweepError: a file cannot be written or removed.
        """
        tables = self.tables
        # First, so that nothing old ever stands beside something new.
        for file in self._all:
            if file not in tables:
                _remove(file)
        for file in tables:
            table.write(file)

    @property
    def _all(self) -> list[Path]:
        return [*(self.path.with_suffix(kind) for kind in KINDS), self.summary]


def _remove(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise SweepError(f"cannot remove the old {file}: {error.strerror or error}") from None
