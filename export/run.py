"""A run of a recipe: its folder, the phases that it trains, and in the end its report."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict, TypeVar

import msgspec
from filelock import FileLock

from semradio.blocks.errors import ParameterError
from semradio.blocks.part_file import write_whole
from semradio.export.fitting import Figures, Phase, fit
from semradio.export.progress import Progress, silent
from semradio.export.report import RunReport

R = TypeVar("R", bound=RunReport)


class Manner(TypedDict, total=False):
    """How a run goes, whatever the recipe; nothing of it changes what comes out."""

    resume: bool
    """Go on with the run in the folder; finished phases are not trained again."""
    shared: Path | None
    """Folder for finished phases that runs have in common; runs that share it, even at the same
    time, train each of them once."""
    progress: Progress
    """Is told of each epoch."""


class Run:
    """One run in its folder, which is made if it is missing.

    Raises :class:`ParameterError` if the folder cannot be made, or holds a run that is not to be
    gone on with.
    """

    def __init__(
        self,
        folder: Path,
        *,
        resume: bool = False,
        shared: Path | None = None,
        progress: Progress = silent,
    ) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ParameterError(
                f"cannot write the run folder {folder}: {error.strerror}"
            ) from error
        if not resume and any(folder.glob("*.pt")):
            raise ParameterError(f"{folder} already holds a run: resume it, or give another folder")
        self.folder = folder
        self.history: dict[str, list[Figures]] = {}
        """Per phase, the validation figures of each epoch."""
        self._resume = resume
        self._shared = shared
        self._progress = progress

    def fit(self, phase: Phase, *, common: bool = False) -> None:
        """Train a phase, with a checkpoint in the folder under its name: see :func:`fit`.

        Args:
            phase: its name is no other's of this run.
            common: whether other runs may have this very phase, of the same name and settings, and
                take it from ``shared``.

        Raises :class:`ParameterError` if the folder holds the phase of other settings, and
        :class:`SemradioError` if the loss is not a finite number.
        """
        path = self.folder / f"{phase.name}.pt"
        with self._sharing(phase, path, common) as found:
            self.history[phase.name] = fit(
                phase, path, resume=self._resume or found, progress=self._progress
            )

    def finish(self, report: R) -> R:
        """Write the report into the folder, and return it."""
        report.write(self.folder)
        return report

    @contextlib.contextmanager
    def _sharing(self, phase: Phase, path: Path, common: bool) -> Iterator[bool]:
        """Take a phase that another run has finished; True if so. Else leave ours to others."""
        if self._shared is None or not common:
            yield False
            return
        self._shared.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(msgspec.json.encode(phase.settings, order="sorted")).hexdigest()
        kept = self._shared / f"{phase.name}-{digest[:16]}.pt"
        with FileLock(kept.with_suffix(".lock")):
            found = kept.exists() and not path.exists()
            if found:
                write_whole(path, kept.read_bytes(), durable=True)
            yield found
            if not kept.exists():
                write_whole(kept, path.read_bytes(), durable=True)
