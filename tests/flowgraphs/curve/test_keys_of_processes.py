"""Keys of processes: how they are made and packed, what is refused, and who may do what."""

from __future__ import annotations

import json
import stat
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from commands import run

from semradio.blocks.errors import ParameterError
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.control import Control, ControlError
from semradio.flowgraphs.control.client import Entry
from semradio.flowgraphs.control.server import ControlServer
from semradio.flowgraphs.curve.folder import (
    CHANGE,
    LOOK,
    KeysError,
    bundle,
    make,
    names_in,
    read_pair,
)
from semradio.flowgraphs.language import load
from semradio.flowgraphs.plan import FlowgraphError
from semradio.flowgraphs.runtime.change import Running

LINK = """
flowgraph: link
security: {curve: "${keys}"}
variables: {keys: keys}
blocks:
  source: {block: vector_source, data: [1.0, 2.0, 3.0]}
  sink:   {block: signal_power}
connections: [source -> sink]
processes:
  alice: {blocks: [source], bind: "tcp://127.0.0.1:5555"}
  bob: [sink]
"""


def semradio(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return run(*arguments, folder=cwd)


def secrets_of(folder: Path) -> list[bytes]:
    return [read_pair(folder, path.stem).secret for path in folder.glob("*.key_secret")]


def test_new_and_bundle(tmp_path: Path) -> None:
    (tmp_path / "link.yml").write_text(LINK)
    made = semradio("keys", "new", "keys", "link.yml", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    keys = tmp_path / "keys"
    assert names_in(keys) == ["alice", "bob", "change", "look", "run"]
    for path in keys.glob("*.key_secret"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((keys / "alice.key").stat().st_mode) == 0o644
    packed = semradio("keys", "bundle", "bob", cwd=tmp_path)
    assert packed.returncode == 0, packed.stderr
    assert stat.S_IMODE((tmp_path / "bob.tar").stat().st_mode) == 0o600
    with tarfile.open(tmp_path / "bob.tar") as tar:
        found = {member.name: member.mode for member in tar}
    assert set(found) == {f"keys/{name}.key" for name in names_in(keys)} | {"keys/bob.key_secret"}
    assert found["keys/bob.key_secret"] == 0o600
    # Nothing that was printed shows one, and nothing is made over.
    for secret in secrets_of(keys):
        assert secret.decode() not in made.stdout + made.stderr + packed.stdout + packed.stderr
    again = semradio("keys", "new", "keys", "link.yml", cwd=tmp_path)
    assert again.returncode == 2
    assert "holds keys already" in again.stderr
    assert semradio("keys", "bundle", "bob", cwd=tmp_path).returncode == 2
    missing = semradio("keys", "bundle", "bbo", "--out", "x.tar", cwd=tmp_path)
    assert missing.returncode == 2
    assert "no key of 'bbo' in 'keys' (did you mean 'bob'?)" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_what_is_no_key(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    with pytest.raises(KeysError, match=r"'semradio keys new .* makes them"):
        read_pair(keys, "alice")
    make(keys, ["alice", "bob"])
    (keys / "alice.key_secret").chmod(0o640)
    with pytest.raises(KeysError, match=r"open to others \(mode 0640\): chmod 600"):
        read_pair(keys, "alice")
    (keys / "alice.key_secret").unlink()
    with pytest.raises(KeysError, match="the secret key of 'alice' is not in"):
        read_pair(keys, "alice")
    (keys / "alice.key_secret").write_bytes((keys / "bob.key_secret").read_bytes())
    (keys / "alice.key_secret").chmod(0o600)
    with pytest.raises(KeysError, match="does not go with its public half"):
        read_pair(keys, "alice")
    (keys / "bob.key").write_text("public-key = nothing\n")
    with pytest.raises(KeysError, match="holds no key"):
        read_pair(keys, "bob")
    with pytest.raises(ParameterError, match="process 'look' cannot have a key"):
        make(tmp_path / "others", ["look"])
    with pytest.raises(KeysError):
        bundle(keys, ["nobody"], tmp_path / "out.tar")
    assert not (tmp_path / "out.tar").exists()


@pytest.mark.parametrize("value", ["maybe", "{curve: 5}", "{tls: x}", "[none]", '{curve: ""}'])
def test_what_security_takes(value: str) -> None:
    with pytest.raises(FlowgraphError, match=r"'security' must be 'none' or \{curve"):
        load(LINK.replace('{curve: "${keys}"}', value))


def test_a_run_over_tcp_with_keys_shows_none(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    make(keys, ["alice", "bob"])
    flowgraph = Flowgraph.load(LINK, keys=str(keys))
    result = flowgraph.run(transport="tcp")
    assert result["sink"]["items"] == 3
    text = result.to_json() + json.dumps(flowgraph.plan.variables)
    for secret in secrets_of(keys):
        assert secret.decode() not in text
    (keys / "alice.key_secret").unlink()
    from semradio.flowgraphs.runtime.failure import RunError

    with pytest.raises(RunError, match="the secret key of 'alice' is not in"):
        flowgraph.run(transport="tcp")


# Control ------------------------------------------------------------------------------------------


class Steered:
    """What a control socket steers, in place of a run."""

    stopped = 0

    def running(self) -> Running:
        return Running(1, "link", None, None, 0.0, [])

    def change(self, changes: Any, tell: Any) -> None:
        raise AssertionError("not asked for here")

    def stop(self) -> None:
        self.stopped += 1


def test_who_looks_and_who_changes(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    make(keys, ["alice", "bob"])
    for name in (LOOK, CHANGE):
        bundle(keys, [name], tmp_path / f"{name}.tar")
        with tarfile.open(tmp_path / f"{name}.tar") as tar:
            tar.extractall(tmp_path / name, filter="data")
    make(tmp_path / "other", ["alice", "bob"])
    host = Steered()
    server = ControlServer("tcp://127.0.0.1:*", keys, "bob")
    try:
        server.serve(host)
        endpoint = server.endpoints[-1]
        looks = Control(endpoint, Entry(tmp_path / LOOK / "keys", "bob"))
        assert looks.running().flowgraph == "link"
        with pytest.raises(ParameterError, match="the key 'look' lets in who looks"):
            looks.stop()
        assert host.stopped == 0
        Control(endpoint, Entry(tmp_path / CHANGE / "keys", "bob")).stop()
        assert host.stopped == 1
        stranger = Entry(tmp_path / "other", "bob")
        for entry in (stranger, Entry(keys, "alice"), None):
            with pytest.raises(ControlError, match="does not let in who has not the right key"):
                Control(endpoint, entry).running()
        # The socket in this user's folder is this user's already.
        assert Control(server.endpoints[0]).running().pid == 1
    finally:
        server.close()
