"""Deployments: how soon a killed process is missed, and how soon a hundred processes have begun.

    python benchmarks/deployments.py [--engines local,ssh,slurm] [--times 10]
    python benchmarks/deployments.py --links 25 [--times 0]      100 processes through Slurm

A kill is SIGKILL to a process of a link of three, in turn, while items flow. Two cases: without
checkpoints, the time until the command has ended and named it, and no process is left; with
checkpoints, the time until items flow again at the last process. The link of the start is
four processes with the models of ``arn_link``; it has begun when a picture has come to the end of
each. ssh is a server on the loopback, Slurm three nodes on this machine, which need root. Ends with
status 1 if anything took longer than it may, was not named, or did not go on.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from comparison import machine

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "flowgraphs" / "deploy"))

# What the tests of deployments run on.
from cluster import cluster
from ports import free_port
from sshd import sshd

WITHIN_S = 2.0
BEGIN_WITHIN_S = 60.0
NAMES = ("alice", "air", "bob")
LINK = """
flowgraph: link
security: none
blocks:
  source: {{block: vector_source, data: [1.0, 2.0, 3.0, 4.0, 5.0], repeat: true}}
  pace:   {{block: throttle, rate: 5000}}
  air:    {{block: awgn_channel, seed: 1}}
  heard:  {{block: file_sink, file: "{folder}/heard"}}
connections: [source -> pace -> air -> heard]
processes: {{alice: [source, pace], air: [air], bob: [heard]}}
"""


def wait(happened: Callable[[], Any], child: subprocess.Popen[str], seconds: float = 120) -> Any:
    """Wait until something is there; returns it."""
    deadline = time.monotonic() + seconds
    while not (found := happened()):
        if child.poll() is not None or time.monotonic() > deadline:
            child.kill()
            raise SystemExit(f"it does not come to that: {child.communicate()}")
        time.sleep(0.005)
    return found


def read(path: Path) -> str:
    """What is in a file, if it is there."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return ""


def size(path: Path) -> int:
    """Bytes of a file, if it is there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def gone(pid: int) -> bool:
    """Whether a process is no more, or only has to be reaped."""
    return read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()[:1] in ([], ["Z"])


def command(engine: str, ssh: str) -> list[str]:
    """What deploys a link by an engine."""
    port = str(min(free_port(), 64000))
    more = {
        "local": [],
        "ssh": [
            *(word for name in NAMES for word in ("--on", f"{name}=lab")),
            "--address", "lab=127.0.0.1", "--ssh", ssh,
            "--program", f"{sys.executable} -m semradio",
        ],
        "slurm": ["--sbatch", "--nodes=3 --ntasks-per-node=1"],
    }[engine]  # fmt: skip
    return [sys.executable, "-m", "semradio", "deploy", engine, "link.yml", "--port", port, *more]


def killed(engine: str, ssh: str, victim: str, keeps: bool, base: Path) -> float:
    """Deploy a link, kill one of its processes, and return how long that was to be noticed."""
    with tempfile.TemporaryDirectory(dir=base) as name:
        folder = Path(name)
        text = LINK.format(folder=folder) + ("checkpoint: 0.25\n" if keeps else "")
        (folder / "link.yml").write_text(text)
        child = subprocess.Popen(
            command(engine, ssh),
            cwd=folder,
            env={**os.environ, "XDG_STATE_HOME": str(folder / "state")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        files = folder / "state/semradio/link-1"
        if engine == "ssh":
            # The home there is one for all deployments, which have the same name.
            files = base / "home/.semradio/link-1"
        heard = folder / "heard.part"
        wait(lambda: size(heard), child)
        kept = files / "state" / victim
        if keeps:
            wait(lambda: len(list(kept.glob("*.checkpoint"))) > 1, child)
        ids = {process: int(read(files / f"{process}.pid")) for process in NAMES}
        began = time.monotonic()
        os.kill(ids[victim], signal.SIGKILL)
        if keeps:
            # What was under way has come to the end by then.
            wait(lambda: "goes on where it was" in read(files / f"{victim}.log"), child)
            reached = size(heard)
            wait(lambda: size(heard) > reached, child)
            took = time.monotonic() - began
            child.send_signal(signal.SIGINT)
            _, error = child.communicate(timeout=60)
            if child.returncode != 130 or "it is started again" not in error:
                raise SystemExit(f"it did not go on: {child.returncode} {error}")
            return took
        child.wait(60)
        while not all(map(gone, ids.values())):
            if time.monotonic() - began > 60:
                raise SystemExit("a process is left")
            time.sleep(0.005)
        took = time.monotonic() - began
        error = child.stderr.read() if child.stderr else ""
        if f"process '{victim}' ended: killed by signal 9 (SIGKILL)" not in error:
            raise SystemExit(f"it was not named: {error}")
        return took


def kills(engine: str, times: int, base: Path) -> bool:
    """Kill, say what was found; returns whether all was in time."""
    fine = True
    with contextlib.ExitStack() as stack:
        ssh = stack.enter_context(sshd(base, {})) if engine == "ssh" else ""
        if engine == "slurm":
            stack.enter_context(_environment(stack.enter_context(cluster(3))))
        for keeps in (False, True):
            took = [killed(engine, ssh, NAMES[k % 3], keeps, base) for k in range(times)]
            what = "items flow again" if keeps else "all has ended"
            fine = fine and max(took) <= WITHIN_S
            print(
                f"{engine:<6} {times} kills, {'with' if keeps else 'without'} checkpoints: {what} "
                f"after {statistics.median(took):.2f} s (p50), {max(took):.2f} s (worst)",
                flush=True,
            )
    return fine


def begins(links: int, base: Path) -> bool:
    """Start links through Slurm and say how soon all have begun; returns whether in time."""
    roles = ("alice", "air", "bob", "eve")
    blocks, wires, processes = [], [], []
    for k in range(links):
        blocks += [
            f"  source{k}: {{block: image_source, dataset: mnist, repeat: true, frames: 10000000}}",
            f"  pace{k}: {{block: throttle, rate: 2}}",
            f"  encoder{k}: {{block: semantic_encoder, model: arn/encoder}}",
            f"  air{k}: {{block: awgn_channel, seed: {k}}}",
            f"  decoder{k}: {{block: semantic_decoder, model: arn/decoder}}",
            f"  heard{k}: {{block: file_sink, file: heard{k}}}",
            f"  eve{k}: {{block: eavesdropper, model: arn/eve}}",
            f"  first{k}: {{block: head, items: 1}}",
            f"  read{k}: {{block: file_sink, file: read{k}}}",
        ]
        wires += [
            f"  - source{k}.image -> pace{k} -> encoder{k} -> air{k} -> decoder{k} -> heard{k}",
            f"  - air{k} -> eve{k}",
            f"  - eve{k}.label -> first{k} -> read{k}",
        ]
        processes += [
            f"  alice{k}: [source{k}, pace{k}, encoder{k}]",
            f"  air{k}: [air{k}]",
            f"  bob{k}: [decoder{k}, heard{k}]",
            f"  eve{k}: [eve{k}, first{k}, read{k}]",
        ]
    count = len(roles) * links
    with contextlib.ExitStack() as stack:
        stack.enter_context(_environment(stack.enter_context(cluster(3, cpus=count))))
        made = tempfile.TemporaryDirectory(dir=base, ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(made))
        text = ["flowgraph: links", "security: none", "blocks:", *blocks, "connections:", *wires]
        (folder / "links.yml").write_text("\n".join([*text, "processes:", *processes]) + "\n")
        began = time.monotonic()
        child = subprocess.Popen(
            [sys.executable, "-m", "semradio", "deploy", "slurm", "links.yml", "--port", "20001",
             "--sbatch", "--nodes=3", "--quiet"],
            cwd=folder,
            env={**os.environ, "XDG_STATE_HOME": str(folder / "state")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        files = folder / "state/semradio/links-1"
        wait(lambda: len(list(files.glob("*.pid"))) == count, child, 600)
        started = time.monotonic() - began
        # A label alone would wait in the buffer of its file; where one is all, the file ends.
        ends = [files / f"{name}{k}" for name in ("heard", "read") for k in range(links)]
        wait(
            lambda: all(size(end) or size(end.with_name(f"{end.name}.part")) for end in ends),
            child,
            600,
        )
        took = time.monotonic() - began
        print(
            f"slurm  {count} processes on three nodes: all started after {started:.1f} s, items at "
            f"the end of each after {took:.1f} s",
            flush=True,
        )
        ids = [int(read(path)) for path in files.glob("*.pid")]
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=120)
        # Where they share few cores, some have not drained yet, and would outlive their nodes.
        for pid in ids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    return took <= BEGIN_WITHIN_S


@contextlib.contextmanager
def _environment(more: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def main() -> None:
    """Measure, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", default="local,ssh,slurm")
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--links", type=int, default=0)
    options = parser.parse_args()
    # What a shell starts in the background ignores Ctrl-C, and so would all that is started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    print(json.dumps(machine()))
    fine = True
    with tempfile.TemporaryDirectory() as name:
        for engine in options.engines.split(",") if options.times else ():
            base = Path(name) / engine
            base.mkdir()
            fine = kills(engine, options.times, base) and fine
        if options.links:
            fine = begins(options.links, Path(name)) and fine
    if not fine:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
