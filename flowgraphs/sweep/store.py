"""The store of finished cells, beside the table: a SQLite file that one sweep uses at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from semradio.flowgraphs.sweep.failure import SweepError

ENDING = ".sweep.sqlite"

_APPLICATION = 0x73727377
"""SQLite's application_id of our files: "srsw"."""


class Store:
    """Results by the keys of their cells; every change is committed at once.

    A process that is killed loses nothing that :meth:`add` has returned from; what a power cut
    loses is the latest cells, never the store.

    Args:
        path: the file; made if there is none.

    Raises:
        SweepError: another sweep uses it, it is damaged, it is a file of another program, which is
            left as it is, or it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._told():
            self._database = sqlite3.connect(path, timeout=0, isolation_level=None)
            try:
                self._open()
            except BaseException:
                self._database.close()
                raise

    def results(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return what is stored of these keys."""
        found = {}
        with self._told():
            for key in keys:
                row = self._database.execute(
                    "SELECT result FROM cells WHERE key = ?", (key,)
                ).fetchone()
                if row is not None:
                    try:
                        found[key] = _result(row[0])
                    except ValueError as error:
                        raise self._damaged(error) from None
        return found

    def add(self, key: str, result: dict[str, Any]) -> None:
        """Store the result of a cell."""
        with self._told():
            self._database.execute(
                "INSERT OR REPLACE INTO cells VALUES (?, ?)", (key, json.dumps(result))
            )

    def clear(self) -> None:
        """Forget all cells."""
        with self._told():
            self._database.execute("DELETE FROM cells")

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    def _open(self) -> None:
        run = self._database.execute
        # Exclusive: the lock is the operating system's, and goes with the process.
        run("PRAGMA locking_mode = EXCLUSIVE")
        (application,) = run("PRAGMA application_id").fetchone()
        (tables,) = run("SELECT count(*) FROM sqlite_master").fetchone()
        if application != _APPLICATION and (application or tables):
            raise SweepError(
                f"{self.path} is the file of another program, not of a sweep: name another --out"
            )
        # Not before: it writes to the file.
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")
        run("BEGIN IMMEDIATE")
        run(f"PRAGMA application_id = {_APPLICATION}")
        run("CREATE TABLE IF NOT EXISTS cells (key TEXT PRIMARY KEY, result TEXT NOT NULL)")
        run("COMMIT")
        (state,) = run("PRAGMA quick_check(1)").fetchone()
        if state != "ok":
            raise sqlite3.DatabaseError(state)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what SQLite raises into words for the user."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise SweepError(
                    f"another sweep uses {self.path}: wait for it, or name another --out"
                ) from None
            raise SweepError(f"cannot use the store {self.path}: {error}") from None
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from None
        except ValueError as error:  # the name can be that of no file
            raise SweepError(f"cannot use the store {self.path}: {error}") from None

    def _damaged(self, error: Exception) -> SweepError:
        return SweepError(
            f"the store {self.path} is damaged ({error}): delete it, and the sweep begins anew"
        )


def _result(text: object) -> dict[str, Any]:
    found = json.loads(str(text))
    if not isinstance(found, dict) or not {"results", "elapsed_s"} <= found.keys():
        raise ValueError("a result is incomplete")
    return found
