"""What must never hurt a run, and what must never make a user wait: the socket and its folder."""

from __future__ import annotations

import logging
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import zmq
from at_work import inside

from semradio.blocks.errors import ParameterError, SemradioError
from semradio.flowgraphs import Flowgraph, RunError
from semradio.flowgraphs.cli.main import main
from semradio.flowgraphs.control import Control, ControlError, client, find_runs, folder, server
from semradio.flowgraphs.control.messages import MAX_REQUEST
from semradio.flowgraphs.graph import Graph
from semradio.flowgraphs.runtime.share import Share

Popen = subprocess.Popen[str]

Start = Callable[..., tuple[Any, Control]]

PATIENT = """
import sys
from semradio.flowgraphs.cli.main import main
from semradio.flowgraphs.control import client, server
server.TAKEN_S = float(sys.argv[1])
client.ANSWER_S = client.CHANGE_S = 300.0
main(sys.argv[2:])
"""


def semradio(*words: str, folder: Path | None = None, taken: float = 120.0) -> Popen:
    """Start a command; as a run it gives changes so many seconds, as a client it waits for long."""
    return subprocess.Popen(
        [sys.executable, "-c", PATIENT, str(taken), *words],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


BLOCKS = Path(__file__).with_name("blocks_for_tests.py")


def ask(
    endpoint: str, *frames: bytes, kind: int = zmq.REQ, within: float = 120.0
) -> list[bytes] | None:
    """Send frames as they are; returns the answer, None if none comes in time."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    line = context.socket(kind)
    try:
        line.connect(endpoint)
        line.send_multipart(frames)
        return line.recv_multipart() if line.poll(int(1000 * within)) else None
    finally:
        line.close(0)
        context.term()


MALFORMED = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe\x00",
    b'{"ask": "eval", "code": "1"}',
    b'{"ask": 3}',
    b'{"ask": "change"}',
    b'{"ask": "change", "changes": {"gain": 3}}',
    b'{"ask": "change", "changes": [["gain", "constant", 1]]}',
    b'{"ask": "change", "changes": {"gain": {"constant": {"a": [1]}}}}',
    b'{"ask": "change", "changes": {"gain": {"__class__": 1, "assign": 2}}}',
    b'{"ask": "change", "changes": {"gain": {"constant": 1e999}}}',
    b"[" * MAX_REQUEST,
    b'{"ask": "change", "changes": ' + b'{"a":' * 3000,
    b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
    b'{"ask": "stop"}' + b" " * MAX_REQUEST,
]


def test_malformed_requests_are_answered_and_hurt_nobody(beside: Start, endless: str) -> None:
    run, control = beside(endless)
    before = control.values()
    for request in MALFORMED:
        answer = ask(control.endpoint, request)
        assert answer is not None, request[:40]
        assert b'"answer":"refused"' in answer[0], request[:40]
        assert len(answer) == 1
    several = ask(control.endpoint, b'{"ask": "stop"}', b'{"ask": "stop"}')
    assert several is not None
    assert b"one message of at most 16384 bytes, not 2 of 30" in several[0]
    # Too large to be read at all: the connection is cut.
    assert ask(control.endpoint, b"x" * 3_000_000, within=0.5) is None
    # No request, but a message without an envelope.
    assert ask(control.endpoint, b"hello", kind=zmq.DEALER, within=0.5) is None
    # A client that leaves without waiting for its answer.
    for _ in range(20):
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        line = context.socket(zmq.REQ)
        line.connect(control.endpoint)
        line.send(b'{"ask": "running"}')
        line.close(100)
        context.term()
    assert control.values() == before
    assert control.set("gain.constant", 3.0) >= 0
    control.stop()
    result = run.end()
    assert result.notes.keys() <= {"tags"}


HANGS = f"""
flowgraph: hangs
code: [{BLOCKS}]
variables: {{key: "", items: 100000}}
blocks:
  source: {{block: null_source, type: "float32[4]", items: "${{items}}"}}
  gate:   {{block: gate, key: "${{key}}", shut_at: 100}}
  sink:   {{block: null_sink}}
connections: [source -> gate -> sink]
processes: {{one: [source], two: [gate, sink]}}
"""


@pytest.mark.parametrize("processes", [False, True])
def test_a_block_that_hangs_is_waited_for_in_bounded_time(
    processes: bool, beside: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "TAKEN_S", 0.5)
    key = tmp_path / "key"
    run, control = beside(HANGS, f"key={key}", processes=processes)
    inside(control, "gate")
    began = time.monotonic()
    with pytest.raises(ControlError, match="block 'gate' is not at an item border after") as late:
        control.set("gate.level", 5)
    assert time.monotonic() - began < 60.0
    assert "it takes the change there" in str(late.value)
    if processes:
        with pytest.raises(ControlError, match="process 'two' has not taken the change before"):
            control.set("gate.level", 6)
    assert control.values()["gate.level"] == 0
    key.touch()
    result = run.end()
    assert result["sink"]["items"] == 100_000
    assert run.flowgraph.check().blocks["gate"].level == 0


Run = Callable[..., Popen]


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Run]:
    """A function that starts ``semradio run`` on the hanging flowgraph, far enough to hang."""
    (tmp_path / "hangs.yml").write_text(HANGS)
    started: list[Popen] = []

    def start(*words: str, taken: float = 120.0) -> Popen:
        given = ("run", "hangs.yml", "--allow-code", "--json", "-", *words)
        run = semradio(*given, folder=tmp_path, taken=taken)
        started.append(run)
        control = Control.find(run.pid, wait=120)
        if "key=key" in words:
            inside(control, "gate")
        return run

    yield start
    (tmp_path / "key").touch()
    for run in started:
        run.communicate(timeout=120)


def waiting_ctl(run: Popen) -> Popen:
    """Start a ``semradio ctl`` and let it come to the point where it waits for its answer."""
    endpoint = Control.find(run.pid).endpoint
    command = semradio("ctl", "gate.level=7")
    deadline = time.monotonic() + 120
    silences = 0
    # A run that waits for its blocks to take a change answers nobody else meanwhile.
    while silences < 3:
        answer = ask(endpoint, b'{"ask": "running"}', within=1.0)
        silences = silences + 1 if answer is None else 0
        assert command.poll() is None, command.communicate()
        assert time.monotonic() < deadline, "the run never waits"
        time.sleep(0.05)
    return command


def test_a_run_that_is_killed_while_ctl_waits(command: Run) -> None:
    run = command("--in-process", "key=key")
    ctl = waiting_ctl(run)
    run.kill()
    out, error = ctl.communicate(timeout=120)
    assert (ctl.returncode, out) == (1, "")
    # By its connection, not because an answer is late.
    assert "ended before it answered" in error
    assert "Traceback" not in error


def test_a_worker_that_is_killed_while_ctl_waits(command: Run) -> None:
    run = command("--processes", "key=key")
    ctl = waiting_ctl(run)
    for worker in psutil.Process(run.pid).children():
        worker.kill()
    out, error = ctl.communicate(timeout=120)
    assert (ctl.returncode, out) == (1, "")
    assert "block 'gate' ended before it took the change" in error
    assert run.wait(120) == 1


def test_ctrl_c_during_ctl_leaves_the_run_alone(
    command: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = command("--in-process", "key=key", taken=10.0)
    ctl = waiting_ctl(run)
    ctl.send_signal(signal.SIGINT)
    out, error = ctl.communicate(timeout=120)
    assert (ctl.returncode, out, error) == (130, "", "\ninterrupted\n")
    # Others are served while that change waits still, a little later.
    assert Control.find(run.pid).values()["gate.level"] == 0
    # A run that is held is listed as such, and not waited for.
    with monkeypatch.context() as patience:
        patience.setattr(client, "ANSWER_S", 0.3)
        run.send_signal(signal.SIGSTOP)
        try:
            while psutil.Process(run.pid).status() != psutil.STATUS_STOPPED:
                time.sleep(0.01)
            (found,) = find_runs()
            assert found.what is None
            assert "does not answer within" in str(found)
            with pytest.raises(ControlError, match="does not answer within"):
                Control.find().values()
        finally:
            run.send_signal(signal.SIGCONT)
    (tmp_path / "key").touch()
    out, error = run.communicate(timeout=120)
    assert run.returncode == 0, error
    assert '"items": 100000' in out


def test_stop_over_the_command_line_is_like_ctrl_c(command: Run) -> None:
    run = command("--in-process", "items=100000000000")
    Control.find(run.pid).stop()
    out, error = run.communicate(timeout=120)
    assert (run.returncode, error) == (130, "")
    assert '"interrupted": true' in out


# The folder ------------------------------------------------------------------------------------


def test_the_folder_is_the_users_alone_and_empty_again(
    beside: Start, endless: str, sockets: Path
) -> None:
    run, control = beside(endless, processes=False)
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert [p.name for p in sockets.iterdir()] == [f"{os.getpid()}.sock"]
    control.stop()
    run.end()
    assert list(sockets.iterdir()) == []


def test_a_socket_left_behind_is_cleared_away(sockets: Path) -> None:
    sockets.mkdir(mode=0o700)
    old, fresh = sockets / "1.sock", sockets / "2.sock"
    for path in (old, fresh):
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(path))
    os.utime(old, (0, 0))
    assert find_runs() == []
    assert (old.exists(), fresh.exists()) == (False, True)


def test_a_folder_of_others_is_not_used(
    sockets: Path,
    endless: str,
    beside: Start,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sockets.mkdir(mode=0o700)
    sockets.chmod(0o777)
    other = sockets.parent / f"semradio-{os.getuid()}"
    other.symlink_to(sockets.parent)
    with pytest.raises(
        SemradioError, match=r"others may enter .*; .* is not a folder of this user"
    ):
        folder.take()
    with caplog.at_level(logging.WARNING):
        result = Flowgraph.load(endless, allow_code=True).run(
            processes=False, control=True, max_seconds=0.1
        )
    assert result["power"]["items"] > 0
    assert "no control socket: others may enter" in caplog.text
    assert find_runs() == []
    with pytest.raises(SystemExit, match="1"):
        main(["ctl"])
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "cannot tell whether a flowgraph is running: " in shown.err
    closed = f"others may enter {sockets} (chmod 700 it)"
    assert closed in shown.err
    assert f"{other} is not a folder of this user" in shown.err
    with pytest.raises(ParameterError, match=r"no flowgraph is running here.*others may enter"):
        Control.find()
    other.unlink()
    run, control = beside(endless, processes=False)
    with pytest.raises(SystemExit, match="0"):
        main(["ctl"])
    shown = capsys.readouterr()
    assert shown.out.startswith("endless (pid ")
    assert shown.err == f"there may be more: {closed}\n"
    assert control.endpoint.startswith(f"ipc://{other}/")
    control.stop()
    run.end()


def test_a_folder_whose_path_is_too_long(monkeypatch: pytest.MonkeyPatch, sockets: Path) -> None:
    deep = sockets.parent / ("x" * 80)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    path = folder.take()
    assert path.parent == sockets.parent / f"semradio-{os.getuid()}"
    folder.give_back(path)


def test_an_endpoint_that_is_taken_fails_the_run(endless: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(RunError, match=rf"cannot listen on {endpoint}: Address already in use"):
            Flowgraph.load(endless, allow_code=True).run(control=endpoint)


# One process of several ------------------------------------------------------------------------


def test_a_process_started_alone_offers_its_own_blocks(
    beside: Start, endless: str, tmp_path: Path
) -> None:
    places = {name: f"ipc://{tmp_path}/{name}" for name in ("one", "two")}
    text = endless
    for name, blocks in (("one", "source, pace"), ("two", "gain, power")):
        at = f"{{blocks: [{blocks}], bind: '{places[name]}', endpoint: '{places[name]}'}}"
        text = text.replace(f"{name}: [{blocks}]", f"{name}: {at}")
    runs = {name: beside(text, only=name) for name in ("one", "two", "three")}
    controls = {name: control for name, (_, control) in runs.items()}
    assert {v.partition(".")[0] for v in controls["two"].values()} == {"gain", "power"}
    assert controls["two"].running().process == "two"
    assert Control.find("three").endpoint == controls["three"].endpoint
    with pytest.raises(SemradioError, match="block 'gain' runs in process 'two', which was start"):
        controls["three"].set("gain.constant", 3.0)
    at = controls["two"].set("gain.constant", -1.0)
    controls["one"].stop()
    result = runs["three"][0].end()
    assert result["tags"]["tags"] == [[at, "gain.constant", -1.0]]
    for name in ("one", "two"):
        runs[name][0].end()


# Before the first item -------------------------------------------------------------------------


def test_a_wish_to_stop_before_the_run_has_begun_is_kept(endless: str) -> None:
    graph: Graph = Flowgraph.load(endless, allow_code=True).check()
    share = Share(graph)
    share.start()
    share.stop()
    share.run()
    assert share.report()["blocks"]["tags"]["items_in"] < 10_000
    share.stop_blocks()


def test_a_running_block_refuses_what_is_not_live(endless: str) -> None:
    graph: Graph = Flowgraph.load(endless, allow_code=True).check()
    share = Share(graph)
    band = graph.blocks["band"]
    band.set("fixed", 1)
    share.start()
    with pytest.raises(SemradioError, match="parameter 'fixed' of block 'band' is not live"):
        band.set("fixed", 2)
    band.set("high", 3.0)
    share.stop_blocks()
    band.set("fixed", 2)
    assert (band.fixed, band.high) == (2, 3.0)
