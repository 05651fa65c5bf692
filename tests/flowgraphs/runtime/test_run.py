"""One flowgraph, every way to run it: the same items, the same tags, the same counts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from semradio.flowgraphs import Flowgraph, RunError
from semradio.flowgraphs.runtime.launcher import Launcher

BLOCKS = Path(__file__).with_name("blocks_for_tests.py")


def run(text: str, *overrides: str, **options: Any) -> Any:
    return Flowgraph.load(text, overrides, allow_code=True).run(**options)


def left_over() -> list[psutil.Process]:
    """Worker processes of this test that are still there."""
    return [
        p
        for p in psutil.Process().children(recursive=True)
        if p.status() != psutil.STATUS_ZOMBIE and "runtime.worker" in " ".join(p.cmdline())
    ]


@pytest.fixture(scope="module")
def reference(pipe: str) -> Any:
    """What the pipe gives in one process."""
    return run(pipe, processes=False).results


@pytest.mark.parametrize("chunk", [1, 7, 64, 1000])
def test_any_chunk_size_in_one_process(pipe: str, reference: Any, chunk: int) -> None:
    assert run(pipe, processes=False, chunk=chunk).results == reference


@pytest.mark.parametrize(
    ("transport", "chunk"), [("ipc", 1), ("ipc", 64), ("tcp", 7), ("tcp", 1000), (None, 64)]
)
def test_any_transport_over_four_processes(
    pipe: str, reference: Any, transport: str | None, chunk: int
) -> None:
    result = run(pipe, transport=transport, chunk=chunk)
    assert result.results == reference
    assert len(result.processes) == 4
    for label, counts in result.edges.items():
        source, target = label.split(" -> ")
        sent = result.blocks[source.split(".")[0]]["items_out"]
        received = result.blocks[target.split(".")[0]]["items_in"]
        assert counts["items"] == sent == received, label
        assert counts["dropped"] == 0
    assert left_over() == []


def test_a_small_queue_holds_back_and_loses_nothing(pipe: str, reference: Any) -> None:
    assert run(pipe, "queue=1", chunk=10).results == reference


def test_no_items_at_all(pipe: str) -> None:
    text = pipe.replace("count_source, items:", "null_source, type: 'float32[4]', items:")
    result = run(text, "items=0")
    assert result["sink"]["items"] == 0
    assert all(counts["items"] == 0 for counts in result.edges.values())


ENDLESS = f"""
flowgraph: endless
code: [{BLOCKS}]
variables: {{items: 100}}
blocks:
  source: {{block: null_source, type: "float32[4]"}}
  copy: {{block: copy}}
  head: {{block: head, items: "${{items}}"}}
  sink: {{block: digest_sink}}
connections: [source -> copy -> head -> sink]
processes: {{one: [source], two: [copy], three: [head, sink]}}
"""


@pytest.mark.parametrize("processes", [False, True])
def test_head_ends_an_endless_source_in_another_process(processes: bool) -> None:
    result = run(ENDLESS, processes=processes)
    assert result["sink"]["items"] == 100
    assert result.edges["head.y -> sink.x"]["items"] == 100


@pytest.mark.parametrize("processes", [False, True])
def test_max_seconds_stops_and_drains(processes: bool) -> None:
    began = time.monotonic()
    result = run(ENDLESS, "items=1000000000000", processes=processes, max_seconds=0.5)
    assert time.monotonic() - began < 20
    assert result["sink"]["items"] > 0
    for counts in result.edges.values():
        assert counts["items"] == result["sink"]["items"]


SABOTAGE = f"""
flowgraph: sabotage
code: [{BLOCKS}]
variables: {{how: raise}}
blocks:
  source: {{block: count_source, items: 100000}}
  bad:    {{block: saboteur, how: "${{how}}"}}
  power:  {{block: signal_power}}
  sink:   {{block: digest_sink}}
connections: [source -> bad -> sink, bad -> power]
processes: {{one: [source], two: [bad], three: [sink, power]}}
"""


@pytest.mark.parametrize("processes", [False, True])
def test_a_block_that_raises_stops_the_run_and_is_named(processes: bool) -> None:
    words = r"<text>:7:3: block 'bad' failed in the items from (\d+) on: ValueError: sabotage"
    with pytest.raises(RunError, match=words) as e:
        run(SABOTAGE, processes=processes, chunk=10)
    found = re.search(words, str(e.value))
    assert found is not None
    assert int(found[1]) <= 500
    assert left_over() == []


@pytest.mark.parametrize("processes", [False, True])
def test_nan_in_the_stream_is_found_where_it_is_measured(processes: bool) -> None:
    with pytest.raises(RunError, match=r"block 'power'.*input 'x' carries NaN or infinity") as e:
        run(SABOTAGE, "how=nan", processes=processes)
    assert "item" in str(e.value)
    assert left_over() == []


@pytest.mark.parametrize("how", ["kill", "exit"])
def test_a_process_that_dies_is_told_within_two_seconds(how: str) -> None:
    died: list[float] = []

    graph = Flowgraph.load(SABOTAGE, [f"how={how}"], allow_code=True).check()
    launcher = Launcher(graph)
    with pytest.raises(RunError, match=r"process 'two' \(pid \d+\) died") as e:
        try:
            launcher.run()
        finally:
            died.append(time.monotonic())
    assert ("SIGKILL" if how == "kill" else "exit status 3") in str(e.value)
    assert left_over() == []


@pytest.mark.parametrize("victim", ["one", "two", "three"])
def test_killing_any_process_ends_the_run(victim: str) -> None:
    graph = Flowgraph.load(
        SABOTAGE.replace("saboteur, how", "slow, enabled"), ["how=true"], allow_code=True
    ).check()
    launcher = Launcher(graph)
    killed: list[float] = []

    def kill(shown: Any) -> None:
        if not killed and victim in shown:
            launcher.children[victim].kill()
            killed.append(time.monotonic())

    launcher.on_progress = kill
    with pytest.raises(RunError, match=rf"process '{victim}' \(pid \d+\) died: killed by signal 9"):
        launcher.run()
    assert time.monotonic() - killed[0] < 2.0
    assert left_over() == []


def test_a_block_that_cannot_stop_fails_the_run() -> None:
    text = SABOTAGE.replace("sink:   {block: digest_sink}", "sink:   {block: stop_fails}")
    text = text.replace("items: 100000", "items: 100")
    for processes in (False, True):
        with pytest.raises(RunError, match=r"block 'sink'.*No space left on device"):
            run(text, processes=processes)


def test_a_lossy_edge_counts_what_it_drops_and_marks_the_gaps() -> None:
    text = f"""
flowgraph: lossy
code: [{BLOCKS}]
blocks:
  source: {{block: count_source, items: 20000}}
  slow:   {{block: slow}}
  sink:   {{block: digest_sink}}
connections:
  - {{connect: source -> slow, queue: 64, policy: drop_oldest}}
  - slow -> sink
processes: {{one: [source], two: [slow, sink]}}
"""
    result = run(text, chunk=16)
    edge = result.edges["source.y -> slow.x"]
    assert edge["dropped"] > 0
    assert edge["items"] + edge["dropped"] == 20000
    assert result["sink"]["items"] == edge["items"]
    gaps = sum(value for _, key, value in result["sink"]["tags"] if key == "gap")
    assert gaps == edge["dropped"]


def test_workers_end_when_the_launcher_is_killed() -> None:
    script = (
        "from semradio.flowgraphs import Flowgraph\n"
        f"Flowgraph.load({SABOTAGE.replace('saboteur, how', 'slow, enabled')!r},"
        " ['how=true'], allow_code=True).run()\n"
    )
    launcher = subprocess.Popen([sys.executable, "-c", script])
    workers: list[psutil.Process] = []
    deadline = time.monotonic() + 30
    while len(workers) < 3 and time.monotonic() < deadline:
        workers = psutil.Process(launcher.pid).children()
        time.sleep(0.05)
    launcher.kill()
    launcher.wait()
    gone, alive = psutil.wait_procs(workers, timeout=10)
    assert len(gone) == 3
    assert alive == []


def test_only_runs_one_process_of_the_plan_at_its_endpoint(
    pipe: str, reference: Any, tmp_path: Path
) -> None:
    ports = _free_ports(3)
    text = pipe.replace("one:   [source]", _at("one", ports[0], "source"))
    text = text.replace("two:   [double, air]", _at("two", ports[1], "double, air"))
    text = text.replace("three: [sum, frames]", _at("three", ports[2], "sum, frames"))
    file = tmp_path / "hosts.yml"
    file.write_text(text)
    command = [sys.executable, "-m", "semradio.flowgraphs", "run", str(file), "--allow-code"]
    outs = {}
    children = []
    # Any order of starting must do; the last one starts well after the first has asked for it.
    for name in ("four", "two", "three", "one"):
        outs[name] = tmp_path / f"{name}.json"
        options = ["--only", name, "--json", str(outs[name]), "--quiet"]
        children.append(subprocess.Popen([*command, *options], env={**os.environ}))
        time.sleep(0.2)
    assert [child.wait(60) for child in children] == [0, 0, 0, 0]
    import json

    results = json.loads(outs["four"].read_text())["results"]
    assert results == json.loads(json.dumps(reference))


def test_a_port_in_use_is_told(pipe: str) -> None:
    import zmq

    socket = zmq.Context.instance().socket(zmq.REP)
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    text = pipe.replace("one:   [source]", _at("one", port, "source"))
    try:
        with pytest.raises(RunError, match=rf"tcp://127.0.0.1:{port}.*[Aa]ddress already in use"):
            run(text, only="one")
        with pytest.raises(RunError, match=r"process 'one'.*[Aa]ddress already in use"):
            run(text)
    finally:
        socket.close(0)


def test_two_runs_at_once_do_not_disturb_each_other(pipe: str, reference: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: run(pipe).results, range(2)))
    assert results == [reference, reference]


def _at(name: str, port: int, blocks: str) -> str:
    endpoint = f"tcp://127.0.0.1:{port}"
    return f"{name}: {{blocks: [{blocks}], bind: '{endpoint}', endpoint: '{endpoint}'}}"


def _free_ports(count: int) -> list[int]:
    import socket

    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


@pytest.mark.parametrize("processes", [False, True])
def test_a_block_that_calls_exit_is_named_too(processes: bool) -> None:
    text = SABOTAGE.replace("saboteur, how", "leaver, word")
    with pytest.raises(RunError, match=r"block 'bad' failed in the items from \d+ on: SystemExit"):
        run(text, processes=processes, chunk=10)
    assert left_over() == []
