"""Keys between hosts: who comes in, what a listener in between sees, and what strangers can do."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from namespaces import Network

from semradio.flowgraphs.control import Control
from semradio.flowgraphs.curve.folder import bundle, make

pytestmark = pytest.mark.slow

PATTERN = np.float32([1234.5678, -8765.4321])

LINK = """
flowgraph: link
security: {curve: keys}
variables: {host: 127.0.0.1, rate: 20000.0, items: 20000}
blocks:
  source: {block: vector_source, data: [1234.5678, -8765.4321], repeat: true}
  pace:   {block: throttle, rate: "${rate}"}
  head:   {block: head, items: "${items}"}
  sink:   {block: signal_power}
  other:  {block: signal_power}
connections:
  - source -> pace -> head -> sink
  - head -> other
processes:
  alice: {blocks: [source, pace, head], bind: "tcp://${host}:5555"}
  bob: [sink]
  eve: [other]
"""

Hosts = dict[str, Path]


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    """A folder for each host, with the file and the bundle of its process."""
    names = ["alice", "bob", "eve"]
    make(tmp_path / "keys", names)
    folders = {}
    for name in names:
        folders[name] = tmp_path / f"host of {name}"
        folders[name].mkdir()
        (folders[name] / "link.yml").write_text(LINK)
        bundle(tmp_path / "keys", [name], tmp_path / f"{name}.tar")
        with tarfile.open(tmp_path / f"{name}.tar") as tar:
            tar.extractall(folders[name], filter="data")
    return folders


def start(
    network: Network, hosts: Hosts, number: int, name: str, *options: str
) -> subprocess.Popen[str]:
    return network.start(
        number, "semradio", "run", "link.yml", f"host={network.address(0)}", "--only", name,
        "--json", "-", *options, folder=hosts[name],
    )  # fmt: skip


def end_of(child: subprocess.Popen[str], within: float = 120.0) -> tuple[int, Any, str]:
    out, error = child.communicate(timeout=within)
    return child.returncode, json.loads(out) if out.strip() else None, error


def others_are_right(alice: Any, eve: Any, bob: Any = None) -> None:
    """Who had the right keys has everything."""
    for child, block in ((bob, "sink"), (eve, "other")):
        if child is not None:
            status, result, error = end_of(child)
            assert status == 0, error
            assert result["results"][block]["items"] == 20000
    assert end_of(alice)[0] == 0


def test_right_keys_run_and_nothing_is_to_be_seen(
    network: Callable[[int], Network], hosts: Hosts
) -> None:
    net = network(3)
    for security in ("{curve: keys}", "none"):
        for folder in hosts.values():
            (folder / "link.yml").write_text(LINK.replace("{curve: keys}", security))
        wire = net.capture()
        alice, bob, eve = (start(net, hosts, n, name) for n, name in enumerate(hosts))
        others_are_right(alice, eve, bob)
        seen = wire.end()
        assert len(seen) > 100_000
        # Without keys the same items are there to be read: the capture sees what passes.
        assert (PATTERN.tobytes() in seen) is (security == "none")


def test_without_a_word_nothing_beyond_this_host_starts(tmp_path: Path) -> None:
    from semradio.blocks.errors import ParameterError
    from semradio.flowgraphs import Flowgraph
    from semradio.flowgraphs.plan import FlowgraphError

    silent = Flowgraph.load(LINK.replace("security: {curve: keys}\n", ""), host="192.0.2.7")
    with pytest.raises(FlowgraphError, match=r"'alice' is reached at tcp://192\.0\.2\.7:5555"):
        silent.run(only="alice")
    with pytest.raises(FlowgraphError, match=r"write 'security: \{curve: FOLDER\}'"):
        silent.run()
    with pytest.raises(ParameterError, match=r"control: tcp://.* is reached from other hosts"):
        silent.run(processes=False, control="tcp://*:5556")


def without(folder: Path) -> None:
    """No secret key at all."""
    (folder / "keys" / "bob.key_secret").unlink()


def plain(folder: Path) -> None:
    """A file that wants no keys."""
    (folder / "link.yml").write_text(LINK.replace("{curve: keys}", "none"))


def wrong(folder: Path) -> None:
    """A key of one's own making, with both halves in place."""
    keys = folder / "keys"
    make(folder / "made", ["bob"])
    for ending in ("key", "key_secret"):
        shutil.copy(folder / "made" / f"bob.{ending}", keys / f"bob.{ending}")


def of_eve(folder: Path) -> None:
    """The key of a process that gets the same items, under the name of this one."""
    keys, of_her = folder / "keys", folder.parent / "keys"
    shutil.copy(of_her / "eve.key", keys / "bob.key")
    shutil.copy(of_her / "eve.key_secret", keys / "bob.key_secret")


def of_eve_as_it_is(folder: Path) -> None:
    """Another process's secret beside the public half of one's own."""
    shutil.copy(folder.parent / "keys" / "eve.key_secret", folder / "keys" / "bob.key_secret")


def old(folder: Path) -> None:
    """The bundle of keys that were made before these."""
    shutil.rmtree(folder / "keys")
    make(folder / "keys", ["alice", "bob", "eve"])


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (without, "the secret key of 'bob' is not in 'keys'"),
        (plain, "process 'alice' at tcp://.*: it wants keys and there are none here"),
        (wrong, "process 'alice' at tcp://.* does not let 'bob' in"),
        (of_eve, "edge 0 goes to process 'bob'; this is the key of 'eve'"),
        (of_eve_as_it_is, "the key of 'bob' in 'keys' does not go with its public half"),
        (old, "process 'alice' at tcp://.* has not the key of 'alice' that is known here"),
    ],
)
def test_a_key_that_does_not_fit(
    network: Callable[[int], Network], hosts: Hosts, spoil: Callable[[Path], None], reason: str
) -> None:
    net = network(3)
    good = hosts["bob"].parent / "good"
    shutil.copytree(hosts["bob"], good)
    spoil(hosts["bob"])
    alice, eve = start(net, hosts, 0, "alice"), start(net, hosts, 2, "eve")
    wire = net.capture()
    status, _, error = end_of(start(net, hosts, 1, "bob"))
    assert status == 1, error
    assert re.search(reason, error), error
    assert "Traceback" not in error
    # The others go on, and the right one still comes in.
    bob = start(net, {"bob": good}, 1, "bob")
    others_are_right(alice, eve, bob)
    assert PATTERN.tobytes() not in wire.end()


def strange(address: tuple[str, int], way: str, sockets: list[socket.socket]) -> None:
    """Do at a listening socket what a stranger may do."""
    greeting = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"CURVE".ljust(20, b"\0") + bytes(32)
    if way == "connects":
        sockets.append(socket.create_connection(address, 60))
        return
    if way == "many":
        sockets += [socket.create_connection(address, 60) for _ in range(1000)]
        return
    found = socket.create_connection(address, 60)
    sockets.append(found)
    try:
        if way == "garbage":
            found.sendall(np.random.default_rng(1).bytes(1 << 16))
        elif way == "half a handshake":
            found.sendall(greeting)
        elif way == "floods":
            # A frame that says it is an exabyte long, and as much of it as is taken.
            found.sendall(greeting + b"\x06" + (1 << 60).to_bytes(8, "big"))
            for _ in range(256):
                found.sendall(bytes(1 << 20))
    except OSError:
        pass


STRANGER = """
import socket, sys, time
sys.path.insert(0, {here!r})
from test_keys_on_the_wire import strange
address, kept = ({address!r}, 5555), []
while True:
    try:
        socket.create_connection(address, 1).close()
        break
    except OSError:
        time.sleep(0.05)
print("it listens", flush=True)
sys.stdin.readline()
strange(address, {way!r}, kept)
print("done", flush=True)
for found in kept:
    found.settimeout(120)
    try:
        while found.recv(1 << 16):
            pass
    except ConnectionError:
        pass
print("cut off", flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("way", ["connects", "floods", "garbage", "half a handshake", "many"])
def test_a_stranger_disturbs_nobody(
    network: Callable[[int], Network], hosts: Hosts, way: str
) -> None:
    net = network(4)
    # First: what the stranger does must not begin when the run has ended.
    program = STRANGER.format(here=str(Path(__file__).parent), address=net.address(0), way=way)
    stranger = net.start(3, sys.executable, "-c", program)
    alice, bob, eve = (start(net, hosts, n, name, "rate=200") for n, name in enumerate(hosts))
    assert stranger.stdin is not None
    assert stranger.stdout is not None
    assert stranger.stdout.readline() == "it listens\n"
    before = memory_of(alice)
    stranger.stdin.write("go\n")
    stranger.stdin.flush()
    assert stranger.stdout.readline() == "done\n"
    # For what it left there to be taken in, before it is weighed.
    time.sleep(1.0)
    grown = memory_of(alice) - before
    assert stranger.stdout.readline() == "cut off\n"
    time.sleep(1.0)
    # The rest at once: all that happened in the middle of the stream.
    Control.find(alice.pid, wait=60).set("pace.rate", 1e9)
    status, result, error = end_of(bob)
    assert status == 0, error
    assert result["results"]["sink"]["items"] == 20000
    assert end_of(eve)[0] == 0
    status, result, error = end_of(alice)
    assert status == 0, error
    (note,) = result["notes"]["process alice"]
    count = int(note.split()[0])
    assert "connections without the right key were turned away" in note
    assert count >= (1000 if way == "many" else 1)
    assert grown < 100 << 20
    assert stranger.poll() is None


def memory_of(child: subprocess.Popen[str]) -> int:
    """Resident memory of what runs behind ``ip netns exec``, which becomes the command."""
    return int(psutil.Process(child.pid).memory_info().rss)
