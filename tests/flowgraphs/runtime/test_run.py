"""One flowgraph, every way to run it: the same items, the same tags, the same counts."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from commands import Command
from ports import free_port

from semradio.blocks.api.own_line import in_block
from semradio.blocks.errors import SemradioError
from semradio.blocks.metrics.signal_power import SignalPower
from semradio.flowgraphs import Flowgraph, RunError
from semradio.flowgraphs.runtime.run import children, protocol
from semradio.flowgraphs.runtime.run.children import Children
from semradio.flowgraphs.runtime.run.signals import BrokenOffError
from semradio.flowgraphs.runtime.run.supervisor import TICK_S, Supervisor
from semradio.flowgraphs.runtime.watch import joined

BLOCKS = Path(__file__).with_name("blocks_for_tests.py")


def run(text: str, *overrides: str, **options: Any) -> Any:
    return Flowgraph.load(text, overrides, allow_code=True).run(**options)


def line_of(text: str) -> int:
    """Line of the blocks' file where a text stands."""
    lines = BLOCKS.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def left_over() -> list[psutil.Process]:
    """Worker processes of this test that are still there."""
    return [
        p
        for p in psutil.Process().children(recursive=True)
        if p.status() != psutil.STATUS_ZOMBIE and "run.worker" in " ".join(p.cmdline())
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
    # It would take weeks to end by itself.
    result = run(ENDLESS, "items=1000000000000", processes=processes, max_seconds=2)
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
    assert f": sabotage ({BLOCKS}:{line_of('raise ValueError(')})" in str(e.value)
    assert left_over() == []


def test_a_block_that_gives_nothing_or_writes_into_its_input_is_told_what_to_do() -> None:
    with pytest.raises(
        RunError, match=r"returned nothing \(is a 'return' missing\?\) on output 'y'"
    ):
        run(SABOTAGE, "how=forget", processes=False)
    with pytest.raises(RunError) as e:
        run(SABOTAGE, "how=write", processes=False)
    place = f"{BLOCKS}:{line_of('x[:] = 0')}"
    assert str(e.value).endswith(
        f"({place}; inputs belong to other blocks too: copy before writing)"
    )


def test_a_line_of_a_block_that_is_shipped_is_not_told() -> None:
    error = ValueError("no")
    try:
        raise error
    except ValueError:
        pass
    assert in_block(error, SignalPower) == ""
    own = type("Own", (SignalPower,), {"__module__": __name__})
    assert in_block(error, own).startswith(f" ({__file__}:")


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
    run = Supervisor(Children(graph), graph.plan)
    with pytest.raises(RunError, match=r"process 'two' \(pid \d+\) died") as e:
        try:
            run.run()
        finally:
            died.append(time.monotonic())
    assert ("SIGKILL" if how == "kill" else "exit status 3") in str(e.value)
    assert left_over() == []


@pytest.mark.parametrize("victim", ["one", "two", "three"])
def test_killing_any_process_ends_the_run(victim: str) -> None:
    graph = Flowgraph.load(
        SABOTAGE.replace("saboteur, how", "slow, enabled"), ["how=true"], allow_code=True
    ).check()
    host = Children(graph)
    looks: list[int] = []
    """Of the supervisor, one each TICK_S at least, since it was killed."""

    def kill(shown: Any) -> None:
        if not looks and victim in shown:
            host.children[victim].kill()
        if looks or victim in shown:
            looks.append(len(looks))

    run = Supervisor(host, graph.plan, on_progress=kill)
    with pytest.raises(RunError, match=rf"process '{victim}' \(pid \d+\) died: killed by signal 9"):
        run.run()
    # Within two seconds of its own time, which stands still where the whole machine does.
    assert 0 < len(looks) <= 2.0 / TICK_S
    assert left_over() == []


def test_a_process_that_does_not_answer_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "_CHECK_S", 0.1)
    host = Children(Flowgraph.load(SABOTAGE, allow_code=True).check())
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    host.children["two"] = subprocess.Popen(sleeper, stdin=subprocess.PIPE)
    change = {"bad": {"enabled": False}}
    try:
        with pytest.raises(SemradioError, match="'two' does not say within"):
            host.change(change, lambda outcome: None)
        # Its pipe would fill up, and block whoever writes to it next.
        with pytest.raises(SemradioError, match="'two' does not answer; nothing was changed"):
            host.change(change, lambda outcome: None)
        late = [protocol.encode(protocol.Checked(number, [])) for number in (0, 0, 99)]
        host._listen("two", io.BytesIO(b"".join(late)))
        assert host.inbox.get_nowait() == ("two", None)
        with pytest.raises(SemradioError, match="'two' does not say within"):
            host.change(change, lambda outcome: None)
    finally:
        host.children["two"].kill()
        host.children["two"].communicate()


def test_a_process_that_has_not_answered_yet_is_told_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A busy machine: who looks sees all processes, and which of them are silent."""
    monkeypatch.setattr(children, "_WHERE_S", 0.1)
    host = Children(Flowgraph.load(SABOTAGE, allow_code=True).check())
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    for name in host.plan.processes:
        host.children[name] = subprocess.Popen(sleeper, stdin=subprocess.PIPE)
    try:
        processes, blocks, _, _ = joined(host.standings())
        assert [(p.name, p.pid, p.silent) for p in processes] == [
            (name, child.pid, True) for name, child in host.children.items()
        ]
        assert [(b.name, b.process) for b in blocks] == [
            ("source", "one"), ("bad", "two"), ("sink", "three"), ("power", "three"),
        ]  # fmt: skip
    finally:
        for child in host.children.values():
            child.kill()
            child.wait()
            assert child.stdin is not None
            child.stdin.close()


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
    # Its own folder for temporary files, with a path that is short enough for sockets.
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    environment = {**os.environ, "TMPDIR": str(folder)}
    launcher = subprocess.Popen([sys.executable, "-c", script], env=environment)
    workers: list[psutil.Process] = []
    deadline = time.monotonic() + 120
    while len(workers) < 3 or len(list(folder.glob("semradio-*/*"))) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
        workers = psutil.Process(launcher.pid).children()
    launcher.kill()
    launcher.wait()
    gone, alive = psutil.wait_procs(workers, timeout=120)
    assert len(gone) == 3
    assert alive == []
    assert list(folder.iterdir()) == []
    folder.rmdir()


def test_only_runs_one_process_of_the_plan_at_its_endpoint(
    pipe: str, reference: Any, tmp_path: Path
) -> None:
    ports = [free_port() for _ in range(3)]
    text = pipe.replace("one:   [source]", _at("one", ports[0], "source"))
    text = text.replace("two:   [double, air]", _at("two", ports[1], "double, air"))
    text = text.replace("three: [sum, frames]", _at("three", ports[2], "sum, frames"))
    file = tmp_path / "hosts.yml"
    file.write_text(text)
    outs = {}
    children = []
    # Any order of starting must do; the last one starts well after the first has asked for it.
    for name in ("four", "two", "three", "one"):
        outs[name] = tmp_path / f"{name}.json"
        options = ("--allow-code", "--only", name, "--json", str(outs[name]), "--quiet")
        children.append(Command("run", str(file), *options))
        time.sleep(0.2)
    assert [child.wait(120) for child in children] == [0, 0, 0, 0]
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


@pytest.mark.parametrize("processes", [False, True])
@pytest.mark.parametrize(
    ("how", "reason"),
    [("results", "ValueError: no results"), ("exit", "SystemExit: 4"), ("stop", "SystemExit: 4")],
)
def test_a_block_that_fails_at_the_very_end_is_named(
    processes: bool, how: str, reason: str
) -> None:
    text = SABOTAGE.replace("{block: digest_sink}", f"{{block: bad_end, how: {how}}}")
    text = text.replace("items: 100000", "items: 100")
    with pytest.raises(RunError, match=f"<text>:9:3: block 'sink' failed .* 100 on: {reason}"):
        run(text, processes=processes)
    assert left_over() == []


IMPATIENT = '''
import os, signal, sys
from semradio.blocks.api import Output, Source, block

if sys.argv[0].endswith("worker.py"):
    os.kill(os.getpid(), signal.SIGTERM)

@block("impatient", category="sources")
class Impatient(Source):
    """Never comes to work."""

    y = Output("int8", doc="Nothing.")
'''


def test_a_worker_that_is_asked_to_end_before_it_begins_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "impatient.py").write_text(IMPATIENT)
    text = f"""
flowgraph: impatient
code: [{tmp_path / "impatient.py"}]
blocks: {{source: {{block: impatient}}, sink: {{block: null_sink}}}}
connections: [source -> sink]
processes: {{one: [source], two: [sink]}}
"""
    with pytest.raises(BrokenOffError) as e:
        run(text, processes=True)
    assert e.value.signal == signal.SIGTERM
    assert left_over() == []


def _at(name: str, port: int, blocks: str) -> str:
    endpoint = f"tcp://127.0.0.1:{port}"
    return f"{name}: {{blocks: [{blocks}], bind: '{endpoint}', endpoint: '{endpoint}'}}"
