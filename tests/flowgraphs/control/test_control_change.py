"""What a change does, what is refused, and what the command line says of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from semradio.blocks.errors import ParameterError
from semradio.flowgraphs import Flowgraph
from semradio.flowgraphs.cli.main import main
from semradio.flowgraphs.control import Control, ControlError, messages

Start = Callable[..., tuple[Any, Control]]

each_way = pytest.mark.parametrize("options", [{"processes": False}, {}], ids=["one", "three"])


def ctl(*words: str) -> int:
    """Run ``semradio ctl`` here; returns its exit status."""
    with pytest.raises(SystemExit) as ended:
        main(["ctl", *words])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def passed(control: Control, item: int) -> None:
    """Wait until the block 'gain' has worked on an item: it is told to stay enabled."""
    while control.set("gain.enabled", True) <= item:
        time.sleep(0.005)


@each_way
def test_several_parameters_change_as_one_and_leave_their_tags(
    beside: Start, endless: str, options: dict[str, Any]
) -> None:
    run, control = beside(endless, **options)
    passed(control, 0)
    first = control.change({"gain.constant": 3, "band.low": 0.5, "band.high": 7.0})
    passed(control, first["gain.constant"])
    second = control.set("gain.constant", np.float32(-1))
    passed(control, second + 1000)
    control.stop()
    result = run.end()
    assert result.interrupted
    tags = [tag for tag in result["tags"]["tags"] if tag[1] != "gain.enabled"]
    assert sorted(tags) == sorted(
        [
            [first["gain.constant"], "gain.constant", 3.0],
            [first["band.low"], "band.low", 0.5],
            [first["band.high"], "band.high", 7.0],
            [second, "gain.constant", -1.0],
        ]
    )
    assert first["band.low"] == first["band.high"]
    assert second > first["gain.constant"]
    segments = result["power"]["segments"]
    assert [s["from"] for s in segments] == [0, first["gain.constant"], second]
    # Items 0, 1, 2, 3, ... times the constant: the mean power is 3.5 times its square.
    assert segments[-1]["power"] == pytest.approx(3.5, rel=0.01)


@each_way
def test_what_is_in_force_is_listed(
    beside: Start, endless: str, options: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run, control = beside(endless, **options)
    before = control.values()
    assert before["gain.constant"] == 2.0
    assert "source.enabled" not in before
    assert {"band.fixed", "tags.limit"} & before.keys() == set()
    assert ctl("gain.constant=[0, 2.5]") == 2
    assert "the complex constant [0.0, 2.5] needs a complex stream" in capsys.readouterr().err
    assert ctl("gain.constant=2.5", "pace.enabled=true") == 0
    line, other = capsys.readouterr().out.splitlines()
    at = int(line.rpartition(" ")[2])
    run_is = f"endless (pid {control.running().pid})"
    assert line == f"{run_is}: gain.constant = 2.5 from item {at}"
    assert other.startswith(f"{run_is}: pace.enabled = true from item ")
    assert control.values() == {**before, "gain.constant": 2.5}
    assert ctl() == 0
    listed = capsys.readouterr().out
    what = control.running()
    assert f"{run_is}, for " in listed
    assert "gain.constant  2.5" in listed
    assert "float, above 0, items/s" in listed
    assert ctl("--json") == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["pid"], found["flowgraph"], found["process"]) == (what.pid, "endless", None)
    (listed,) = [p for p in found["parameters"] if p["parameter"] == "constant"]
    assert (listed["block"], listed["value"], listed["unit"]) == ("gain", 2.5, "")
    assert ctl("--json", "band.high=4") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["flowgraph"], answer["pid"]) == ("endless", what.pid)
    (changed,) = answer["changed"]
    assert (changed["name"], changed["value"]) == ("band.high", 4)
    assert changed["from"] >= 0
    assert ctl("stop") == 0
    assert capsys.readouterr().out == f"stopping {run_is}\n"
    assert run.end().interrupted


REFUSED = {
    "gani.constant=1": "no block 'gani' (did you mean 'gain'?)",
    "gain.constnat=1": "block 'gain' has no parameter 'constnat' (did you mean 'constant'?)",
    "band.fixed=1": "parameter 'fixed' of block 'band' is not live: it cannot change while the "
    "flowgraph runs; live here: enabled, low, high, bug",
    "band.low=deep": "block 'band': parameter 'low' must be float, not 'deep' (str)",
    "pace.rate=0": "block 'pace': parameter 'rate' must be above 0 items/s, not 0.0 items/s",
    "pace.rate=.inf": "'pace.rate' must be a finite number",
    "band.enabled=1": "block 'band': parameter 'enabled' must be bool, not 1",
    "source.enabled=false": "block 'source' cannot be disabled",
    "band.low=2": "block 'band': parameter 'low' must not be above 'high'",
    "band.bug=100": "block 'band' refuses: ZeroDivisionError",
    "twice=3": "'twice' is a variable: it is worked out before the flowgraph runs and is not live; "
    "change the parameters themselves, BLOCK.PARAM; the file uses it in gain.constant",
    "nothing=3": "'nothing' is not BLOCK.PARAM",
    "stopp": "'stopp' is not NAME=VALUE or BLOCK.PARAM=VALUE",
    "gain.constant={a: [}": "is not a YAML value",
}


@each_way
def test_what_is_refused_changes_nothing(
    beside: Start, endless: str, options: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run, control = beside(endless, **options)
    before = control.values()
    for word, message in REFUSED.items():
        assert ctl("gain.enabled=false", word) == 2, word
        shown = capsys.readouterr()
        assert message in shown.err
        assert shown.out == ""
        assert "Traceback" not in shown.err
    assert ctl("band.fixed=3", "band.low=deep", "gani.x=1", "twice=1") == 2
    assert len(capsys.readouterr().err.splitlines()) == 4
    assert ctl("band.high=3", "gain.constant=3", "band.high=4") == 2
    assert "'band.high' is set twice" in capsys.readouterr().err
    assert control.values() == before
    control.stop()
    result = run.end()
    assert [tag[1] for tag in result["tags"]["tags"]] == []
    assert result.notes == {}


def test_a_value_that_is_no_plain_data_or_too_large(beside: Start, endless: str) -> None:
    run, control = beside(endless, processes=False)
    with pytest.raises(ParameterError, match="cannot be sent"):
        control.set("gain.constant", object())
    with pytest.raises(ParameterError, match=r"takes 20\d\d\d bytes; a request has at most 16384"):
        control.set("gain.constant", "1" * 20_000)
    with pytest.raises(ParameterError, match="must be a finite number"):
        control.set("gain.constant", [0.0, float("nan")])
    assert control.change({}) == {}
    control.stop()
    run.end()


def test_none_one_and_several_runs(
    beside: Start, endless: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ctl() == 0
    assert capsys.readouterr().out == "no flowgraph is running\n"
    assert ctl("gain.constant=1") == 2
    assert "no flowgraph is running here: start one with 'semradio run'" in capsys.readouterr().err
    one, first = beside(endless, processes=False)
    other, second = beside(endless.replace("flowgraph: endless", "flowgraph: other"))
    assert first.endpoint != second.endpoint
    for words in (["gain.constant=1"], ["stop"]):
        assert ctl(*words) == 2
        message = capsys.readouterr().err
        assert "several flowgraphs are running, say which with --run PID" in message
        pid = first.running().pid
        assert f"{pid}: endless, for " in message
        assert f"{pid}: other, for " in message
    assert ctl("--run", "othre", "gain.constant=1") == 2
    assert "no run 'othre' (did you mean 'other'?); running: " in capsys.readouterr().err
    assert ctl("--run", "other", "gain.constant=7") == 0
    assert ctl("--run", first.endpoint, "gain.constant=8") == 0
    assert (first.values()["gain.constant"], second.values()["gain.constant"]) == (8.0, 7.0)
    assert ctl("--run", "other", "stop") == 0
    other.end()
    assert Control.find().endpoint == first.endpoint
    assert Control.find(first.running().pid).endpoint == first.endpoint
    assert ctl("--run", "endless", "stop") == 0
    one.end()
    with pytest.raises(ControlError, match="no flowgraph listens at ipc://"):
        first.set("gain.constant", 1.0)
    assert ctl("--run", first.endpoint, "gain.constant=1") == 1


def test_over_tcp(beside: Start, endless: str) -> None:
    run, control = beside(endless, control="tcp://127.0.0.1:*")
    (tcp,) = [e for e in control.running().endpoints if e.startswith("tcp://127.0.0.1:")]
    assert Control.find(tcp, wait=1).set("gain.constant", 5) >= 0
    assert control.values()["gain.constant"] == 5.0
    control.stop()
    run.end()


@pytest.mark.parametrize(
    "endpoint", ["5556", "tcp://127.0.0.1", "tcp://:5556", "http://127.0.0.1:80", "ipc://", ""]
)
def test_an_endpoint_that_is_none(endpoint: str, endless: str) -> None:
    flowgraph = Flowgraph.load(endless, allow_code=True)
    with pytest.raises(ParameterError, match=r"is no endpoint; write tcp://127\.0\.0\.1:5556"):
        flowgraph.run(control=endpoint)


def test_blocks_that_have_ended_say_so(beside: Start, endless: str) -> None:
    text = endless.replace("[source -> pace", "[source -> head -> pace")
    text = text.replace("  gain:", "  head:   {block: head, items: 5}\n  gain:")
    text = text.replace("[source, pace]", "[source, head, pace]").replace('"${rate}"', "0.01")
    for options in ({"processes": False}, {}):
        run, control = beside(text, **options)
        with pytest.raises(ControlError, match="block 'head' has ended") as refused:
            while True:
                control.change({"head.enabled": True, "band.high": 2.0})
        assert "taken over: band from item" in str(refused.value)
        assert control.values()["band.high"] == 2.0
        control.set("pace.rate", 1e6)
        assert run.end()["tags"]["items"] == 5


def test_without_being_asked_python_opens_no_socket(beside: Start, endless: str) -> None:
    flowgraph = Flowgraph.load(endless, ["rate=1e9"], allow_code=True)
    flowgraph.run(processes=False, max_seconds=0.2, on_progress=lambda _: _none_there())


def _none_there() -> None:
    with pytest.raises(ParameterError, match="no flowgraph is running"):
        Control.find()


KEY = "39c3" * 16
"""As long as a key; on the wrong place of a command."""


def test_no_message_shows_a_key(
    beside: Start, endless: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run, control = beside(endless, processes=False)
    for status, *words in (
        (2, f"band.low={KEY}"),
        (2, f"gain.{KEY}=1"),
        (2, f"{KEY}.low=1"),
        (2, KEY),
        (2, "band.low=1", f"band.low={KEY}"),
        (2, "--run", KEY),
        (1, "--run", f"ipc:///tmp/{KEY}", "stop"),
        (2, "--run", f"{KEY}://", "stop"),
        (2, "--wait", KEY),
    ):
        assert ctl(*words) == status, words
        shown = capsys.readouterr()
        assert "39c3" not in shown.out + shown.err
        assert "*" * 64 in shown.err, words
    # What the run itself sends, whoever asks.
    for answer in (messages.Changed({}, {"gain": f"not {KEY}"}), messages.Refused(f"not {KEY}")):
        assert b"39c3" not in messages.encode(answer)
    with pytest.raises(ParameterError, match=r"not '\*{64}'"):
        control.set("band.low", KEY)
    control.stop()
    run.end()


@pytest.mark.parametrize("seconds", [float("nan"), -1.0])
def test_a_time_that_is_none(seconds: float, endless: str) -> None:
    with pytest.raises(ParameterError, match="wait must be at least 0 s"):
        Control.find("none", wait=seconds)
    assert ctl("--wait", str(seconds), "stop") == 2
    with pytest.raises(ParameterError, match="max_seconds must be at least 0 s"):
        Flowgraph.load(endless, allow_code=True).run(max_seconds=seconds)
