"""Hosts for tests: network namespaces of this machine, joined by a bridge; needs root."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from itertools import count
from pathlib import Path

_numbers = count(os.getpid() % 200)


def why_not() -> str | None:
    """Return why there can be no namespaces here; None if there can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "network namespaces need root on Linux"
    if shutil.which("ip") is None:
        return "network namespaces need the command ip (Debian: iproute2)"
    name = f"smrd-probe-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return None if made.returncode == 0 else f"no network namespaces here: {made.stderr.strip()}"


class Capture:
    """All bytes that pass an interface, taken by a raw socket."""

    def __init__(self, interface: str) -> None:
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)  # SO_RCVBUFFORCE
        self.socket.bind((interface, 0))
        self.socket.settimeout(0.2)
        self.data = bytearray()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._take, daemon=True)
        self.thread.start()

    def _take(self) -> None:
        while not self.ended.is_set():
            with contextlib.suppress(TimeoutError):
                self.data += self.socket.recv(1 << 16)

    def end(self) -> bytes:
        """Stop, and return what passed."""
        time.sleep(0.3)
        self.ended.set()
        self.thread.join()
        self.socket.close()
        return bytes(self.data)


class Network:
    """Hosts ``0``, ``1``, ... at :meth:`address`, in namespaces on one bridge."""

    def __init__(self, hosts: int, folder: Path) -> None:
        self.tag = f"s{os.getpid() % 100000}x{next(_numbers) % 1000}"
        self.subnet = f"10.{200 + next(_numbers) % 50}.{next(_numbers) % 250}"
        self.bridge = f"{self.tag}b"[:15]
        self.names = [f"{self.tag}-{number}" for number in range(hosts)]
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []
        self.captures: list[Capture] = []

    def make(self) -> None:
        """Make the namespaces and the bridge between them."""
        ip("link", "add", self.bridge, "type", "bridge")
        ip("link", "set", self.bridge, "up")
        for number, name in enumerate(self.names):
            ip("netns", "add", name)
            here, there = f"{self.tag}v{number}"[:15], "eth0"
            ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
            ip("link", "set", here, "master", self.bridge, "up")
            self.inside(number, "ip", "address", "add", f"{self.address(number)}/24", "dev", there)
            self.inside(number, "ip", "link", "set", there, "up")
            self.inside(number, "ip", "link", "set", "lo", "up")

    def address(self, number: int) -> str:
        """The address of a host."""
        return f"{self.subnet}.{number + 1}"

    def cut(self, number: int, *, mended: bool = False) -> None:
        """Pull the cable of a host, or plug it in again."""
        ip("link", "set", f"{self.tag}v{number}"[:15], "up" if mended else "down")

    def inside(self, number: int, *command: str) -> None:
        """Run a command on a host."""
        subprocess.run(["ip", "netns", "exec", self.names[number], *command], check=True)

    def start(
        self, number: int, *command: str, folder: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start a command on a host, in a folder of its own; ``semradio`` is ours."""
        if command[0] == "semradio":
            command = (sys.executable, "-m", "semradio.flowgraphs", *command[1:])
        child = subprocess.Popen(
            ["ip", "netns", "exec", self.names[number], *command],
            cwd=folder or self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(child)
        return child

    def capture(self) -> Capture:
        """Take all that passes to and from host 0 from now on."""
        self.captures.append(Capture(f"{self.tag}v0"[:15]))
        return self.captures[-1]

    def close(self) -> None:
        """Leave nothing behind."""
        for child in self.started:
            if child.poll() is None:
                child.kill()
            child.communicate()
        for capture in self.captures:
            capture.ended.set()
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", self.bridge], capture_output=True, check=False)


def ip(*arguments: str) -> None:
    """Run ``ip``."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
