"""What a worker is asked before it runs, by who does not know that it was started just now."""

from __future__ import annotations

import io

import pytest

from semradio.blocks.errors import SemradioError
from semradio.flowgraphs.runtime.run import protocol
from semradio.flowgraphs.runtime.run.worker import Pipe


def said(*messages: protocol.ToWorker) -> Pipe:
    """A pipe from a launcher that has said something already."""
    return Pipe(io.BytesIO(b"".join(map(protocol.encode, messages))), io.BytesIO())


def test_questions_wait_until_the_run_begins() -> None:
    early = [protocol.Ask(1), protocol.Ended("bob"), protocol.Set(2, {"air": {"snr_db": 3.0}})]
    pipe = said(*early, protocol.Connect({}), protocol.Where(), protocol.Go())
    assert pipe.receive(protocol.Connect) == protocol.Connect({})
    pipe.receive(protocol.Go)
    assert list(pipe.early) == [*early, protocol.Where()]


def test_what_is_out_of_turn_is_still_refused() -> None:
    with pytest.raises(SemradioError, match="the launcher sent Go out of turn"):
        said(protocol.Go()).receive(protocol.Connect)
