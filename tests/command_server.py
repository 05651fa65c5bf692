"""A process that has loaded semradio once, and forks for each command that it is asked to run.

Most of the time of a short command goes into loading NumPy and semradio. Forks share that; apart
from it each is a process like any other, with a session, an environment, a folder and an exit
status of its own. Started by ``commands.py``, which is the other end of the socket.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import Any

LOADED = (
    "doctest",
    "numpy.random",
    "PIL.ImageDraw",
    "PIL.JpegImagePlugin",
    "PIL.PngImagePlugin",
    "pooch",
    "psutil",
    "rich.live",
    "rich.table",
    "scipy.signal",
    "zmq",
    "semradio.blocks.datasets",
    "semradio.flowgraphs.control.server",
    "semradio.flowgraphs.flowgraph",
    "semradio.flowgraphs.language",
    "semradio.flowgraphs.runtime.edges.peers",
    "semradio.flowgraphs.runtime.run.children",
    "semradio.flowgraphs.runtime.run.here",
    "semradio.flowgraphs.runtime.run.worker",
)
"""What most commands need. Not ONNX Runtime: it starts a thread, and workers are then no forks."""

FOR_TRAINING = ("torch", "onnxscript", "torch.onnx", "torch._dynamo", "semradio.export.commands")

Children = dict[int, int]
"""Where to write the status of each child, by its process id."""


def load(training: bool) -> None:
    """Import what is shared."""
    from semradio.flowgraphs import cli

    # Before NumPy is loaded, as the commands do it.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    commands = [f"{cli.__name__}.{found.name}" for found in pkgutil.iter_modules(cli.__path__)]
    for name in (*LOADED, *commands):
        importlib.import_module(name)
    # Without torch the commands tell so.
    with contextlib.suppress(ImportError):
        for name in FOR_TRAINING if training else ():
            importlib.import_module(name)
    assert len(list(Path("/proc/self/task").iterdir())) == 1, (
        "a fork of threads may find locks held"
    )
    gc.collect()
    gc.freeze()


def serve(line: socket.socket) -> list[str]:
    """Fork for each request until the other end closes; returns, in the fork, its words."""
    children: Children = {}
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # Nobody but the other end has this process end: it is none of what a test interrupts.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with selectors.DefaultSelector() as selector:
        selector.register(line, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if ended in ready:
                os.read(ended, 4096)
                reap(children)
            if line in ready:
                message, files, _, _ = socket.recv_fds(line, 1 << 20, 3)
                if not message:
                    break
                pid = os.fork()
                if pid == 0:
                    os.close(wake)
                    for status in (*children.values(), files[2]):
                        os.close(status)
                    line.close()
                    os.close(ended)
                    return become(json.loads(message), files[0], files[1])
                children[pid] = files[2]
                os.close(files[0])
                os.close(files[1])
                line.send(struct.pack("i", pid))
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    sys.exit()


def reap(children: Children) -> None:
    """Tell the status of each child that has ended."""
    for pid in list(children):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            with contextlib.suppress(BrokenPipeError):
                os.write(children[pid], struct.pack("i", os.waitstatus_to_exitcode(status)))
            os.close(children.pop(pid))


def become(asked: Any, out: int, error: int) -> list[str]:
    """Be the process that was asked for; returns the words of its command line."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGCHLD, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    os.dup2(out, 1)
    os.dup2(error, 2)
    os.close(out)
    os.close(error)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    # As with 'python -m semradio'.
    sys.path[0] = asked["folder"]
    sys.argv = ["semradio", *asked["words"]]
    importlib.invalidate_caches()
    return list(asked["words"])


if __name__ == "__main__":
    # What is installed comes first, as for any other process.
    sys.path[0] = str(Path.cwd())
    load("training" in sys.argv[2:])
    words = serve(socket.socket(fileno=int(sys.argv[1])))
    from semradio.flowgraphs.cli.main import main

    main(words)
