"""Sweeps on a Dask cluster: a real one, of two processes on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ports import free_port
from sweep_rows import timeless

from semradio.flowgraphs import RunError
from semradio.flowgraphs.sweep import Sweep, SweepError

distributed = pytest.importorskip(
    "distributed", reason="needs Dask: pip install 'semradio[cluster]'"
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A cluster whose workers run in a folder of their own, with two threads each."""
    here = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("elsewhere"))
    try:
        with distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=2,
            processes=True,
            dashboard_address=None,
            host="127.0.0.1",
        ) as found:
            os.chdir(here)
            yield found
    finally:
        os.chdir(here)


def test_the_same_table_as_here(folder: Path, cluster: Any) -> None:
    sweep = Sweep("noise.yml", {"snr_db": "0:10:2", "seed": "1..4"})
    there = sweep.run("there.csv", cluster=cluster.scheduler_address)
    here = sweep.run("here.csv", jobs=1)
    assert len(there.rows) == 24
    assert there.columns == here.columns
    assert timeless(there) == timeless(here)
    counts: list[int] = []
    sweep.run("there.csv", jobs=1, on_progress=lambda p: counts.append(p.left))
    assert counts == [0]


def test_a_cell_that_fails_there(folder: Path, cluster: Any) -> None:
    path = folder / "fate.yml"
    sweep = Sweep(path, {"what": ["pass", "fail"]}, allow_code=True)
    with pytest.raises(RunError, match=r"(?s)cell 2 \(what=fail\): .*no luck"):
        sweep.run(cluster=cluster.scheduler_address)


def test_a_model_that_is_not_there(folder: Path, cluster: Any) -> None:
    from semradio.blocks.neural.model_file import find_model

    (folder / "mine.onnx").write_bytes(find_model("arn/encoder").read_bytes())
    (folder / "link.yml").write_text(
        "flowgraph: link\nblocks:\n"
        "  source: {block: null_source, type: 'uint8[28,28]', items: 10}\n"
        "  encoder: {block: semantic_encoder, model: mine.onnx}\n"
        "  power: {block: signal_power}\nconnections: [source -> encoder -> power]\n"
    )
    with pytest.raises(RunError, match=r"cell 1: no model file mine\.onnx"):
        Sweep("link.yml", {}).run(cluster=cluster.scheduler_address)


def test_another_version(folder: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semradio.flowgraphs.sweep.cluster.VERSION", "99.0")
    with pytest.raises(SweepError, match=r"has semradio .*, this is 99\.0"):
        Sweep("noise.yml", {"seed": [1]}).run(cluster=cluster.scheduler_address)


def test_no_scheduler(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semradio.flowgraphs.sweep.cluster.CONNECT_S", 0.5)
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(SweepError, match=f"no Dask scheduler answers at {address}"):
        Sweep("noise.yml", {"seed": [1]}).run(cluster=address)


@pytest.mark.parametrize(
    "address", ["nonsense", "", "tcp://host", "foo://host:1", "tcp://:8786", "host:99999", "host:x"]
)
def test_an_address_that_is_none(folder: Path, address: str) -> None:
    told: list[int] = []
    with pytest.raises(SweepError, match=f"'{address}' is no address of a Dask scheduler"):
        Sweep("noise.yml", {"seed": [1]}).run(
            cluster=address, on_preparation=lambda done, total: told.append(done)
        )
    assert told == []
