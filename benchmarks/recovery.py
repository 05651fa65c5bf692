"""Kill -9 of what runs, at random moments: are the results the same, how soon do items flow again?

    python benchmarks/recovery.py [--moments 20] [--points NAME,...] [--seed 1] [--json]
    python benchmarks/recovery.py --points none --throughput 5      with checkpoints over without
    python benchmarks/recovery.py --points none --long 1000000      a kill every 2 s

Each kill point is a run of the command itself, with a checkpoint every 0.25 s, whose results and
files are compared bit for bit with those of the same run left alone. A moment is an item of the
source. A process flows again when two looks at the new one find different counts; looks are 10 ms
apart. Ends with status 1 if a result or a file differs, or a run hangs or fails.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import random
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from comparison import compare, machine, tell

from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.control.client import Control
from semradio.flowgraphs.language.shipped import find
from semradio.flowgraphs.runtime.watch import Status

KEEPS = "checkpoint: 0.25\nrestart: 100000\n"
LOOK_S = 0.01
HANGS_S = 600.0
WITHIN_S = 1.0
"""Seconds in which items are to flow again."""

SAMPLES = """
flowgraph: samples
variables: {frames: 3000000}
blocks:
  source: {block: noise_source, type: complex64, items: "${frames}", seed: 5}
  gain:   {block: multiply_const, constant: 0.5}
  air:    {block: awgn_channel, snr_db: 10, seed: 3}
  raw:    {block: file_sink, file: raw.bin}
  array:  {block: file_sink, file: array.npy}
  iq:     {block: iq_file_sink, file: iq.cs16}
connections:
  - source -> gain -> air -> raw
  - gain -> array
  - air -> iq
processes:
  sender:   [source]
  changing: [gain]
  channel:  [air]
  files:    [raw, array, iq]
"""
LIVE = (("gain.constant", 0.25, 0.75), ("air.snr_db", 5.0, 20.0))


@dataclass(frozen=True)
class Point:
    """What is killed in which flowgraph."""

    name: str
    flowgraph: str
    frames: int
    victims: Sequence[tuple[str, ...]]
    """Taken in turn; () is the launcher itself."""
    live: bool = False
    """Whether parameters are changed before the kill, and the same changes repeated to compare."""
    only: bool = False
    """Whether each process is a command of its own."""


LINK = [("alice",), ("air",), ("bob",), ("eve",)]
PAIRS = [("alice", "air"), ("air", "bob"), ("air", "eve"), ("bob", "alice")]
POINTS = [
    Point("arn", "arn_link", 20_000, LINK),
    Point("keyed", "keyed_link", 20_000, LINK),
    Point("irsc", "irsc_link", 4_000, [("receiver[0]",), ("receiver[1]",)]),
    Point("file", "samples", 3_000_000, [("files",)]),
    Point("live", "samples", 3_000_000, [("changing",), ("channel",)], live=True),
    Point("two", "arn_link", 20_000, PAIRS),
    Point("launcher", "arn_link", 20_000, [()]),
    Point("only", "arn_link", 20_000, LINK, only=True),
]


@dataclass
class Found:
    """What came of one kill point."""

    point: str
    kills: int = 0
    late: int = 0
    """Runs that had ended before they could be killed."""
    wrong: list[str] = field(default_factory=list)
    flows_s: list[float] = field(default_factory=list)
    load: float = 0.0

    def line(self) -> str:
        """One line for people."""
        times = sorted(self.flows_s)
        flows = (
            f"flows again in {statistics.median(times):.2f} s (p50), {times[-1]:.2f} s (worst), "
            f"{sum(t <= WITHIN_S for t in times)} of {len(times)} within {WITHIN_S:g} s"
            if times
            else "ended before it was seen to flow again"
        )
        same = f"{len(self.wrong)} WRONG: {'; '.join(self.wrong)}" if self.wrong else "all the same"
        return f"{self.point:<10} {self.kills} kills: {same}; {flows}; load {self.load:.1f}"


def file_of(flowgraph: str, folder: Path, keys: str) -> Path:
    """Write a flowgraph with further keys into a folder, beside the parts it is made of."""
    if flowgraph == "samples":
        path = folder / "samples.yml"
        path.write_text(keys + SAMPLES)
        return path
    shipped = find(flowgraph)
    parts = shipped.parent / "parts"
    if parts.is_dir() and not (folder / "parts").exists():
        shutil.copytree(parts, folder / "parts")
    path = folder / shipped.name
    path.write_text(keys + shipped.read_text())
    return path


class Command:
    """``semradio run``, running in a folder of its own, and asked through its control socket."""

    def __init__(self, file: Path, frames: int, folder: Path, name: str, *more: str) -> None:
        self.folder, self.name = folder, name
        self.out = folder / f"{name}.json"
        self.endpoint = f"ipc://{folder}/{name}.control"
        repeat = ["repeat=true"] if "repeat:" in file.read_text() else []
        self.arguments = [
            sys.executable, "-m", "semradio", "run", str(file), f"frames={frames}", *repeat,
            "--processes", "--json", str(self.out), "--quiet", "--control", self.endpoint, *more,
        ]  # fmt: skip
        if "--only" in more:
            self.arguments.remove("--processes")
        self.began = time.monotonic()
        self.start()

    def start(self) -> None:
        """Run the command, or run it again."""
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.arguments, cwd=self.folder, stderr=log, start_new_session=True
            )

    def status(self) -> Status | None:
        """Say how it stands; None where it does not answer yet, or no more."""
        with contextlib.suppress(SemradioError):
            return Control(self.endpoint).status()
        return None

    def looks(self) -> Iterator[Status]:
        """Look at it until it ends; HungError if that takes too long."""
        while self.process.poll() is None:
            if time.monotonic() - self.began > HANGS_S:
                raise HungError
            status = self.status()
            if status is not None:
                yield status
            time.sleep(LOOK_S)

    def end(self) -> dict[str, Any]:
        """Wait for the end; returns the results, or raises RuntimeError with what it said."""
        try:
            code = self.process.wait(max(1.0, HANGS_S - (time.monotonic() - self.began)))
        except subprocess.TimeoutExpired:
            raise HungError from None
        if code:
            last = (self.folder / f"{self.name}.log").read_text().splitlines()[-3:]
            raise RuntimeError(f"ended with {code}: {' / '.join(last)}")
        results: dict[str, Any] = json.loads(self.out.read_text())
        return results

    def kill(self) -> None:
        """Leave nothing behind."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()


class HungError(Exception):
    """A run does not come to its end."""


def moved(status: Status, process: str) -> int:
    """Items that the blocks of a process have taken and given."""
    return sum(b.items_in + b.items_out for b in status.blocks if b.process == process)


def pid_of(status: Status, process: str) -> int:
    """Process id of a process, 0 if it has told nothing."""
    return next((p.pid for p in status.processes if p.name == process), 0)


def given(status: Status) -> int:
    """Items that a source has given: how far the run is."""
    return max((b.items_out for b in status.blocks if not b.items_in), default=0)


def until_it_flows(command: Command, victims: Sequence[str], before: Mapping[str, int]) -> float:
    """Return the seconds until every victim moves items again; NaN if the run ended before."""
    began = time.monotonic()
    left, seen = set(victims), {}
    for status in command.looks():
        for name in list(left):
            anew, count = pid_of(status, name) not in (0, before[name]), moved(status, name)
            if anew and seen.setdefault(name, count) != count:
                left.discard(name)
        if not left:
            return time.monotonic() - began
    return float("nan")


# One run -----------------------------------------------------------------------------------


def outputs(folder: Path, results: Mapping[str, Any]) -> dict[str, Any]:
    """Return all that a run has found out and written: results by block, bytes by file."""
    found: dict[str, Any] = {f"results of {name}": value for name, value in results.items()}
    for path in sorted(folder.iterdir()):
        if path.suffix in (".png", ".bin", ".npy", ".cs16", ".part"):
            found[path.name] = path.read_bytes()
    return found


def alone(point: Point, folder: Path, *more: str, keys: str = KEEPS) -> dict[str, Any]:
    """Run undisturbed; returns the outputs."""
    folder.mkdir()
    command = Command(file_of(point.flowgraph, folder, keys), point.frames, folder, "run", *more)
    return outputs(folder, command.end()["results"])


def killed_once(
    point: Point, victims: Sequence[str], at: int, draw: random.Random, folder: Path, found: Found
) -> dict[str, Any]:
    """Run, kill at an item of the source, and return the outputs."""
    folder.mkdir()
    file = file_of(point.flowgraph, folder, KEEPS)
    more = ["--log-changes", str(folder / "changes")] if point.live else []
    more += [] if victims else ["--state", str(folder / "state")]
    command = Command(file, point.frames, folder, "run", *more)
    changes = [(at * k // 3, draw.choice(LIVE)) for k in range(1, 3)] if point.live else []
    try:
        for status in command.looks():
            while changes and given(status) >= changes[0][0]:
                name, low, high = changes.pop(0)[1]
                Control(command.endpoint).set(name, draw.uniform(low, high))
            if given(status) >= at:
                break
        else:
            found.late += 1
            return outputs(folder, command.end()["results"])
        found.kills += 1
        if victims:
            before = {name: pid_of(status, name) for name in victims}
            for pid in before.values():
                os.kill(pid, signal.SIGKILL)
            flows = until_it_flows(command, victims, before)
        else:
            command.kill()
            began = time.monotonic()
            command.start()
            seen: set[int] = set()
            flows = float("nan")
            for status in command.looks():
                seen.add(moved(status, "alice"))
                if len(seen) > 1:
                    flows = time.monotonic() - began
                    break
        if not math.isnan(flows):
            found.flows_s.append(flows)
        return outputs(folder, command.end()["results"])
    finally:
        command.kill()


def free_port() -> int:
    """A TCP port of this host that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def killed_alone(point: Point, victim: str, at: int, folder: Path, found: Found) -> dict[str, Any]:
    """The same where every process is a command of its own, which is given again."""
    folder.mkdir()
    file = file_of(point.flowgraph, folder, KEEPS)
    names = [name for (name,) in LINK]
    places = [part for n in names for part in ("--at", f"{n}=tcp://127.0.0.1:{free_port()}")]
    more = ["--state", str(folder / "state"), "--patience", "300", *places]
    commands = {
        name: Command(file, point.frames, folder, name, "--only", name, *more) for name in names
    }
    try:
        for status in commands["alice"].looks():
            if given(status) >= at:
                found.kills += 1
                commands[victim].kill()
                began = time.monotonic()
                commands[victim].start()
                seen: set[int] = set()
                for again in commands[victim].looks():
                    seen.add(moved(again, victim))
                    if len(seen) > 1:
                        found.flows_s.append(time.monotonic() - began)
                        break
                break
        else:
            found.late += 1
        results: dict[str, Any] = {}
        for command in commands.values():
            results |= command.end()["results"]
        return outputs(folder, results)
    finally:
        for command in commands.values():
            command.kill()


# Kill points -------------------------------------------------------------------------------


def measured(point: Point, moments: int, seed: int, folder: Path) -> Found:
    """Kill at random moments, and compare everything with the undisturbed run."""
    draw = random.Random(f"{seed} {point.name}")
    found = Found(point.name)
    expected = {} if point.live else alone(point, folder / "undisturbed")
    for k in range(moments):
        victims = point.victims[k % len(point.victims)]
        at = draw.randrange(point.frames // 20, point.frames * 9 // 10)
        where = folder / f"{point.name}{k}"
        told = f"{' and '.join(victims) or 'launcher'} at {at}"
        try:
            if point.only:
                got = killed_alone(point, victims[0], at, where, found)
            else:
                got = killed_once(point, victims, at, draw, where, found)
            if point.live:
                again = folder / f"{point.name}{k} again"
                expected = alone(point, again, "--replay", str(where / "changes"), keys="")
            other = [name for name in expected | got if expected.get(name) != got.get(name)]
        except HungError:
            other = ["it hangs"]
        except RuntimeError as error:
            other = [str(error)]
        if other:
            found.wrong.append(f"{told}: {', '.join(other)} (see {where})")
            continue
        for path in folder.iterdir():
            if path.name.startswith(f"{point.name}{k}"):
                shutil.rmtree(path, ignore_errors=True)
    found.load = os.getloadavg()[0]
    return found


def long_run(frames: int, every_s: float, seed: int, folder: Path) -> Found:
    """Kill a random process of a long run every few seconds."""
    draw = random.Random(seed)
    point = Point("long", "arn_link", frames, LINK)
    found = Found(f"{frames} frames, a kill every {every_s:g} s")
    expected = alone(point, folder / "long alone")
    where = folder / "long"
    where.mkdir()
    command = Command(file_of("arn_link", where, KEEPS), frames, where, "run")
    due = None
    try:
        for status in command.looks():
            if due is None and given(status):
                due = time.monotonic() + every_s
            if due is None or time.monotonic() < due:
                continue
            due += every_s
            (victim,) = draw.choice(LINK)
            with contextlib.suppress(ProcessLookupError):
                before = pid_of(status, victim)
                os.kill(before, signal.SIGKILL)
                found.kills += 1
                flows = until_it_flows(command, [victim], {victim: before})
                if not math.isnan(flows):
                    found.flows_s.append(flows)
        got = outputs(where, command.end()["results"])
        found.wrong = [name for name in expected | got if expected.get(name) != got.get(name)]
    except HungError:
        found.wrong = ["it hangs"]
    except RuntimeError as error:
        found.wrong = [str(error)]
    finally:
        command.kill()
    found.load = os.getloadavg()[0]
    return found


def throughput(rounds: int, frames: int, folder: Path) -> list[Any]:
    """Frames a second with a checkpoint each second, over those without: by wall and CPU time."""
    taken: dict[str, list[float]] = {"": [], "checkpoint: 1\n": []}

    def rate(keys: str) -> Callable[[], float]:
        def measure() -> float:
            where = Path(tempfile.mkdtemp(dir=folder))
            ended = Command(file_of("arn_link", where, keys), frames, where, "run").end()
            taken[keys].append(
                frames / sum(process["cpu_s"] for process in ended["processes"].values())
            )
            return frames / float(ended["elapsed_s"])

        return measure

    with_each, without = "checkpoint: 1\n", ""
    wall = compare("wall time", "frames/s", 0.95, rate(without), rate(with_each), rounds)
    cpu = compare(
        "CPU time",
        "frames/s",
        0.95,
        iter(taken[without]).__next__,
        iter(taken[with_each]).__next__,
        rounds,
    )
    return [wall, cpu]


def main() -> None:
    """Kill, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--points", default=",".join(point.name for point in POINTS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--throughput", type=int, default=0, metavar="ROUNDS")
    parser.add_argument("--frames", type=int, default=200_000, help="of --throughput")
    parser.add_argument("--long", type=int, default=0, metavar="FRAMES")
    parser.add_argument("--every", type=float, default=2.0, help="seconds between kills of --long")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ["SEMRADIO_KEY"] = secrets.token_hex(32)
    state, found = machine(), []
    folder = Path(tempfile.mkdtemp(prefix="recovery-"))
    for point in POINTS:
        if point.name in options.points.split(","):
            found.append(measured(point, options.moments, options.seed, folder))
            if not options.json:
                print(found[-1].line(), flush=True)
            shutil.rmtree(folder / "undisturbed", ignore_errors=True)
    if options.long:
        found.append(long_run(options.long, options.every, options.seed, folder))
        if not options.json:
            print(found[-1].line(), flush=True)
    ratios = throughput(options.throughput, options.frames, folder) if options.throughput else []
    if ratios or options.json:
        tell(ratios, options.json, state, {"kills": [asdict(one) for one in found]})
    if any(one.wrong for one in found):
        raise SystemExit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
