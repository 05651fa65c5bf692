"""A page that cannot keep up is handed fewer frames, and more again when it can."""

from __future__ import annotations

from semradio.flowgraphs.view.web.rates import RATES, Rates


def test_a_page_is_handed_what_it_takes() -> None:
    rates = Rates()
    now, left_out = 0.0, 0

    def second(share: float) -> float:
        nonlocal now, left_out
        now += 1.01
        left_out += round(100 * share)
        rates.note(100, left_out, now)
        return rates.per_s

    assert rates.per_s == RATES[-1] == 120
    # Some are left out: as often as that it draws still.
    assert [second(0.4) for _ in range(3)] == [120, 120, 120]
    assert [second(0.9) for _ in range(5)] == [60, 30, 15, 8, 8]
    # What it now leaves out less than a few of, it can have more of.
    assert [second(share) for share in (0.3, 0, 0, 0, 0, 0)] == [8, 15, 30, 60, 120, 120]


def test_without_frames_nothing_changes() -> None:
    rates = Rates()
    assert not rates.note(0, 0, 100.0)
    assert rates.note(10, 10, 100.5)
    assert rates.per_s == 60
    assert not rates.note(0, 10, 200.0)
    assert rates.per_s == 60
