"""A process runs on the CPUs that its key ``cpus`` names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from semradio.blocks.errors import SemradioError
from semradio.flowgraphs import Flowgraph, RunError
from semradio.flowgraphs.plan import ProcessPlan
from semradio.flowgraphs.runtime.run.cpus import Pin

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this system holds no process to CPUs"
)

WHERE = '''
import os

from semradio.blocks.api import Input, Sink, block


@block("where", category="sinks")
class Where(Sink):
    """Tell on which CPUs the block runs."""

    x = Input("float32", doc="Anything.")

    def work(self, x, at):
        pass

    def results(self):
        return {"cpus": sorted(os.sched_getaffinity(0))}
'''

LINK = """
flowgraph: link
code: [where.py]
variables: {cpus: [0, 0]}
indices: {k: 2}
blocks:
  source:   {block: vector_source, data: [1.0, 2.0, 3.0]}
  where[k]: {block: where}
  free:     {block: where}
connections: ["source -> where[k]", source -> free]
processes:
  first: [source, free]
  bound[k]: {blocks: ["where[k]"], cpus: ["${cpus[k]}"]}
"""

HERE = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
"""CPUs that the tests may use."""

NOWHERE = 10**6
"""No host has this one."""


@pytest.fixture
def link(tmp_path: Path) -> str:
    (tmp_path / "where.py").write_text(WHERE)
    (tmp_path / "link.yml").write_text(LINK)
    return str(tmp_path / "link.yml")


def test_each_process_is_where_it_is_to_be(link: str) -> None:
    wanted = [HERE[0], HERE[-1]]
    flowgraph = Flowgraph.load(link, [f"cpus={wanted}"], allow_code=True)
    found = flowgraph.run().results
    assert [found[f"where[{k}]"]["cpus"] for k in (0, 1)] == [wanted[:1], wanted[1:]]
    assert found["free"]["cpus"] == HERE


def test_in_one_process_nobody_is_bound(link: str) -> None:
    found = Flowgraph.load(link, allow_code=True).run(processes=False).results
    assert found["where[0]"]["cpus"] == HERE


def test_a_cpu_that_is_not_there_ends_the_run(link: str) -> None:
    flowgraph = Flowgraph.load(link, [f"cpus={[HERE[0], NOWHERE]}"], allow_code=True)
    with pytest.raises(RunError) as error:
        flowgraph.run()
    assert str(error.value) == (
        f"process 'bound[1]': {link}:13:3: 'cpus' asks for CPU {NOWHERE}, which may not be used "
        f"here; without it the process would run on CPU {', '.join(map(str, HERE))}"
    )


def test_a_process_of_its_own_is_bound_and_let_go(link: str) -> None:
    text = LINK.split("processes:", maxsplit=1)[0]
    text += """processes: {all: {blocks: [source, free, "where[k]"], cpus: "${cpus}"}}"""
    Path(link).write_text(text)
    for cpu in {HERE[0], HERE[-1]}:
        flowgraph = Flowgraph.load(link, [f"cpus=[{cpu}]"], allow_code=True)
        assert flowgraph.run(only="all").results["free"]["cpus"] == [cpu]
        assert sorted(os.sched_getaffinity(0)) == HERE
    flowgraph = Flowgraph.load(link, [f"cpus=[{NOWHERE}, {HERE[0]}]"], allow_code=True)
    with pytest.raises(RunError, match=f"^process 'all': {link}:11:13: 'cpus' asks for CPU"):
        flowgraph.run(only="all")
    assert sorted(os.sched_getaffinity(0)) == HERE


@pytest.mark.parametrize("cpus", [[NOWHERE], [HERE[0], NOWHERE], [10**30]])
def test_some_that_are_there_are_not_enough(cpus: list[int]) -> None:
    pin = Pin(ProcessPlan("p", [], cpus=cpus))
    with pytest.raises(SemradioError, match=f"asks for CPU {cpus[-1]}, "):
        pin.set()
    assert sorted(os.sched_getaffinity(0)) == HERE
    pin.release()
    assert sorted(os.sched_getaffinity(0)) == HERE


def test_a_pin_is_released() -> None:
    pin = Pin(ProcessPlan("p", [], cpus=[HERE[-1]]))
    pin.set()
    assert sorted(os.sched_getaffinity(0)) == HERE[-1:]
    pin.release()
    assert sorted(os.sched_getaffinity(0)) == HERE
