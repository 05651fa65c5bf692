"""Three programs that share nothing but samples: either radio starts first, any may die and come
back."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import Command

from semradio.flowgraphs.control import Control

pytestmark = pytest.mark.slow

FRAMES = 10_000

SAMPLES = 40 * 14_160
"""Of all bursts."""

SOON, LATE = "quiet=8", "quiet=60"
"""How long a program waits for its peer: no longer than needed, or until another has started."""

PATIENCE_S = 120


class Program:
    """One of the three, running."""

    def __init__(
        self, name: str, folder: Path, number: int, *overrides: str, rate: int = 80_000
    ) -> None:
        self.name = name
        self._told = folder / f"{name}_{number}.err"
        at = [f"sent_at=ipc://{folder}/sent", f"received_at=ipc://{folder}/received"]
        # Again and again: the pictures at hand may be fewer.
        again = ["source.repeat=true", "truth.repeat=true"]
        given = [f"frames={FRAMES}", f"rate={rate}", *again, *at, *overrides]
        with self._told.open("w") as told:
            words = ("run", "virtual_radio", "--only", name, "--json", "-", *given)
            self.process = Command(*words, error=told)

    def reaches(self, items: int) -> None:
        """Wait until it has handled so many samples."""
        until = time.monotonic() + PATIENCE_S
        while True:
            found = re.findall(rf"{self.name} (\d+)", self._told.read_text())
            if found and int(found[-1]) >= items:
                return
            assert self.process.poll() is None, self._told.read_text()
            assert time.monotonic() < until, f"{self.name} does not get on"
            time.sleep(0.05)

    def hurry(self) -> None:
        """Have the transmitter send the rest as fast as it is heard."""
        Control.find(self.process.pid, wait=60).set("clock.rate", 1e6)

    def results(self) -> Any:
        """Wait for its end, a good one, and return what it found out."""
        out, _ = self.process.communicate(timeout=PATIENCE_S)
        assert self.process.returncode == 0, self._told.read_text()
        return json.loads(out)["results"]

    def kill(self) -> None:
        """Take it away without a word."""
        self.process.kill()
        self.process.communicate()


class Radios:
    """Starts programs of one virtual radio."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[Program] = []

    def start(self, name: str, *overrides: str, rate: int = 80_000) -> Program:
        program = Program(name, self.folder, len(self.started), *overrides, rate=rate)
        self.started.append(program)
        return program


@pytest.fixture
def radios(tmp_path: Path) -> Iterator[Radios]:
    made = Radios(tmp_path)
    yield made
    for program in made.started:
        if program.process.poll() is None:
            program.kill()


@pytest.mark.parametrize(
    "order",
    [("transmitter", "channel", "receiver"), ("receiver", "channel", "transmitter")],
    ids=["transmitter first", "receiver first"],
)
def test_any_may_start_first(radios: Radios, order: tuple[str, ...]) -> None:
    programs = {name: radios.start(name, SOON) for name in order[:1]}
    time.sleep(2)
    programs |= {name: radios.start(name, SOON) for name in order[1:]}
    found = programs["receiver"].results()
    assert (found["receive"]["frames"], found["receive"]["lost"]) == (FRAMES, 0)
    assert found["quality"]["images"] == FRAMES
    assert found["quality"]["psnr_db"] > 16.5
    sent = programs["transmitter"].results()
    assert sent["antenna"]["unsent"] == 0
    assert programs["channel"].results()["inlet"]["items"] == sent["antenna"]["items"]


@pytest.fixture
def going(radios: Radios) -> dict[str, Program]:
    """The three, a good part of the way into it."""
    # Slow enough to be stopped half way, on a machine that is busy too.
    names = ("transmitter", "channel", "receiver")
    programs = {name: radios.start(name, LATE, rate=20_000) for name in names}
    programs["receiver"].reaches(SAMPLES // 8)
    return programs


def test_a_receiver_that_comes_back_counts_what_it_missed(
    radios: Radios, going: dict[str, Program]
) -> None:
    going["receiver"].kill()
    again = radios.start("receiver", LATE)
    again.reaches(1)
    going["transmitter"].hurry()
    found = again.results()
    assert found["receive"]["frames"] + found["receive"]["lost"] == FRAMES
    assert 256 < found["receive"]["lost"] < FRAMES * 9 // 10
    # What came is compared with what was sent there.
    assert found["quality"]["images"] == found["receive"]["frames"]
    assert found["quality"]["missing"] == found["receive"]["lost"]
    assert found["quality"]["psnr_db"] > 16.5


def test_a_channel_that_comes_back_leaves_a_gap(radios: Radios, going: dict[str, Program]) -> None:
    going["channel"].kill()
    radios.start("channel", LATE).reaches(1)
    going["transmitter"].hurry()
    found = going["receiver"].results()
    assert found["radio"]["breaks"] == 1
    assert found["receive"]["frames"] + found["receive"]["lost"] == FRAMES
    assert 0 < found["receive"]["lost"] < FRAMES * 3 // 4
    assert found["quality"]["missing"] == found["receive"]["lost"]
    assert found["quality"]["psnr_db"] > 16.5


def test_a_transmitter_that_comes_back_is_noticed(
    radios: Radios, going: dict[str, Program]
) -> None:
    """It begins anew, with its first frame; the link goes on to its last."""
    going["transmitter"].kill()
    radios.start("transmitter", LATE, rate=1_000_000)
    found = going["receiver"].results()
    assert found["receive"]["restarts"] == 1
    assert found["receive"]["frames"] > FRAMES
