"""Links hidden by a shared key: over processes, lossy edges and changes of the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.runtime.change import Outcome
from semradio.flowgraphs.runtime.failure import RunError
from semradio.flowgraphs.runtime.run.children import Children
from semradio.flowgraphs.runtime.run.supervisor import Supervisor

BLOCKS = Path(__file__).with_name("numbered_frames.py")


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMRADIO_KEY", "5a" * 32)
    monkeypatch.setenv("SECOND_KEY", "c3" * 32)


# The shipped link ------------------------------------------------------------------------------


@pytest.fixture
def link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that runs the shipped link in a folder of its own, with the ARN's models."""
    monkeypatch.chdir(tmp_path)

    def run(*overrides: str, **options: Any) -> Any:
        given = ["models=arn", "frames=2000", "quality.ssim=false", *overrides]
        return Flowgraph.load("keyed_link", given).run(**{"processes": False, **options})

    return run


def test_eve_guesses_and_bob_sees(link: Any) -> None:
    hidden = link(processes=True)
    assert hidden["leakage"]["accuracy"] < 0.15
    assert hidden["unlock"]["frames"] == 2000
    # What equal energies cost these models, which were not trained for them.
    assert hidden["quality"]["mse"] < 0.025
    assert link("attacker=adaptive_eve")["leakage"]["accuracy"] < 0.15
    for wrong in ("unlock.keys=env:SECOND_KEY", "unlock.session=other"):
        with pytest.raises(RunError, match="which is not among the keys here"):
            link(wrong)


def test_with_the_pair_of_modules_underneath(link: Any) -> None:
    both = link("protect=true")
    assert both["leakage"]["accuracy"] < 0.15
    assert both["power"]["psr_db"] == pytest.approx(-10, abs=0.6)
    assert both["quality"]["mse"] < 0.025


def test_a_session_of_its_own_for_each_run(link: Any) -> None:
    first, same, other = link(), link(), link("session=2")
    assert first.results == same.results
    assert other["unlock"]["key"] != first["unlock"]["key"]
    assert other["leakage"]["confusion"] != first["leakage"]["confusion"]


def test_without_a_key(link: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEMRADIO_KEY")
    for options in ({"processes": False}, {"processes": True}):
        with pytest.raises(RunError, match="variable SEMRADIO_KEY: 'semradio key FILE' makes one"):
            link(**options)


# However it runs -------------------------------------------------------------------------------

PLAIN = f"""
flowgraph: plain
code: [{BLOCKS}]
blocks:
  source: {{block: numbered_frames, items: 3000}}
  lock:   {{block: keyed_rotation, keys: env:SEMRADIO_KEY, session: "", announce: 50}}
  air:    {{block: awgn_channel, snr_db: 10, seed: 1}}
  unlock: {{block: keyed_derotation, keys: env:SEMRADIO_KEY, session: ""}}
  bob:    {{block: vector_sink, limit: 3000}}
  eve:    {{block: vector_sink, limit: 3000}}
connections: [source -> lock -> air -> unlock -> bob, lock -> eve]
processes: {{alice: [source, lock], air: [air], bob: [unlock, bob], eve: [eve]}}
"""


def test_the_same_bits_in_one_process_and_in_many() -> None:
    results = [
        Flowgraph.load(PLAIN, allow_code=True).run(**options).results
        for options in (
            {"processes": False, "chunk": 1},
            {"processes": False, "chunk": 1000},
            {"transport": "ipc", "chunk": 7},
            {"transport": "tcp", "chunk": 64},
        )
    ]
    for other in results[1:]:
        assert other == results[0]
    # Hidden or not, Bob meets the same noise: E||n||^2 = 0.1 at 10 dB.
    bits = np.arange(3000)[:, None] >> np.arange(23) & 1
    sent = (2 * bits - 1) / np.sqrt(23)
    error = ((np.array(results[0]["bob"]["data"]) - sent) ** 2).sum(axis=1).mean()
    assert error == pytest.approx(0.1, rel=0.05)


LOSSY = f"""
flowgraph: lossy
code: [{BLOCKS}]
variables: {{items: 4000, policy: drop_oldest, announce: 64}}
blocks:
  source: {{block: numbered_frames, items: "${{items}}"}}
  lock:   {{block: keyed_rotation, keys: [env:SEMRADIO_KEY, env:SECOND_KEY],
            announce: "${{announce}}", first_frame: 1000000}}
  slow:   {{block: slow_frames}}
  unlock: {{block: keyed_derotation, keys: [env:SECOND_KEY, env:SEMRADIO_KEY]}}
  bob:    {{block: frame_numbers}}
connections:
  - source -> lock
  - {{connect: lock -> slow, queue: 40, policy: "${{policy}}"}}
  - slow -> unlock -> bob
processes: {{alice: [source, lock], bob: [slow, unlock, bob]}}
"""


def every_frame_is_right(result: Any) -> list[int]:
    """Check each frame that arrived; returns their numbers."""
    numbers: list[int] = result["bob"]["numbers"]
    assert result["bob"]["bad"] == 0
    assert numbers == sorted(set(numbers))
    dropped = result.edges["lock.y -> slow.x"]["dropped"]
    assert len(numbers) + dropped == result["lock"]["frames"]
    found = result["unlock"]
    assert (found["frames"], found["resynchronised"]) == (len(numbers), 0)
    assert found["lost"] == numbers[-1] + 1 - len(numbers)
    return numbers


@pytest.mark.parametrize("policy", ["drop_oldest", "drop_newest"])
@pytest.mark.parametrize("announce", [1, 64, 100_000])
def test_behind_a_lossy_edge_all_that_arrives_is_restored(policy: str, announce: int) -> None:
    overrides = [f"policy={policy}", f"announce={announce}"]
    result = Flowgraph.load(LOSSY, overrides, allow_code=True).run()
    numbers = every_frame_is_right(result)
    assert len(numbers) < 4000
    assert result["lock"]["next_frame"] == 1_004_000


CHANGING = LOSSY.replace(
    "source -> lock\n", "source -> pace -> lock\n"
).replace(
    "  slow: ", "  pace:   {block: throttle, rate: 10000}\n  slow: "
).replace("[source, lock]", "[source, pace, lock]")  # fmt: skip


@pytest.mark.parametrize("policy", ["block", "drop_oldest", "drop_newest"])
def test_the_key_changes_while_frames_are_lost(policy: str) -> None:
    graph = Flowgraph.load(CHANGING, [f"policy={policy}", "items=12000"], allow_code=True).check()
    host = Children(graph)
    asked: list[int] = []
    changed: list[Outcome] = []

    def change(shown: Any) -> None:
        if shown.get("alice", {}).get("items", {}).get("lock", 0) and len(asked) == len(changed):
            asked.append((len(asked) + 1) % 2)
            host.change({"lock": {"key": asked[-1]}}, changed.append)

    result = Supervisor(host, graph.plan, on_progress=change).run()
    every_frame_is_right(result)
    inside = [o.index for o in changed if o.index is not None and 0 < o.index < 12_000]
    assert len(inside) >= 2


def test_a_key_that_only_alice_has_stops_the_run() -> None:
    text = CHANGING.replace("[env:SECOND_KEY, env:SEMRADIO_KEY]", "env:SEMRADIO_KEY")
    graph = Flowgraph.load(text, ["policy=block", "items=100000"], allow_code=True).check()
    host = Children(graph)
    asked: list[int] = []

    def change(shown: Any) -> None:
        if not asked and shown.get("alice", {}).get("items", {}).get("lock", 0) > 0:
            asked.append(1)
            host.change({"lock": {"key": 1}}, lambda outcome: None)

    with pytest.raises(RunError, match=r"block 'unlock'.*was hidden with key [0-9a-f]{16}, which"):
        Supervisor(host, graph.plan, on_progress=change).run()
