"""Deployments over ssh: sshd on three hosts, each a network namespace; cables that are pulled."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from namespaces import Network

from semradio.flowgraphs.control import Control

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("sshd", path="/usr/sbin:/usr/bin") is None,
        reason="needs sshd (Debian: openssh-server)",
    ),
]

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin") or ""

LINK = """
flowgraph: link
security: {curve: keys}
variables: {items: 20000, rate: 1.0e+9}
blocks:
  source: {block: vector_source, data: [1.0, 2.0, 3.0, 4.0, 5.0], repeat: true}
  pace:   {block: throttle, rate: "${rate}"}
  head:   {block: head, items: "${items}"}
  air:    {block: awgn_channel, seed: 1}
  sink:   {block: signal_power}
  heard:  {block: file_sink, file: FOLDER/heard}
connections: [source -> pace -> head -> air -> sink, air -> heard]
processes:
  alice: [source, pace, head]
  air: [air]
  bob: [sink, heard]
"""


class Lab:
    """Three hosts with sshd, each with a home of its own, and one (number 3) to deploy from."""

    def __init__(self, net: Network, folder: Path) -> None:
        self.net = net
        self.folder = folder
        (folder / "link.yml").write_text(LINK.replace("FOLDER", str(folder)))
        for name in ("host", "user"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
        (folder / "authorized").write_text((folder / "user.pub").read_text())
        Path("/run/sshd").mkdir(exist_ok=True)
        lines = []
        for number in range(3):
            home = folder / f"home{number}"
            home.mkdir()
            # All hosts are this machine: a home of its own makes them differ.
            (folder / f"sshd{number}").write_text(
                f"HostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
                f"StrictModes no\nUsePAM no\nPidFile none\nListenAddress {net.address(number)}\n"
                f'SetEnv HOME={home}\nForceCommand cd {home}; eval "$SSH_ORIGINAL_COMMAND"\n'
            )
            net.start(number, SSHD, "-D", "-e", "-f", str(folder / f"sshd{number}"))
            lines += [f"Host lab{number}", f"  HostName {net.address(number)}"]
        lines += ["Host *", f"  IdentityFile {folder}/user", "  StrictHostKeyChecking no",
                  f"  UserKnownHostsFile {folder}/known", "  LogLevel ERROR"]  # fmt: skip
        (folder / "ssh_config").write_text("\n".join(lines) + "\n")

    def semradio(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command on the host to deploy from."""
        return self.net.start(
            3, "env", f"XDG_STATE_HOME={self.folder}/state", sys.executable, "-m",
            "semradio.flowgraphs", *arguments,
        )  # fmt: skip

    def deploy(self, *arguments: str) -> subprocess.Popen[str]:
        """Deploy the link: alice, air and bob on a host each."""
        addresses = [w for n in range(3) for w in ("--address", f"lab{n}={self.net.address(n)}")]
        return self.semradio(
            "deploy", "ssh", "link.yml", "--on", "alice=lab0", "--on", "air=lab1", "--on",
            "bob=lab2", *addresses, "--ssh", f"ssh -F {self.folder}/ssh_config", "--program",
            f"{sys.executable} -m semradio", *arguments,
        )  # fmt: skip

    def ask(self, *arguments: str) -> str:
        """Run the command to its end."""
        out, error = self.semradio(*arguments).communicate(timeout=120)
        assert not error, error
        return out

    def running(self) -> None:
        """Wait until all processes run and items have come through all of them."""
        deadline = time.monotonic() + 120
        told: Any = None
        while time.monotonic() < deadline:
            if (self.folder / "state/semradio/link-1/deployment.json").exists():
                told = json.loads(self.ask("status", "--json"))["processes"]
                heard = self.folder / "heard.part"
                arrived = heard.exists() and heard.stat().st_size
                if arrived and all(state.startswith("running") for state in told.values()):
                    return
            time.sleep(0.5)
        raise AssertionError(told)

    def ended(self) -> None:
        """Wait until a process has ended beside the one whose cable is pulled."""
        deadline = time.monotonic() + 120
        while not [
            path for n in (0, 2) for path in self.folder.glob(f"home{n}/.semradio/*/*.exit")
        ]:
            assert time.monotonic() < deadline, "nobody misses who is out of reach"
            time.sleep(0.1)


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def lab(network: Callable[[int], Network], tmp_path: Path) -> Iterator[Lab]:
    made = Lab(network(4), tmp_path)
    out, error = made.semradio("keys", "new", "keys", "link.yml").communicate(timeout=120)
    assert "keys of alice" in out, error
    yield made
    # sshd puts each session into a group of its own; what it started names this folder.
    for path in tmp_path.glob("home*/.semradio/*/*.pid"):
        pid = int(path.read_text())
        if not path.with_suffix(".exit").exists() and Path(f"/proc/{pid}").exists():
            os.kill(pid, 9)


def test_the_same_result_as_here(lab: Lab) -> None:
    out, error = lab.deploy("--json", "-").communicate(timeout=180)
    assert out, error
    there = json.loads(out)
    out, error = lab.semradio(
        "run", "link.yml", "--in-process", "--json", "-"
    ).communicate(timeout=120)  # fmt: skip
    here = json.loads(out)
    assert there["results"] == here["results"]
    assert there["variables"] == here["variables"]
    assert there["edges"]["air.y -> sink.x"]["items"] == 20000
    # Each host has the secret of its own process and no other.
    for number, name in enumerate(("alice", "air", "bob")):
        (keys,) = (lab.folder / f"home{number}/.semradio").glob("*/keys")
        # The first host of each bundle decides; a secret is its owner's alone.
        assert (keys / f"{name}.key_secret").stat().st_mode & 0o077 == 0
        assert [p.stem for p in keys.glob("*.key_secret")] == [name]
    assert "ended 0" in lab.ask("status")


@pytest.mark.parametrize(
    ("seconds", "patience", "goes_on"),
    [(3, 120, True), (8, 120, True), (15, 10, False), (8, 4, False)],
)
def test_a_cable_that_is_pulled(lab: Lab, seconds: int, patience: int, goes_on: bool) -> None:
    child = lab.deploy("rate=500", "items=40000", "--json", "-", "--patience", str(patience))
    lab.running()
    lab.net.cut(1)
    time.sleep(seconds)
    if not goes_on:
        lab.ended()
    lab.net.cut(1, mended=True)
    if goes_on:
        # The rest at once: the cable was pulled in the middle, however slow the hosts are.
        (pid,) = lab.folder.glob("home0/.semradio/link-1/alice.pid")
        Control.find(int(pid.read_text()), wait=60).set("pace.rate", 1e9)
    out, error = child.communicate(timeout=180)
    if goes_on:
        assert out, error
        assert json.loads(out)["results"]["sink"]["items"] == 40000
    else:
        assert child.returncode == 1
        assert f"did not come back within {patience} s" in error
