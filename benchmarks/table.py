"""The table of README's section on speed: runs benchmarks and writes what they found into the page.

    python benchmarks/table.py [--rounds N] [--only chain edge link ...] [--write]

Without ``--write`` the table is printed. The machine and the day stand above it; ratios belong to
the machine that they were seen on.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
README = FOLDER.parent / "README.md"

SCRIPTS = ("link", "one_frame", "chain", "edge", "start", "irsc", "phy", "dsp", "gnuradio")
"""The benchmarks whose figures the page shows, in its order."""

BEGIN, END = "<!-- made by benchmarks/table.py -->", "<!-- end of what it made -->"


def measured(script: str, rounds: int | None) -> dict[str, Any] | None:
    """Return what a benchmark found; None, said on standard error, if it cannot run here."""
    command = [sys.executable, str(FOLDER / f"{script}.py"), "--json"]
    command += [] if rounds is None else ["--rounds", str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        print(f"{script}: left out: {' '.join(last)}", file=sys.stderr)
        return None
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def row(found: dict[str, Any]) -> str:
    """Return one comparison as a row."""
    ratios = [s / f for s, f in zip(found["subject"], found["floor"], strict=True)]
    sign = "at most " if found["lower_is_better"] else ""
    missed = "" if found["met"] else ", missed"
    name = found["name"].replace("|", r"\|")
    return (
        f"| {name} | {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) "
        f"| {statistics.median(found['subject']):,.4g} {found['unit']} "
        f"| {sign}{found['bar']:g}{missed} |"
    )


def table(results: dict[str, dict[str, Any]]) -> str:
    """Return the machine and all comparisons as Markdown."""
    machine = next(iter(results.values()))["machine"]
    loads = [found["machine"]["load"][0] for found in results.values() if found["machine"]["load"]]
    load = f", load {min(loads):.1f} to {max(loads):.1f} (its own included)" if loads else ""
    state = (
        f"{date.today():%Y-%m-%d}: {machine['cores']} cores of {machine['cpu']}{load}, Python "
        f"{machine['python']}, NumPy {machine['numpy']}, ONNX Runtime {machine['onnxruntime']}, "
        f"libzmq {machine['libzmq']}."
    )
    lines = [
        state,
        "",
        "| | ratio to its floor | in absolute terms | aim |",
        "| --- | --- | --- | --- |",
    ]
    for script, found in results.items():
        lines.append(f"| **`benchmarks/{script}.py`** | | | |")
        lines += [row(comparison) for comparison in found["comparisons"]]
    return "\n".join(lines)


def written(page: str, text: str) -> str:
    """Return the page with the table between its marks."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not pattern.search(page):
        raise SystemExit(f"{README} has no '{BEGIN}' to write the table after")
    return pattern.sub(lambda _: f"{BEGIN}\n{text}\n{END}", page)


def main() -> None:
    """Measure, and print or write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, help="of each benchmark; its own number if not given")
    parser.add_argument("--only", nargs="+", choices=SCRIPTS, default=SCRIPTS)
    parser.add_argument("--write", action="store_true", help="into README.md")
    options = parser.parse_args()
    runs = {script: measured(script, options.rounds) for script in options.only}
    results = {script: found for script, found in runs.items() if found is not None}
    if not results:
        raise SystemExit("no benchmark could run")
    text = table(results)
    if options.write:
        README.write_text(written(README.read_text(encoding="utf-8"), text), encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
