"""Ratios measured in one run: subject and floor take turns, the median of the ratios is told.

Machines are noisy, and drift; two figures taken minutes apart say little. So every subject is timed
next to its floor, round by round, and the ratio of each round counts once.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Comparison:
    """One subject against its floor; rates in items (or messages) per second."""

    name: str
    unit: str
    bar: float
    """The ratio that is asked for."""
    floor: list[float] = field(default_factory=list)
    subject: list[float] = field(default_factory=list)
    lower_is_better: bool = False

    @property
    def ratios(self) -> list[float]:
        """Subject over floor, round by round."""
        return [s / f for s, f in zip(self.subject, self.floor, strict=True)]

    @property
    def ratio(self) -> float:
        """Median ratio over the rounds."""
        return statistics.median(self.ratios)

    @property
    def met(self) -> bool:
        """Whether the bar is reached."""
        return self.ratio <= self.bar if self.lower_is_better else self.ratio >= self.bar

    def line(self) -> str:
        """One line for people."""
        sign = "<=" if self.lower_is_better else ">="
        low, high = min(self.ratios), max(self.ratios)
        return (
            f"{self.name:<52} floor {statistics.median(self.floor):>12,.1f}  "
            f"subject {statistics.median(self.subject):>12,.1f} {self.unit:<12} "
            f"ratio {self.ratio:5.2f} ({low:.2f} to {high:.2f})  "
            f"bar {sign} {self.bar:g}: {'met' if self.met else 'MISSED'}"
        )


def compare(
    name: str,
    unit: str,
    bar: float,
    floor: Callable[[], float],
    subject: Callable[[], float],
    rounds: int,
    *,
    lower_is_better: bool = False,
) -> Comparison:
    """Measure a subject against its floor, in turns; the first round warms up, uncounted."""
    found = Comparison(name, unit, bar, lower_is_better=lower_is_better)
    floor()
    subject()
    for _ in range(rounds):
        found.floor.append(floor())
        found.subject.append(subject())
    return found


def machine() -> dict[str, Any]:
    """The machine and its state, which belong to every figure."""
    import numpy
    import onnxruntime
    import zmq

    return {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg() if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "onnxruntime": onnxruntime.__version__,
        "libzmq": zmq.zmq_version(),
    }


def tell(
    comparisons: list[Comparison],
    as_json: bool,
    state: dict[str, Any],
    more: dict[str, Any] | None = None,
) -> None:
    """Print the comparisons, for people or machines; these are also told ``more``."""
    if as_json:
        rows = [{**asdict(c), "ratio": c.ratio, "met": c.met} for c in comparisons]
        json.dump({"machine": state, "comparisons": rows, **(more or {})}, sys.stdout, indent=2)
        print()
        return
    load = state["load"]
    shown = f"load {load[0]:.1f}" if load else "load unknown"
    print(f"{state['cpu']}, {state['cores']} cores, {shown}, Python {state['python']}")
    for comparison in comparisons:
        print(comparison.line())


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            return next(
                line.split(":")[1].strip() for line in file if line.startswith("model name")
            )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
