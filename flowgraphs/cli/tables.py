"""The tables that a run ends with."""

from __future__ import annotations

import sys
from typing import Any

from semradio.flowgraphs.runtime.result import RunResult

SEGMENTS_SHOWN = 8
"""Segments of a block's results that are printed; the others are counted."""


def print_result(result: RunResult) -> None:
    """Print results, processes, edges and notes: tables on a terminal, plain lines otherwise."""
    rows = [
        (block, *row)
        for block, values in result.results.items()
        for key, value in values.items()
        for row in _rows(key, value)
    ]
    if not sys.stdout.isatty():
        for block, key, value in rows:
            print(f"{block}.{key} = {value}")
        for label, counts in result.edges.items():
            print(f"{label}: {counts['items']} items, {counts['dropped']} dropped")
        for path, found in result.latency.items():
            print(f"{path}: " + ", ".join(f"{k} {v}" for k, v in _milliseconds(found)))
        print(_closing_line(result))
    else:
        _print_tables(result, rows)
    for block, notes in result.notes.items():
        for note in notes:
            print(f"note: {block}: {note}")


def _print_tables(result: RunResult, rows: list[tuple[str, str, str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if rows:
        table = Table(title=result.flowgraph, box=box.SIMPLE_HEAD, title_justify="left")
        for heading, style in (("block", "bold"), ("result", ""), ("value", "cyan")):
            table.add_column(heading, style=style, justify="left", overflow="fold")
        before = ""
        for block, key, value in rows:
            table.add_row("" if block == before else block, key, value)
            before = block
        console.print(table)
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("edge", overflow="fold")
    for heading in ("items", "dropped", "messages", "MB"):
        table.add_column(heading, justify="right")
    for label, counts in result.edges.items():
        table.add_row(
            label,
            f"{counts['items']:,}",
            f"{counts['dropped']:,}",
            f"{counts['messages']:,}",
            f"{counts['bytes'] / 1e6:.1f}",
        )
    console.print(table)
    if result.latency:
        table = Table(box=box.SIMPLE_HEAD)
        table.add_column("latency", overflow="fold")
        for heading, _ in _milliseconds(next(iter(result.latency.values()))):
            table.add_column(heading, justify="right")
        for path, found in result.latency.items():
            table.add_row(path, *(value for _, value in _milliseconds(found)))
        console.print(table)
    console.print(_closing_line(result), highlight=False)


def _milliseconds(found: dict[str, float]) -> list[tuple[str, str]]:
    """Return what is shown of the latency of a path."""
    names = ("p50", "p99", "worst")
    return [(name, f"{1e3 * found[f'{name}_s']:.3f} ms") for name in names] + [
        ("samples", f"{found['samples']:,}")
    ]


def _closing_line(result: RunResult) -> str:
    most = max((b["items_out"] or b["items_in"] for b in result.blocks.values()), default=0)
    rate = f", {most / result.elapsed_s:,.0f} items/s" if result.elapsed_s else ""
    word = "interrupted and drained" if result.interrupted else "done"
    return (
        f"{word}: {most:,} items in {result.elapsed_s:.2f} s{rate}, "
        f"{len(result.processes)} process{'es' if len(result.processes) != 1 else ''}"
    )


def _rows(key: str, value: Any) -> list[tuple[str, str]]:
    """Return a result as lines of key and value: one, or one for each of the first segments."""
    if key != "segments" or not (isinstance(value, list) and value and isinstance(value[0], dict)):
        return [(key, _shown(value))]
    rows = [
        (f"segments[{k}]", ", ".join(f"{name} {_shown(v)}" for name, v in segment.items()))
        for k, segment in enumerate(value[:SEGMENTS_SHOWN])
    ]
    left = len(value) - len(rows)
    return [*rows, *([("segments", f"{left} more (--json has them)")] if left else [])]


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list) and value and isinstance(value[0], list):
        return f"{len(value)} x {len(value[0])} matrix (--json has it)"
    if isinstance(value, list) and len(value) > 8:
        return f"{len(value)} values (--json has them)"
    return str(value)
