"""A run whose live changes were written down gives the same once more, bit for bit."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from semradio.blocks.errors import ParameterError
from semradio.flowgraphs import Flowgraph, RunError
from semradio.flowgraphs.runtime.change import Outcome

BLOCKS = Path(__file__).with_name("blocks_for_tests.py")

CHANGED = f"""
flowgraph: changed
code: [{BLOCKS}]
variables: {{items: 400000000, chunk: 64}}
chunk: ${{chunk}}
blocks:
  source: {{block: count_source, items: "${{items}}"}}
  pace:   {{block: throttle, rate: 100000}}
  double: {{block: multiply_const, constant: 2.0}}
  air:    {{block: awgn_channel, snr_db: 10, seed: 3}}
  sum:    {{block: add}}
  frames: {{block: stream_to_vector, length: 5}}
  late:   {{block: multiply_const, constant: 1.0}}
  keep:   {{block: keep_one_in_n, n: 3}}
  sink:   {{block: digest_sink}}
  side:   {{block: digest_sink}}
connections:
  - source -> pace -> double -> air -> sum.x[0]
  - double -> sum.x[1]
  - sum -> frames -> late -> keep -> sink
  - air -> side
processes:
  one:   [source, pace, double]
  two:   [air, sum, side]
  three: [frames, late, keep, sink]
"""


class Changer:
    """Changes parameters at random times, as a control would, and stops the run at last."""

    def __init__(self, seed: int, changes: int) -> None:
        self.random = random.Random(seed)
        self.changes = changes
        self.taken: list[Outcome] = []
        self.thread: threading.Thread | None = None

    def serve(self, host: Any) -> None:
        self.thread = threading.Thread(target=self._change, args=(host,))
        self.thread.start()

    def _change(self, host: Any) -> None:
        for _ in range(self.changes):
            time.sleep(self.random.uniform(0.001, 0.03))
            told = threading.Event()

            def tell(outcome: Outcome, told: threading.Event = told) -> None:
                self.taken.append(outcome)
                told.set()

            host.change(self._values(), tell)
            assert told.wait(120)
        host.stop()

    def _values(self) -> Mapping[str, Mapping[str, Any]]:
        name = self.random.choice(["double", "air", "late", "off"])
        value = self.random.choice([1.0, 2.0, 3.5, 7.25])
        if name == "off":
            return {self.random.choice(["air", "late"]): {"enabled": self.random.random() < 0.5}}
        return {name: {"snr_db" if name == "air" else "constant": value}}


def found(result: Any) -> Any:
    return [result[name] for name in ("sink", "side")]


@pytest.mark.parametrize("processes", [False, True])
def test_a_run_with_changes_is_repeated(
    tmp_path: Path, processes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, again = tmp_path / "changes.jsonl", tmp_path / "again.jsonl"
    changer = Changer(seed=processes, changes=25)
    monkeypatch.setattr("semradio.flowgraphs.flowgraph._listening", lambda *_: nullcontext(changer))
    first = Flowgraph.load(CHANGED, allow_code=True).run(processes=processes, log_changes=log)
    monkeypatch.undo()
    assert changer.thread is not None
    changer.thread.join()
    assert 0 < first["side"]["items"] < 400_000_000
    assert len({outcome.index for outcome in changer.taken}) > 10
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert lines[0]["flowgraph"] == "changed"
    assert [(x["block"], x["index"]) for x in lines[1:] if x["values"] is not None] == [
        (outcome.block, outcome.index) for outcome in changer.taken
    ]
    assert lines[-1]["block"] == "source"
    assert lines[-1]["values"] is None
    for mode, chunk in [(processes, None), (False, 1000)]:
        second = Flowgraph.load(CHANGED, ["pace.rate=1e9"], allow_code=True).run(
            processes=mode, chunk=chunk, replay=log, log_changes=again
        )
        assert found(second) == found(first)
        assert second.notes == first.notes


HEAD = '{"flowgraph": "changed", "variables": {"items": 400000000, "chunk": 64}}\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no log of changes"),
        ("blocks: {}\n", "is no log of changes"),
        (HEAD.replace("changed", "other"), "changes of flowgraph 'other' cannot be repeated"),
        (HEAD.replace("64", "65"), "other variables; to repeat it, say chunk=65"),
        (HEAD + "{}\n", ":2: cannot be read"),
        (HEAD + '{"t":0,"block":"x","index":0,"taken":0,"values":{}}\n', ":2: .* no block 'x'"),
        (
            HEAD + '{"t":0,"block":"air","index":0,"taken":0,"values":{"seed":1}}\n',
            "parameter 'seed' of block 'air' is not live",
        ),
    ],
)
def test_a_log_that_does_not_fit_is_refused(tmp_path: Path, text: str, said: str) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(text)
    with pytest.raises(ParameterError, match=said):
        Flowgraph.load(CHANGED, allow_code=True).run(processes=False, replay=log)


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    flowgraph = Flowgraph.load(CHANGED, allow_code=True)
    with pytest.raises(ParameterError, match=r"cannot read .*nowhere: No such file"):
        flowgraph.run(replay=tmp_path / "nowhere")
    with pytest.raises(ParameterError, match=r"cannot write .*: Is a directory"):
        flowgraph.run(log_changes=tmp_path)


def test_a_change_that_is_not_reached_is_noted(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(
        HEAD.replace("400000000", "100")
        + '{"t":0,"block":"air","index":101,"taken":101,"values":{"snr_db":1}}\n'
    )
    result = Flowgraph.load(CHANGED, allow_code=True, items=100).run(processes=False, replay=log)
    assert result.notes["air"] == ["the change to be repeated at item 101 was not reached"]


def test_a_run_of_other_items_is_broken_off(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(HEAD + '{"t":0,"block":"keep","index":7,"taken":3,"values":{"enabled":true}}\n')
    with pytest.raises(RunError, match=r"block 'keep' .* of a change to be repeated, is not its"):
        Flowgraph.load(CHANGED, allow_code=True).run(processes=False, replay=log)
