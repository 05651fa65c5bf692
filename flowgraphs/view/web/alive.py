"""Which of some processes of this host are there still, asked often and at little cost."""

from __future__ import annotations

import os
import select
from collections.abc import Mapping

import psutil


class Alive:
    """Watches processes by name; the first that go are told first."""

    def __init__(self) -> None:
        self.pids: dict[str, int] = {}
        self._files: dict[int, str] = {}
        self._gone: list[str] = []

    def watch(self, pids: Mapping[str, int]) -> None:
        """Watch these processes from now on; nothing happens if that is so already."""
        if pids == self.pids:
            return
        self.close()
        self.pids = dict(pids)
        for name, pid in pids.items():
            try:
                self._files[os.pidfd_open(pid)] = name
            except ProcessLookupError:
                self._gone.append(name)
            except (AttributeError, OSError):
                # Not this system's, or not to be watched: looked up each time.
                continue

    def gone(self) -> list[str]:
        """Return the names of those that are gone, or of which only the exit status is left."""
        if self._files:
            for file in select.select(list(self._files), [], [], 0)[0]:
                self._gone.append(self._files.pop(file))
                os.close(file)
        watched = {*self._files.values(), *self._gone}
        self._gone += [n for n, pid in self.pids.items() if n not in watched and _is_gone(pid)]
        return list(self._gone)

    def close(self) -> None:
        """Watch nobody any more."""
        for file in self._files:
            os.close(file)
        self.pids, self._files, self._gone = {}, {}, []


def _is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False
