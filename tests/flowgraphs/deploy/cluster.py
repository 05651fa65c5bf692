"""A Slurm cluster on this machine: Debian's own daemons, one for each node."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ports import free_port

COMMANDS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol")
SYSTEM = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"

CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SchedulerParameters=sched_interval=1
SelectType=select/linear
SlurmdParameters=config_overrides
MessageTimeout=100
TCPTimeout=60
StateSaveLocation={folder}/ctld
SlurmdSpoolDir={folder}/d-%n
SlurmctldPidFile={folder}/ctld.pid
SlurmdPidFile={folder}/d-%n.pid
SlurmctldLogFile={folder}/ctld.log
SlurmdLogFile={folder}/d-%n.log
KillWait=2
{nodes}
PartitionName=all Nodes=n[1-{count}] Default=YES OverSubscribe=FORCE:64 State=UP
"""


def why_not() -> str | None:
    """Return why there can be no cluster here; None if there can."""
    missing = [name for name in COMMANDS if shutil.which(name, path=SYSTEM) is None]
    if missing or os.geteuid() != 0:
        return f"needs root, and Slurm (Debian: slurm-wlm munge); missing: {missing}"
    return None


@contextmanager
def cluster(nodes: int = 3, cpus: int = 2) -> Iterator[dict[str, str]]:
    """Start a cluster; yields what its commands need in the environment.

    Args:
        cpus: that each node says it has.

    Raises:
        RuntimeError: it does not come up.
    """
    # Munge wants folders that nobody else may write to, all the way up.
    folder = Path("/run") / f"semradio-slurm-{os.getpid()}"
    folder.mkdir(mode=0o755)
    (folder / "ctld").mkdir()
    (folder / "key").write_bytes(os.urandom(1024))
    (folder / "key").chmod(0o400)
    host = socket.gethostname().split(".")[0]
    ports = [free_port() for _ in range(nodes + 1)]
    lines = "\n".join(
        f"NodeName=n{k} NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[k]} CPUs={cpus} "
        "State=UNKNOWN"
        for k in range(1, nodes + 1)
    )
    conf = folder / "slurm.conf"
    conf.write_text(CONF.format(host=host, port=ports[0], folder=folder, nodes=lines, count=nodes))
    environment = {"SLURM_CONF": str(conf), "PATH": SYSTEM}
    started = []
    for command in (
        ["munged", "-F", "-f", f"--key-file={folder}/key", f"--socket={folder}/munge.socket",
         f"--log-file={folder}/munge.log", f"--pid-file={folder}/munge.pid",
         f"--seed-file={folder}/munge.seed"],
        ["slurmctld", "-D", "-f", str(conf)],
        *(["slurmd", "-D", "-f", str(conf), "-N", f"n{k}"] for k in range(1, nodes + 1)),
    ):  # fmt: skip
        with (folder / f"{len(started)}.out").open("wb") as log:
            started.append(
                subprocess.Popen(
                    command,
                    stdout=log,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                    env={**os.environ, **environment},
                )
            )
        # Slurm's own daemons end at once where nobody answers for who they are.
        deadline = time.monotonic() + 60
        while not (folder / "munge.socket").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.5)
    try:
        idle = ""
        deadline = time.monotonic() + 120
        while str(nodes) not in idle:
            asked = ["sinfo", "-h", "-t", "idle", "-o", "%D"]
            idle = subprocess.run(
                asked,
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, **environment},
            ).stdout
            if time.monotonic() > deadline:
                said = "".join(p.read_text(errors="replace") for p in folder.glob("*.out"))
                raise RuntimeError(f"Slurm does not come up: {said[-2000:]}")
            time.sleep(0.2)
        yield environment
    finally:
        for child in reversed(started):
            child.terminate()
        for child in started:
            try:
                child.wait(120)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        shutil.rmtree(folder, ignore_errors=True)
