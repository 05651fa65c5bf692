"""The account of frames: received, lost, filled in, and their numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semradio.blocks.api import Array
from semradio.blocks.phy import Burst, Waveform
from semradio.blocks.phy.burst_order import BurstOrder, Lost, Piece

WAVE = Waveform(frames=4, item="float32[2]")


def burst(counter: int, frames: int = 4, **values: Any) -> Burst:
    """A burst whose frames are the numbers of the frames."""
    numbers = counter * 4 + np.arange(frames, dtype=np.float32)
    plain = Burst(
        frames=np.stack([numbers, -numbers], axis=1),
        header_ok=True,
        counter=counter % 65_536,
        last=False,
        code=WAVE.code,
        snr_db=10.0,
        cfo=0.01,
        delay=1000.0 * counter,
        clock_ppm=3.0,
        metric=0.9,
        filtered=False,
        cleaned=False,
        doubtful=False,
    )
    return replace(plain, **values)


def taken(order: BurstOrder, *bursts: Burst) -> list[Piece]:
    return [piece for one in bursts for piece in order.take(one)]


def numbers(pieces: list[Piece]) -> list[float]:
    """The first values of all frames."""
    return [float(x) for piece in pieces for x in piece.frames[:, 0]]


def stated(pieces: list[Piece], *keys: str) -> list[dict[str, Any]]:
    return [{k: piece.tags[k] for k in keys if k in piece.tags} for piece in pieces]


KEYS = ("frame", "gap", "filled")


def test_skipped() -> None:
    order = BurstOrder(WAVE)
    pieces = taken(order, burst(0), burst(3), burst(4))
    assert numbers(pieces) == [0, 1, 2, 3, *range(12, 20)]
    assert stated(pieces, *KEYS) == [{"frame": 0}, {"frame": 12, "gap": 8}, {"frame": 16}]
    assert (order.lost, order.frames, order.position, order.ended) == (8, 12, 20, False)


def test_zeros() -> None:
    order = BurstOrder(WAVE, "zeros")
    pieces = taken(order, burst(1), burst(3))
    assert numbers(pieces) == [0] * 4 + [4, 5, 6, 7] + [0] * 4 + [12, 13, 14, 15]
    assert stated(pieces, *KEYS) == [
        {"frame": 0, "filled": 4},
        {"frame": 4},
        {"frame": 8, "filled": 4},
        {"frame": 12},
    ]
    assert (order.lost, order.frames) == (8, 8)


def test_repeated() -> None:
    order = BurstOrder(WAVE, "repeat")
    pieces = taken(order, burst(1), burst(3))
    assert numbers(pieces) == [0] * 4 + [4, 5, 6, 7] + [7] * 4 + [12, 13, 14, 15]


def test_a_last_burst_ends_the_stream() -> None:
    order = BurstOrder(WAVE)
    pieces = taken(order, burst(0), burst(1, 3, last=True), burst(2))
    assert numbers(pieces) == [0, 1, 2, 3, 4, 5, 6]
    assert order.ended and order.bursts == 2 and not list(order.remarks(0))


@pytest.mark.parametrize(("lost", "filled"), [("skip", 0), ("zeros", 5)])
def test_the_total_shows_what_is_lost_at_the_end(lost: Lost, filled: int) -> None:
    order = BurstOrder(WAVE, lost, total=9)
    assert len(numbers(taken(order, burst(0)))) == 4
    assert len(numbers(list(order.finish()))) == filled
    assert order.lost == 5 and order.ended


def test_no_more_than_the_total() -> None:
    order = BurstOrder(WAVE, total=6)
    assert numbers(taken(order, burst(0), burst(1), burst(2))) == [0, 1, 2, 3, 4, 5]
    assert order.ended and order.lost == 0


def test_a_receiver_that_comes_late() -> None:
    order = BurstOrder(WAVE, "zeros", from_start=False)
    pieces = taken(order, burst(1000), burst(1002))
    assert stated(pieces, *KEYS) == [
        {"frame": 4000},
        {"frame": 4004, "filled": 4},
        {"frame": 4008},
    ]
    assert order.lost == 4


def test_the_counter_wraps() -> None:
    order = BurstOrder(WAVE, from_start=False)
    pieces = taken(order, burst(65_534), burst(65_535), burst(65_536), burst(65_539))
    assert [piece.tags["frame"] // 4 for piece in pieces] == [65_534, 65_535, 65_536, 65_539]
    assert [piece.tags["counter"] for piece in pieces] == [65_534, 65_535, 0, 3]
    assert (order.lost, order.restarts) == (8, 0)


def test_a_sender_that_begins_anew() -> None:
    order = BurstOrder(WAVE)
    pieces = taken(order, burst(5), burst(6), burst(0), burst(2))
    assert stated(pieces, *KEYS) == [
        {"frame": 20, "gap": 20},
        {"frame": 24},
        {"frame": 0, "gap": None},
        {"frame": 8, "gap": 4},
    ]
    assert order.restarts == 1
    assert "the burst counter went back 1 times" in next(order.remarks(0))


def test_an_echo_is_left_out_but_a_repetition_is_not() -> None:
    order = BurstOrder(WAVE)
    assert len(taken(order, burst(0), burst(0, overlaps=True), burst(1))) == 2
    assert (order.echoes, order.restarts) == (1, 0)
    assert len(taken(order, burst(1))) == 1 and order.restarts == 1


def test_bursts_that_bring_nothing_are_lost() -> None:
    order = BurstOrder(WAVE)
    refused = burst(1, header_ok=False, code=5)
    pieces = taken(order, burst(0), refused, burst(2, complete=False), burst(3))
    assert stated(pieces, *KEYS) == [{"frame": 0}, {"frame": 12, "gap": 8}]
    assert (order.refused, order.cut, order.lost, order.received) == (1, 1, 8, 2)
    assert order.bursts == 4


def test_a_last_burst_that_is_cut_ends_the_stream_too() -> None:
    order = BurstOrder(WAVE, "zeros")
    pieces = taken(order, burst(0), burst(1, 2, complete=False, last=True))
    assert numbers(pieces) == [0, 1, 2, 3, 0, 0]
    assert order.ended and order.lost == 2


def test_a_long_gap_is_not_filled() -> None:
    order = BurstOrder(WAVE, "zeros", longest_gap=8)
    pieces = taken(order, burst(2), burst(30_000))
    assert stated(pieces, *KEYS) == [
        {"frame": 0, "filled": 8},
        {"frame": 8},
        {"frame": 120_000, "gap": 120_000 - 12},
    ]
    assert any("were not filled in" in remark for remark in order.remarks(0))


@given(
    st.lists(st.booleans(), min_size=1, max_size=30),
    st.integers(1, 4),
    st.sampled_from(["skip", "zeros", "repeat"]),
    st.booleans(),
)
def test_received_and_lost_are_all(came: list[bool], final: int, lost: Lost, told: bool) -> None:
    """Whatever is lost, frames and their numbers stay together; with a total, none is missing."""
    sent = 4 * (len(came) - 1) + final
    order = BurstOrder(WAVE, lost, total=sent if told else None)
    pieces: list[Piece] = []
    for k, there in enumerate(came):
        last = k == len(came) - 1
        if there:
            pieces += order.take(burst(k, final if last else 4, last=last))
    pieces += order.finish()
    known = sent if told or came[-1] else order.position
    assert order.frames + order.lost == known
    given = sum(len(piece.frames) for piece in pieces)
    assert given == (order.frames if lost == "skip" else known)
    at = 0
    for piece in pieces:
        if lost != "skip":
            assert piece.tags["frame"] == at
        if "filled" not in piece.tags:
            wanted: Array = piece.tags["frame"] + np.arange(len(piece.frames))
            np.testing.assert_array_equal(piece.frames[:, 0], wanted)
        at += len(piece.frames)
    gaps = sum(piece.tags.get("gap", piece.tags.get("filled", 0)) for piece in pieces)
    assert gaps == order.lost or lost == "skip"
