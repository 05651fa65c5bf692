"""Where the time of a run went: every block, every queue, and a trace that is one."""

from __future__ import annotations

import csv
import json
import math
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from semradio.blocks.errors import ParameterError
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.runtime import profile

BLOCKS = Path(__file__).with_name("blocks_for_tests.py")

SLOW = f"""
flowgraph: slow
code: [{BLOCKS}]
variables: {{items: 600}}
chunk: 10
blocks:
  source: {{block: count_source, items: "${{items}}"}}
  quick:  {{block: multiply_const, constant: 2.0}}
  slow:   {{block: slow}}
  frames: {{block: stream_to_vector, length: 5}}
  sink:   {{block: digest_sink}}
connections:
  - source -> quick
  - {{connect: quick -> slow, queue: 20}}
  - slow -> frames -> sink
processes: {{one: [source, quick], two: [slow, frames, sink]}}
"""


def table(file: Path) -> list[dict[str, str]]:
    with file.open() as opened:
        return list(csv.DictReader(opened))


@pytest.mark.parametrize("processes", [False, True])
def test_a_run_tells_where_its_time_went(tmp_path: Path, processes: bool) -> None:
    folder = tmp_path / "new" / "profile"
    plain = Flowgraph.load(SLOW, allow_code=True).run(processes=processes)
    result = Flowgraph.load(SLOW, allow_code=True).run(processes=processes, profile=folder)
    assert result["sink"] == plain["sink"]
    blocks = {row["block"]: row for row in table(folder / "blocks.csv")}
    # A millisecond an item, by its own words; nothing else takes that long.
    assert float(blocks["slow"]["us_per_item"]) >= 1000
    assert float(blocks["slow"]["share"]) > 0.5
    assert {row["process"] for row in blocks.values()} == (
        {"one", "two"} if processes else {"slow"}
    )
    queues = {row["edge"]: row for row in table(folder / "queues.csv")}
    assert "slow.y -> frames.x" in queues
    if processes:
        # The source is far ahead of the slow block: what it makes waits there.
        waiting = queues["quick.y -> slow.x"]
        assert float(waiting["mean_items"]) > 5
        assert float(waiting["wait_ms"]) > 5
    check_trace(json.loads((folder / "trace.json").read_text()), blocks)


def check_format(trace: dict[str, Any]) -> None:
    """Check a trace against Chrome's trace event format, which Perfetto reads.

    Google's "Trace Event Format": complete events (X) have a time and a length in microseconds;
    those of one row are nested in each other or apart; metadata (M) name processes and rows.
    """
    assert trace.keys() <= {"traceEvents", "displayTimeUnit", "otherData", "metadata"}
    assert trace["displayTimeUnit"] in ("ms", "ns")
    rows: dict[tuple[int, int], list[tuple[float, float]]] = {}
    named: dict[str, set[tuple[int, ...]]] = {"process_name": set(), "thread_name": set()}
    for event in trace["traceEvents"]:
        assert isinstance(event["name"], str)
        assert type(event["pid"]) is int
        assert type(event["tid"]) is int
        assert isinstance(event.get("args", {}), dict)
        if event["ph"] == "M":
            assert isinstance(event["args"]["name"], str)
            place = (event["pid"], event["tid"])
            named[event["name"]].add(place if event["name"] == "thread_name" else place[:1])
            continue
        assert event["ph"] == "X"
        assert all(math.isfinite(event[key]) and event[key] >= 0 for key in ("ts", "dur"))
        rows.setdefault((event["pid"], event["tid"]), []).append((event["ts"], event["dur"]))
    assert rows
    for place, spans in rows.items():
        assert place in named["thread_name"]
        assert place[:1] in named["process_name"]
        # As they are read: from early to late, and none ends within another that it began before.
        assert spans == sorted(spans, key=lambda span: span[0])
        open_until: list[float] = []
        for began, took in spans:
            while open_until and open_until[-1] <= began + 1e-6:
                open_until.pop()
            assert not open_until or began + took <= open_until[-1] + 1e-6
            open_until.append(began + took)


def check_trace(trace: dict[str, Any], blocks: dict[str, Any]) -> None:
    check_format(trace)
    events = trace["traceEvents"]
    spans = [event for event in events if event["ph"] == "X"]
    assert "slow" in {span["name"] for span in spans}
    assert all(span["dur"] >= 0 and span["ts"] >= 0 for span in spans)
    for name, row in blocks.items():
        mine = [span for span in spans if span["name"] == name]
        assert len(mine) == int(row["calls"])
        assert sum(span["args"]["items"] for span in mine) == int(row["items"])
    # A process does one thing at a time.
    for process in {span["pid"] for span in spans}:
        work = sorted((s["ts"], s["dur"]) for s in spans if s["pid"] == process and s["tid"] == 1)
        for (began, took), (after, _) in pairwise(work):
            assert began + took <= after + 1e-6
    names = {e["args"]["name"] for e in events if e["name"] == "process_name"}
    assert names <= {"one", "two", "slow"}


def test_spans_that_are_left_out_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "MOST_SPANS", 5)
    Flowgraph.load(SLOW, allow_code=True).run(processes=False, profile=tmp_path)
    trace = json.loads((tmp_path / "trace.json").read_text())
    check_format(trace)
    assert len([event for event in trace["traceEvents"] if event["ph"] == "X"]) == 5
    calls = sum(int(row["calls"]) for row in csv.DictReader((tmp_path / "blocks.csv").open()))
    (name,) = (e["args"]["name"] for e in trace["traceEvents"] if e["name"] == "process_name")
    (left_out,) = re.findall(r"^slow \(([\d,]+) later spans left out\)$", name)
    assert int(left_out.replace(",", "")) >= calls - 5


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ParameterError, match="profile: cannot make folder"):
        Flowgraph.load(SLOW, allow_code=True).run(profile=tmp_path / "file" / "folder")
