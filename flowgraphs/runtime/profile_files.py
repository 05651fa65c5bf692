"""Where the time of a run went, as files: a trace that Perfetto opens, and two tables.

``trace.json`` is in Chrome's trace event format (https://ui.perfetto.dev and chrome://tracing open
it): a process of the run is a process there, with a row for its blocks and one for its waits.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from semradio.blocks.errors import ParameterError
from semradio.flowgraphs.runtime.failure import RunError
from semradio.flowgraphs.runtime.profile import WAITING, Profile
from semradio.flowgraphs.runtime.result import RunResult

BLOCKS = ("process", "block", "calls", "items", "us_per_call", "us_per_item", "longest_us", "share")
QUEUES = ("process", "edge", "mean_items", "most_items", "wait_ms")

_BLOCK_ROW, _WAIT_ROW = 1, 2


def check_folder(folder: str | Path) -> None:
    """Make a folder for the files; ParameterError if none can be written there."""
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ParameterError(f"profile: cannot make folder {folder}: {error.strerror}") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise ParameterError(f"profile: cannot write into folder {folder}")


def write_profile(folder: str | Path, result: RunResult) -> None:
    """Write what was taken down of a run; RunError if the disk is full."""
    path = Path(folder)
    try:
        with (path / "trace.json").open("w", encoding="utf-8") as file:
            json.dump(
                {"traceEvents": list(_events(result.profiles)), "displayTimeUnit": "ms"}, file
            )
        _write_table(path / "blocks.csv", BLOCKS, block_rows(result.profiles))
        _write_table(path / "queues.csv", QUEUES, queue_rows(result))
    except OSError as error:
        raise RunError(f"profile: cannot write into {folder}: {error.strerror}") from error


def block_rows(profiles: Mapping[str, Profile]) -> list[list[Any]]:
    """Return what each block took, as rows of :data:`BLOCKS`; shares are of a process's work."""
    rows = []
    for process, profile in profiles.items():
        total = sum(found.seconds for found in profile.blocks.values()) or 1.0
        for name, found in profile.blocks.items():
            micros = 1e6 * found.seconds
            rows.append(
                [
                    process,
                    name,
                    found.calls,
                    found.items,
                    round(micros / max(1, found.calls), 3),
                    round(micros / max(1, found.items), 4),
                    round(1e6 * found.longest, 1),
                    round(found.seconds / total, 4),
                ]
            )
    return rows


def queue_rows(result: RunResult) -> list[list[Any]]:
    """Return how full queues were, as rows of :data:`QUEUES`; what is worked on counts as waiting.

    How long an item waits follows from how many wait and how many pass (Little 1961: L = lambda W).
    """
    rows = []
    for process, profile in result.profiles.items():
        for label, found in profile.queues.items():
            mean = found.item_seconds / found.seconds if found.seconds else 0.0
            items = result.edges.get(label, {}).get("items", 0)
            wait = mean * profile.seconds / items if items else 0.0
            rows.append([process, label, round(mean, 2), found.most, round(1000 * wait, 4)])
    return rows


def _events(profiles: Mapping[str, Profile]) -> Iterator[dict[str, Any]]:
    begins = [span.began for profile in profiles.values() for span in profile.spans]
    start = min(begins, default=0.0)
    for number, (process, profile) in enumerate(profiles.items(), start=1):
        more = (
            f" ({profile.spans_left_out:,} later spans left out)" if profile.spans_left_out else ""
        )
        yield _name("process_name", number, 0, process + more)
        yield _name("thread_name", number, _BLOCK_ROW, "blocks")
        yield _name("thread_name", number, _WAIT_ROW, "waits")
        for span in profile.spans:
            waits = span.name == WAITING
            # Both ends are rounded alike: spans that follow each other do not overlap.
            began, ended = (
                round(1e6 * (t - start), 3) for t in (span.began, span.began + span.seconds)
            )
            event: dict[str, Any] = {
                "name": "waits" if waits else span.name,
                "ph": "X",
                "pid": number,
                "tid": _WAIT_ROW if waits else _BLOCK_ROW,
                "ts": began,
                "dur": round(ended - began, 3),
            }
            if not waits:
                event["args"] = {"first item": span.index, "items": span.items}
            yield event


def _name(kind: str, process: int, row: int, name: str) -> dict[str, Any]:
    return {"name": kind, "ph": "M", "pid": process, "tid": row, "args": {"name": name}}


def _write_table(path: Path, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(heads)
        writer.writerows(rows)
