"""The engines that start processes by a shell: of this host, or of others over the user's ssh."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from semradio.flowgraphs.deploy import starting, units
from semradio.flowgraphs.deploy.deployment import DeployError, Deployment
from semradio.flowgraphs.deploy.engine import ANSWER_S, Files

HOSTS_AT_ONCE = 32


class ByShell:
    """Starts processes by the shell of this host, or of others over the user's own ssh."""

    def start(self, deployment: Deployment, files: Files) -> None:
        """Bring the files there, and start every process; notes what started them there."""

        def launch(processes: Sequence[str]) -> str:
            brought = files(processes)
            for process in processes:
                text = starting.script(deployment, process, deployment.endpoints)
                brought[f"{process}.sh"] = text.encode()
            lines = ["umask 077", "tar xf - || exit 1", *units.launching(deployment, processes)]
            return self.tell(deployment, processes[0], "\n".join(lines), _packed(brought))

        for processes, said in _on_each_host(deployment, launch):
            deployment.supervisors |= dict.fromkeys(processes, said.strip())

    def gone(self, deployment: Deployment) -> bool:
        """Whether nothing can end by itself: each process is asked for that by itself."""
        return False

    def states(self, deployment: Deployment) -> dict[str, str]:
        """Return what each process is at, or that its host does not answer."""

        def ask(processes: Sequence[str]) -> str:
            # Each in a shell of its own, for their functions have the same names.
            script = "\n".join(f"({starting.state(process)})" for process in processes)
            try:
                return self.tell(deployment, processes[0], script)
            except DeployError as error:
                return "\n".join([str(error)] * len(processes))

        found = dict[str, str]()
        for processes, said in _on_each_host(deployment, ask):
            found |= dict(zip(processes, said.splitlines(), strict=True))
        return {process: found[process] for process in deployment.processes}

    def log(self, deployment: Deployment, process: str) -> str:
        """Return what a process has said; DeployError if its host does not answer."""
        return self.tell(deployment, process, f"cat {process}.log 2>/dev/null || true")

    def report(self, deployment: Deployment, process: str) -> str:
        """Return the report that a process has left; DeployError if its host does not answer."""
        return self.tell(deployment, process, f"cat {process}.json 2>/dev/null || true")

    def watch(self, deployment: Deployment, process: str) -> ShellWatcher:
        """Look at what becomes of a process."""
        return ShellWatcher(self.shell(deployment, process, starting.awaiting(process)))

    def drain(self, deployment: Deployment) -> None:
        """Ask every process to end in good order; DeployError if a host does not answer."""
        self._tell_all(deployment, starting.draining)

    def end(self, deployment: Deployment) -> None:
        """Stop everything at once; DeployError if a host does not answer."""
        self._tell_all(deployment, starting.ending)

    def shell(self, deployment: Deployment, process: str, script: str) -> list[str]:
        """Return the command that runs a script in the folder of a process."""
        if deployment.engine != "ssh":
            return ["sh", "-c", f"cd {shlex.quote(str(deployment.folder))} && {{ {script}\n}}"]
        folder = f".semradio/{deployment.name}"
        there = f"mkdir -p {folder} && cd {folder} && {{ {script}\n}}"
        ssh = shlex.split(deployment.options.get("ssh", "ssh"))
        words = ["-o", "BatchMode=yes", deployment.hosts[process], there]
        return [*ssh, *words]

    def tell(self, deployment: Deployment, process: str, script: str, data: bytes = b"") -> str:
        """Run a script where a process is; returns what it printed.

        Raises:
            DeployError: the host does not do it.
        """
        where = deployment.hosts.get(process, "this host")
        try:
            done = subprocess.run(
                self.shell(deployment, process, script),
                input=data,
                capture_output=True,
                timeout=ANSWER_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DeployError(f"process '{process}': {where} does not answer: {error}") from None
        if done.returncode:
            reason = done.stderr.decode(errors="replace").strip().splitlines()
            raise DeployError(
                f"process '{process}': {where}: {reason[-1] if reason else 'no reason given'}"
            )
        return done.stdout.decode(errors="replace")

    def _tell_all(self, deployment: Deployment, script: Callable[[str], str]) -> None:
        def told(processes: Sequence[str]) -> str:
            return self.tell(deployment, processes[0], "\n".join(map(script, processes)))

        _on_each_host(deployment, told)


class ShellWatcher:
    """Reads what a command prints that waits for the end of a process."""

    def __init__(self, command: list[str]) -> None:
        self.command = command
        self.begin()

    def begin(self) -> None:
        """Start the command."""
        self.buffer = b""
        self.child = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            # Ctrl-C is for the command alone, which then asks the processes to end.
            start_new_session=True,
        )
        assert self.child.stdout is not None
        os.set_blocking(self.child.stdout.fileno(), False)

    def lines(self) -> list[str]:
        """Return what is new of the process."""
        assert self.child.stdout is not None
        # In this order: what it printed last is there once it has ended.
        ended = self.child.poll() is not None
        self.buffer += self.child.stdout.read() or b""
        *whole, self.buffer = self.buffer.split(b"\n")
        found = [line.decode(errors="replace").strip() for line in whole]
        if ended and not any(line.startswith(("ended", "lost")) for line in found):
            # The way there is broken, which says nothing of the process: looked for again.
            self.close()
            self.begin()
        return found

    def end(self) -> bool:
        """End the process at once, by the way that is there already; whether there is one."""
        assert self.child.stdin is not None
        try:
            self.child.stdin.write(b"end\n")
        except BrokenPipeError:
            return False
        return True

    def close(self) -> None:
        """Watch no longer."""
        self.child.kill()
        self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout):
            assert pipe is not None
            pipe.close()


def _on_each_host(
    deployment: Deployment, do: Callable[[Sequence[str]], str]
) -> list[tuple[list[str], str]]:
    """Do something for the processes of each host, on all at once; returns what came of it.

    Raises:
        DeployError: a host does not do it; the others have.
    """
    together: dict[str, list[str]] = {}
    for process in deployment.processes:
        together.setdefault(deployment.hosts.get(process, ""), []).append(process)
    with ThreadPoolExecutor(HOSTS_AT_ONCE) as pool:
        asked = [(processes, pool.submit(do, processes)) for processes in together.values()]
    return [(processes, future.result()) for processes, future in asked]


def _packed(files: dict[str, bytes]) -> bytes:
    """Return files as a tar file; secrets, as all of them, are their owner's alone."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            entry.mode = 0o600
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()
