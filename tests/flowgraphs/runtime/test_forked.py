"""Workers as forks of the launcher: the same results and failures, and nothing stays behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from semradio.flowgraphs import Flowgraph

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")

ENDLESS = """
flowgraph: endless
blocks:
  source: {block: null_source, type: "float32[4]"}
  pace:   {block: throttle, rate: 10000}
  sink:   {block: null_sink}
connections: [source -> pace -> sink]
processes: {one: [source], two: [pace], three: [sink]}
"""

COUNTED = """
import psutil, sys
from semradio.flowgraphs.runtime.run import forked, children
made = []
fork = forked.fork_workers
forked.fork_workers = lambda plan: made.append(fork(plan)) or made[-1]
"""
"""Notes what was forked."""


def python(code: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a program of its own, without NumPy's threads: this one has some."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_forks_give_what_one_process_gives(pipe: str, tmp_path: Path) -> None:
    (tmp_path / "pipe.yml").write_text(pipe)
    run = python(
        COUNTED
        + """
import json
from semradio.flowgraphs import Flowgraph
result = Flowgraph.load("pipe.yml", allow_code=True).run(fork=True)
assert len(made[0]) == 4, made
pids = {found["pid"] for found in result.processes.values()}
assert pids == {child.pid for child in made[0].values()}
assert not any(psutil.pid_exists(pid) for pid in pids)
print(json.dumps(result.results))
""",
        tmp_path,
    )
    out, err = run.communicate(timeout=120)
    assert run.returncode == 0, err
    here: Any = Flowgraph.load(pipe, allow_code=True).run(processes=False).results
    assert json.loads(out) == json.loads(json.dumps(here))


def test_a_process_with_threads_is_not_forked(pipe: str, tmp_path: Path) -> None:
    (tmp_path / "pipe.yml").write_text(pipe)
    run = python(
        COUNTED
        + """
import threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
from semradio.flowgraphs import Flowgraph
result = Flowgraph.load("pipe.yml", allow_code=True).run(fork=True)
assert made == [{}] and len(result.processes) == 4
""",
        tmp_path,
    )
    _, err = run.communicate(timeout=120)
    assert run.returncode == 0, err


def test_a_wrong_flowgraph_leaves_no_forks(tmp_path: Path) -> None:
    (tmp_path / "endless.yml").write_text(ENDLESS)
    run = python(
        COUNTED
        + """
from semradio.flowgraphs import Flowgraph, FlowgraphError
wrong = Flowgraph.load("endless.yml")
wrong.plan.edges.pop()
try:
    wrong.run(fork=True)
except FlowgraphError as error:
    assert "sink" in str(error)
else:
    raise SystemExit("no error")
assert len(made[0]) == 3
assert [child.returncode for child in made[0].values()] == [1, 1, 1]
""",
        tmp_path,
    )
    _, err = run.communicate(timeout=120)
    assert run.returncode == 0, err


def under_way(run: subprocess.Popen[str]) -> list[psutil.Process]:
    """Wait until a run listens to its control socket; returns its workers."""
    from semradio.flowgraphs.control import find_runs

    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and run.poll() is None:
        if any(found.what is not None and found.what.pid == run.pid for found in find_runs()):
            return psutil.Process(run.pid).children()
        time.sleep(0.05)
    raise AssertionError(f"the run has not begun: {run.communicate()}")


@pytest.mark.parametrize("victim", ["worker", "launcher"])
def test_a_kill_of_a_fork_or_of_the_launcher_ends_all(victim: str, tmp_path: Path) -> None:
    (tmp_path / "endless.yml").write_text(ENDLESS)
    run = subprocess.Popen(
        [sys.executable, "-m", "semradio", "run", "endless.yml", "--quiet"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    workers = under_way(run)
    assert len(workers) == 3
    assert all("run.worker" not in " ".join(worker.cmdline()) for worker in workers), "no forks"
    if victim == "launcher":
        run.kill()
    else:
        workers[1].kill()
    _, err = run.communicate(timeout=120)
    gone, alive = psutil.wait_procs(workers, timeout=120)
    assert (len(gone), alive) == (3, [])
    if victim == "worker":
        assert run.returncode == 1
        assert f"process 'two' (pid {workers[1].pid}) died: killed by signal 9" in err


def test_several_threads_may_ask_for_the_end() -> None:
    """The system tells the exit status once."""
    done = python(
        """
import os
from concurrent.futures import ThreadPoolExecutor
from semradio.flowgraphs.runtime.run.forked import Forked
for _ in range(50):
    child = Forked(lambda orders, answers: len(orders.read()) + 3, [])
    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(child.wait) for _ in range(4)]
        child.stdin.close()
        assert {future.result() for future in found} == {3}
""",
        Path.cwd(),
    )
    _, err = done.communicate(timeout=120)
    assert done.returncode == 0, err
