"""Fetch the official files of a data set from its mirrors."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from semradio.blocks.datasets.catalogue import DataFile, dataset_named
from semradio.blocks.datasets.download import ResumingDownloader
from semradio.blocks.datasets.report import SilentReport, reporting
from semradio.blocks.datasets.user_cache import cache_folder
from semradio.blocks.errors import DatasetError


def fetch(
    dataset: str,
    destination: str | Path | None = None,
    progress: bool = True,
    mirrors: Sequence[str] | None = None,
) -> list[Path]:
    """Download what is missing of a data set's four files and check all of them.

    dataset : "mnist" or "fashion-mnist"
    destination : a folder such as $SEMRADIO_DATA may name: the files go to its sub-folder of
        the data set's name; None takes the user's cache
    progress : tell on standard error what happens: a bar on a terminal, lines elsewhere
    mirrors : addresses that a file name is appended to, tried in this order; None takes those
        known

    Returns the paths of the files. A file that is there and right is left alone; a file appears
    under its name only when its SHA-256 is right; an interrupted download leaves NAME.part and
    goes on from there next time. Raises DatasetError where no mirror gives a file (with the
    reason for each) or the destination cannot be written to.
    """
    wanted = dataset_named(dataset)
    folder = (Path(destination).expanduser() if destination else cache_folder()) / wanted.name
    addresses = wanted.mirrors if mirrors is None else mirrors
    with reporting(progress) as report, _quiet_pooch():
        try:
            return [_fetch_file(file, folder, addresses, report) for file in wanted.files]
        except OSError as error:
            raise DatasetError(f"{folder}: cannot be written to: {error}") from None


def _fetch_file(file: DataFile, folder: Path, mirrors: Sequence[str], report: SilentReport) -> Path:
    import pooch  # type: ignore[import-untyped]

    part = folder / f"{file.name}.part"
    report.begin(file.name, file.size)
    failures = []
    waiting = deque(f"{mirror.rstrip('/')}/{file.name}" for mirror in mirrors)
    while waiting:
        url = waiting.popleft()
        resumed = part.exists()
        try:
            path = pooch.retrieve(
                url,
                known_hash=file.sha256,
                fname=file.name,
                path=folder,
                downloader=ResumingDownloader(part, file.size, report.held),
            )
        except DatasetError as error:
            reason = str(error)
        except ValueError:
            reason = "what it sent has the wrong SHA-256 (removed)"
            if resumed:
                # The beginning, from an earlier run, may be what is wrong: once more, all of it.
                waiting.appendleft(url)
        else:
            report.held(file.size)
            report.line(f"{file.name}: {file.size} bytes, SHA-256 right, in {folder}")
            return Path(path)
        failures.append(f"{url}: {reason}")
        report.line(failures[-1])
    kept = f"\n{part} is kept; fetching again goes on from there" if part.exists() else ""
    raise DatasetError(
        f"{file.name} could not be fetched:\n" + "\n".join(f"  {each}" for each in failures) + kept
    )


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Keep pooch's own lines back while the report tells the same."""
    import pooch

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
