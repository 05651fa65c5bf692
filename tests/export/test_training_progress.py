"""What a person sees of a training run: bars on a terminal, lines elsewhere, or nothing."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from semradio.export import progress
from semradio.export.progress import Event, shown

EVENTS = [
    Event("base", 0, 30),
    Event("base", 3, 30, {"loss": 0.0412}),
    Event("eve", 5, 20, {"loss": 0.5, "accuracy": 0.9}, finished=True),
]


def test_elsewhere_than_on_a_terminal_each_epoch_is_a_line_of_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with shown() as report:
        for event in EVENTS:
            report(event)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "base 3/30 loss=0.0412\neve 5/20 loss=0.5 accuracy=0.9\n"


def test_quiet_shows_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with shown(quiet=True) as report:
        for event in EVENTS:
            report(event)
    assert capfd.readouterr() == ("", "")


def test_a_terminal_has_a_bar_for_each_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()

    def terminal(stderr: bool) -> Console:
        assert stderr
        return Console(file=screen, force_terminal=True, width=120)

    monkeypatch.setattr(progress, "Console", terminal)
    with shown() as report:
        for event in EVENTS:
            report(event)
    lines = screen.getvalue().splitlines()
    assert any("base" in line and "3/30" in line and "loss 0.0412" in line for line in lines)
    # Stopped early: complete after five of the twenty epochs that were planned.
    assert any("eve" in line and "5/5" in line and "accuracy 0.9" in line for line in lines)
