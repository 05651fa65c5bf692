"""What a process runs, so that another one goes on with it only if it runs the same."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from semradio.blocks.api.block import Block
from semradio.blocks.regular_file import open_regular
from semradio.flowgraphs.plain import for_json
from semradio.flowgraphs.plan import Plan, veiled

_PACKAGES = ("semradio", "numpy", "onnxruntime")
"""Packages whose other version may give other bits."""

_LARGE = 1 << 26
"""Bytes from which on a file is known by its size and time, not by its bytes."""


def identity(plan: Plan, blocks: Mapping[str, Block], chunk: int) -> dict[str, Any]:
    """Return what a process runs, flat: a name for each thing that must not change, and its value.

    Args:
        plan: the whole flowgraph. blocks: of this process. chunk: items that a source emits.
    """
    found: dict[str, Any] = {"flowgraph": plan.name, "chunk": chunk}
    found |= {f"variable '{name}'": _told(value) for name, value in plan.variables.items()}
    for name, block in plan.blocks.items():
        found[f"block '{name}'"] = block.type
        found |= {
            f"parameter {name}.{key}": _told(value) for key, value in block.parameters.items()
        }
    for edge in plan.edges:
        found[f"connection {edge.label}"] = [edge.queue, edge.policy]
    for process in plan.processes.values():
        found[f"process '{process.name}'"] = list(process.blocks)
    for file in plan.code:
        found[f"file {file}"] = _file(Path(file))
    for name, runs in blocks.items():
        for path in runs.reads():
            found[f"file {path} of block '{name}'"] = _file(path)
    found |= {f"package {name}": _version(name) for name in _PACKAGES}
    return found


def differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in words what is not as it was."""
    told = []
    for name in dict.fromkeys([*was, *now]):
        if name not in now:
            told.append(f"{name} was {was[name]!r} and is gone")
        elif name not in was:
            told.append(f"{name} is new")
        elif was[name] != now[name]:
            if name.startswith("file "):
                told.append(f"{name} was changed")
            else:
                told.append(f"{name} was {was[name]!r}, now it is {now[name]!r}")
    return told


def _told(value: Any) -> Any:
    """Return a value as it may stand in a file: what may be a key as stars."""
    return veiled(value) if isinstance(value, str) else for_json(value)


def _file(path: Path) -> str:
    """Return what a file is known by."""
    try:
        with open_regular(path) as file:
            status = os.fstat(file.fileno())
            if status.st_size > _LARGE:
                return f"{status.st_size} bytes of {status.st_mtime_ns}"
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "missing"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
