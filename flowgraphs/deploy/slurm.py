"""Runs a deployment as one Slurm job: a task for each process, over a ``--multi-prog`` table."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

from semradio.flowgraphs.deploy import starting
from semradio.flowgraphs.deploy.deployment import DeployError, Deployment
from semradio.flowgraphs.deploy.engine import LOST, Files

_GOING_ON = ("PENDING", "CONFIGURING", "RUNNING", "SUSPENDED")


class Slurm:
    """Submits a batch job; its folder has to be on a file system that the nodes share."""

    def start(self, deployment: Deployment, files: Files) -> None:
        """Write the files and the script, and submit it; DeployError if Slurm refuses."""
        for name, data in files(deployment.processes).items():
            path = deployment.folder / name
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            path.write_bytes(data)
        path = deployment.folder / "job.sh"
        path.write_text(batch_script(deployment), encoding="utf-8")
        deployment.options["job"] = _asked("sbatch", "--parsable", str(path)).split(";")[0].strip()

    def gone(self, deployment: Deployment) -> bool:
        """Whether the job has ended."""
        try:
            state = _asked("squeue", "-h", "-j", deployment.options["job"], "-o", "%T").strip()
        except DeployError:
            state = ""
        return state not in _GOING_ON

    def states(self, deployment: Deployment) -> dict[str, str]:
        """Return what each task is at, by the shared folder: its process is on another node."""
        # First: what ends in between has left its status.
        gone = self.gone(deployment)
        found = {}
        for process in deployment.processes:
            ended = _read(deployment.folder / f"{process}.exit")
            running = _read(deployment.folder / f"{process}.pid")
            found[process] = (
                f"ended {ended}"
                if ended
                else LOST
                if gone
                else f"running {running}"
                if running
                else "waiting"
            )
        return found

    def log(self, deployment: Deployment, process: str) -> str:
        """Return what a task has said."""
        return _read(deployment.folder / f"{process}.log")

    def report(self, deployment: Deployment, process: str) -> str:
        """Return the report that a task has left; '' if none."""
        return _read(deployment.folder / f"{process}.json")

    def watch(self, deployment: Deployment, process: str) -> FileWatcher:
        """Look at what becomes of a task."""
        return FileWatcher(deployment.folder, process)

    def end(self, deployment: Deployment) -> None:
        """Cancel the job; its tasks have no time to drain, for one of them has failed."""
        with contextlib.suppress(DeployError):
            # Where srun has ended them already, there is none to be told.
            _asked("scancel", "--signal=KILL", deployment.options["job"])
        _asked("scancel", deployment.options["job"])

    def drain(self, deployment: Deployment) -> None:
        """Ask all tasks to end in good order."""
        _asked("scancel", "--signal=TERM", deployment.options["job"])


class FileWatcher:
    """Reads what a process leaves in a folder."""

    def __init__(self, folder: Path, process: str) -> None:
        self.ended = folder / f"{process}.exit"
        self.log = folder / f"{process}.log"
        self.again = folder / f"{process}.again"
        self.told = 0

    def lines(self) -> list[str]:
        """Return what is new of the process."""
        ended = _read(self.ended)
        restarts = _read(self.again).split()
        found = [f"again {status}" for status in restarts[self.told :]]
        self.told = len(restarts)
        if not ended:
            return found
        said = _read(self.log).splitlines()[-1:]
        return [*found, *(f"said {line}" for line in said), f"ended {ended}"]

    def end(self) -> bool:
        """Do nothing: Slurm ends its job."""
        return False

    def close(self) -> None:
        """Do nothing: nothing was started."""


def batch_script(deployment: Deployment) -> str:
    """Return the script for sbatch: it learns the addresses once Slurm has chosen the nodes."""
    count = len(deployment.processes)
    rank = {name: number for number, name in enumerate(deployment.processes)}
    where = {
        name: f"tcp://${{address[{rank[name]}]}}:{port}"
        for name, port in deployment.endpoints.items()
    }
    lines = [
        "#!/bin/bash",
        f"#SBATCH --job-name={deployment.name}",
        f"#SBATCH --ntasks={count}",
        f"#SBATCH --chdir={deployment.folder}",
        "#SBATCH --output=job.log",
        *(f"#SBATCH {option}" for option in deployment.options.get("sbatch", "").split()),
        "set -e",
        "# Which node each task is on, and how it is reached; the second srun places them alike.",
        "mapfile -t address < <(srun --label sh -c \\",
        "    'scontrol show node $SLURMD_NODENAME -o | sed \"s/.*NodeAddr=\\([^ ]*\\).*/\\1/\"' |",
        "    sort -n | sed 's/^ *[0-9]*: *//')",
        f'[ "${{#address[@]}}" -eq {count} ]',
    ]
    # srun hands the environment on.
    options = " ".join(f"--at {name}={endpoint}" for name, endpoint in where.items())
    lines.append(f'export semradio_at="{options}"')
    table = []
    for process in deployment.processes:
        text = starting.script(deployment, process, {}, "$semradio_at")
        lines += [f"cat >{process}.sh <<'END'", f"{text}END"]
        table.append(f"{rank[process]} sh ./{process}.sh")
    lines += ["cat >table <<'END'", *table, "END"]
    lines.append("exec srun --kill-on-bad-exit=1 --multi-prog table")
    return "\n".join(lines) + "\n"


def _read(path: Path) -> str:
    """Return what is in a file, '' if there is none yet."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return ""


def _asked(*command: str) -> str:
    """Run one of Slurm's commands; DeployError if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError:
        raise DeployError(f"no command '{command[0]}' here: log in to a node with Slurm") from None
    except subprocess.TimeoutExpired:
        raise DeployError(f"{command[0]} does not answer") from None
    if done.returncode:
        raise DeployError(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout
