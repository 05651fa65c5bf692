"""Who stands between a run and its pages: what it makes of the end of a run, however that comes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from semradio.flowgraphs.control.client import Control, ControlError

pytest.importorskip("uvicorn", reason="the extra [view] is not installed")

from semradio.flowgraphs.view.web import hub as hubs
from semradio.flowgraphs.view.web.hub import Hub


class EndedFeed:
    """A run that has ended before anything could be asked, and does something meanwhile."""

    meanwhile: Callable[[], None]

    def __init__(self, control: Control) -> None:
        pass

    def __enter__(self) -> EndedFeed:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def running(self) -> Any:
        raise ControlError("the run has ended")

    def why(self) -> str:
        EndedFeed.meanwhile()
        return ""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A hub whose run is over."""
    monkeypatch.setattr(hubs, "Feed", EndedFeed)
    return Hub(lambda: Control("ipc:///tmp/nobody"), follow=False)


def why(hub: Hub, wanted: str) -> str:
    """Return why the run has ended, once that is told as it should be."""
    deadline = time.monotonic() + 120
    while hub.known.run.get("why") != wanted and time.monotonic() < deadline:
        time.sleep(0.01)
    return str(hub.known.run.get("why"))


def test_a_reason_that_comes_while_the_run_is_listened_to_is_not_lost(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "it ran to its end"
    monkeypatch.setattr(EndedFeed, "meanwhile", lambda: hub.told(said), raising=False)
    hub.start()
    assert why(hub, said) == said
    assert hub.ended.wait(120)
    hub.close()


def test_a_reason_that_comes_late_is_told_of_its_own_run_only(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EndedFeed, "meanwhile", lambda: hub.told("first", 0), raising=False)
    hub.start()
    assert hub.ended.wait(120)
    hub.told("of a run that has not begun", 1)
    assert hub.known.run["why"] == "first"
    hub.told("first, in more words")
    assert why(hub, "first, in more words") == "first, in more words"
    hub.close()


def test_who_took_the_others_along_is_who_is_named(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EndedFeed, "meanwhile", lambda: None, raising=False)
    hub._alive.pids = {"sender": 1, "air": 2}
    hub._gone = "sender"
    said = "process 'air' (pid 2) died: killed by signal 9 (SIGKILL)"
    hub.told(said)
    hub.start()
    assert why(hub, said) == said
    assert hub.known.run["gone"] == "air"
    hub.close()
