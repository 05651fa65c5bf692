"""An ssh server on the loopback for tests, with a home of its own for who comes in."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ports import free_port

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin") or ""


@contextmanager
def sshd(folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Start a server whose home is ``folder/home``; yields the command that reaches ``lab``.

    Args:
        environment: more of what those who come in find.

    Raises:
        RuntimeError: it does not come up.
    """
    home = folder / "home"
    home.mkdir()
    for name in ("host", "user"):
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
    (folder / "authorized").write_text((folder / "user.pub").read_text())
    Path("/run/sshd").mkdir(exist_ok=True)
    port = free_port()
    words = " ".join(f"{name}={value}" for name, value in {"HOME": home, **environment}.items())
    (folder / "sshd_config").write_text(
        f"HostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
        f"StrictModes no\nUsePAM no\nPidFile none\nListenAddress 127.0.0.1:{port}\n"
        f'SetEnv {words}\nForceCommand cd {home}; eval "$SSH_ORIGINAL_COMMAND"\n'
    )
    (folder / "ssh_config").write_text(
        f"Host lab\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {folder}/user\n"
        f"  StrictHostKeyChecking no\n  UserKnownHostsFile {folder}/known\n  LogLevel ERROR\n"
    )
    ssh = f"ssh -F {folder}/ssh_config"
    with (folder / "sshd.log").open("wb") as log:
        child = subprocess.Popen(
            [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=log, stdout=log
        )
    try:
        deadline = time.monotonic() + 120
        while subprocess.run(
            [*ssh.split(), "lab", "true"], capture_output=True, check=False
        ).returncode:
            if child.poll() is not None or time.monotonic() > deadline:
                said = (folder / "sshd.log").read_text(errors="replace")
                raise RuntimeError(f"sshd does not come up: {said[-2000:]}")
            time.sleep(0.1)
        yield ssh
    finally:
        child.terminate()
        child.wait()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
