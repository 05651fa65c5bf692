"""Runs in processes of their own, with a folder for control sockets of their own."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from commands import Command

from semradio.flowgraphs.control import Control, find_runs


@contextmanager
def own_sockets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Let control sockets be in a folder of their own, with a path that is short enough."""
    # pytest's own folder for temporary files is to stay where it is.
    tmp_path_factory.getbasetemp()
    folder = Path(tempfile.mkdtemp(prefix="tap", dir="/tmp"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        patch.setenv("TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", str(folder))
        yield folder
    if not any(folder.glob("semradio/*.sock")):
        shutil.rmtree(folder, ignore_errors=True)


class Run:
    """A ``semradio run`` beside the test."""

    def __init__(self, folder: Path, text: str, *options: str) -> None:
        file = folder / "looked_at.yml"
        file.write_text(text, encoding="utf-8")
        self.out = folder / "results.json"
        words = ("--allow-code", "--quiet", "--json", str(self.out), *options)
        self.process = Command("run", str(file), *words)
        self.control = self._control()

    def _control(self) -> Control:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            for found in find_runs():
                if found.what is not None and found.what.pid == self.process.pid:
                    return Control(found.endpoint)
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        self.process.kill()
        raise AssertionError(self.process.communicate()[1])

    def end(self, status: int = 0) -> dict[str, Any]:
        """Wait for the end; returns the results."""
        _, said = self.process.communicate(timeout=120)
        assert self.process.returncode == status, said
        found: dict[str, Any] = json.loads(self.out.read_text())
        return found
