"""What a machine has of all that semradio may use, each with what to do where it is missing."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

NEEDED = ("numpy", "scipy", "onnxruntime", "pyzmq", "msgspec", "ruamel.yaml", "pillow", "click")

EXTRAS = {
    "torch": "train",
    "onnx": "train",
    "matplotlib": "figures",
    "mlxtend": "demo",
    "sigmf": "sigmf",
    "pyarrow": "sweep",
    "distributed": "cluster",
}
"""Packages that some commands need -> the extra that brings them."""

_SYSTEM_PYTHON = "/usr/bin/python3"
_PATIENCE_S = 20
_LONGEST_SOCKET = 107
"""Bytes of a socket's path at most, on Linux."""
_ROOM_BYTES = 1 << 28


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: Literal["good", "absent", "bad"]
    """``absent`` is no fault: only some runs need it."""
    told: str
    advice: str = ""


def examine() -> list[Finding]:
    """Look at everything; takes a second or two, changes nothing."""
    return [
        *_versions(),
        _providers(),
        *_data(),
        _gnuradio(),
        _module("SoapySDR", "apt-get install python3-soapysdr, and the driver of your radio"),
        _module("uhd", "apt-get install python3-uhd, if you have a USRP"),
        *_sockets(),
        _room(),
    ]


def _versions() -> Iterator[Finding]:
    version = platform.python_version()
    old = sys.version_info < (3, 11)
    yield Finding("semradio", "good", f"{_version('semradio')}, from {Path(__file__).parents[1]}")
    yield Finding(
        "Python",
        "bad" if old else "good",
        f"{version}, {os.cpu_count()} cores, {psutil.virtual_memory().total >> 30} GiB of memory",
        "semradio needs Python 3.11 or later" if old else "",
    )
    for name in NEEDED:
        found = _version(name)
        advice = "" if found else f"pip install {name}: the installation is not whole"
        yield Finding(name, "good" if found else "bad", found or "not installed", advice)
    for name, extra in EXTRAS.items():
        found = _version(name)
        advice = "" if found else f'pip install "semradio[{extra}]", if you need it'
        yield Finding(name, "good" if found else "absent", found or "not installed", advice)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _providers() -> Finding:
    try:
        import onnxruntime  # type: ignore[import-untyped]
    except ImportError as error:
        return Finding("providers", "bad", f"ONNX Runtime fails: {error}", "reinstall onnxruntime")
    offered = [p.removesuffix("ExecutionProvider") for p in onnxruntime.get_available_providers()]
    gpu = {"CUDA", "TensorRT", "ROCM", "DML", "CoreML"} & set(offered)
    advice = "" if gpu else "a GPU is used with: pip install onnxruntime-gpu"
    return Finding("providers", "good", ", ".join(offered), advice)


def _data() -> Iterator[Finding]:
    from semradio.blocks.datasets import status

    for row in status():
        here = row.where is not None
        advice = "" if here else f"semradio data fetch {row.dataset}"
        told = f"{row.images:,} images, {row.where}" if here else "not here"
        yield Finding(f"{row.dataset} {row.split}", "good" if here else "absent", told, advice)


def _gnuradio() -> Finding:
    advice = "apt-get install gnuradio, then: semradio gnuradio install"
    for python in (sys.executable, _SYSTEM_PYTHON):
        if not Path(python).exists():
            continue
        try:
            done = subprocess.run(
                [python, "-c", "from gnuradio import gr; print(gr.version())"],
                capture_output=True,
                text=True,
                timeout=_PATIENCE_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return Finding("GNU Radio", "good", f"{done.stdout.strip()}, for {python}")
    return Finding("GNU Radio", "absent", "not found", advice)


def _module(name: str, advice: str) -> Finding:
    if importlib.util.find_spec(name) is not None:
        return Finding(name, "good", "found")
    return Finding(name, "absent", "not found by this Python", advice)


def _sockets() -> Iterator[Finding]:
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        yield Finding("TCP ports", "good", f"a free one is had on loopback, such as {port}")
    except OSError as error:
        yield Finding("TCP ports", "bad", str(error.strerror), "is loopback up? 'ip addr show lo'")
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    if len(str(folder)) > _LONGEST_SOCKET - 60:
        advice = "set XDG_RUNTIME_DIR to a shorter path: sockets lie below it"
        yield Finding("sockets", "bad", f"the path {folder} is too long", advice)
    elif not os.access(folder, os.W_OK):
        advice = f"chmod u+rwx {folder}, or set XDG_RUNTIME_DIR to a folder of yours"
        yield Finding("sockets", "bad", f"{folder} cannot be written", advice)
    else:
        yield Finding("sockets", "good", f"in {folder}")


def _room() -> Finding:
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    advice = "" if free > _ROOM_BYTES else f"make room in {folder}, or set TMPDIR"
    state: Literal["good", "bad"] = "good" if free > _ROOM_BYTES else "bad"
    return Finding("room", state, f"{free >> 20} MiB free in {folder}", advice)
