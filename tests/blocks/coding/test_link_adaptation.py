"""Choice of the mode by the SNR, against a second spelling, and a link that adapts."""

from __future__ import annotations

import numpy as np
import pytest

from semradio.blocks.api import BlockError, ParameterError, find

THRESHOLDS = [2.0, 6.0, 11.0]


def spelt_out(snr_db: np.ndarray, hysteresis: float, hold: int) -> list[int]:
    """Return the modes, looking back at all of the past at each item."""
    modes: list[int] = []
    for k, snr in enumerate(snr_db):
        mode = modes[-1] if modes else 0
        while mode and snr < THRESHOLDS[mode - 1]:
            mode -= 1
        for higher in range(mode + 1, len(THRESHOLDS) + 1):
            past = snr_db[max(0, k - hold + 1) : k + 1]
            if len(past) == hold and (past >= THRESHOLDS[higher - 1] + hysteresis).all():
                mode = higher
        modes.append(mode)
    return modes


@pytest.mark.parametrize(("hysteresis", "hold"), [(0.0, 1), (1.5, 1), (1.0, 4)])
def test_modes_are_those_of_the_rule(hysteresis: float, hold: int) -> None:
    source = np.random.default_rng(8)
    steps = source.standard_normal(3000) * 1.3
    snr_db = (7 + 6 * np.sin(np.arange(3000) / 90) + steps).astype(np.float32)
    choose = find("link_adaptation")(thresholds=THRESHOLDS, hysteresis=hysteresis, hold=hold)
    modes = choose(snr_db)
    assert modes.tolist() == spelt_out(snr_db, hysteresis, hold)
    results = choose.results()
    assert results["items"] == np.bincount(modes, minlength=4).tolist()
    assert results["changes"] == int((np.diff(modes) != 0).sum())
    # No mode is used below what it needs.
    needed = np.array([-np.inf, *THRESHOLDS])
    assert (snr_db >= needed[modes]).all()


def test_hysteresis_stops_the_flutter() -> None:
    snr_db = (6 + 0.4 * np.random.default_rng(1).standard_normal(500)).astype(np.float32)
    changes = [
        find("link_adaptation")(thresholds=THRESHOLDS, hysteresis=h) for h in (0.0, 0.5, 2.0)
    ]
    for choose in changes:
        choose(snr_db)
    fluttering, less, none = (choose.results()["changes"] for choose in changes)
    assert fluttering > 100 > less
    assert none <= 1


def test_a_link_that_adapts_loses_nothing_and_carries_more_when_it_can() -> None:
    """Two modes of equal length in symbols over noise that comes and goes."""
    source = np.random.default_rng(2)
    snr_db = np.where(np.arange(60) // 10 % 2, 15.0, 3.0).astype(np.float32)
    choose = find("link_adaptation")(thresholds=[12.0])
    modes = choose(snr_db)
    orders, sizes, symbols = (4, 64), (30, 90), 240
    messages = [source.integers(0, 256, (60, size), np.uint8) for size in sizes]
    sent = [
        find("qam_mapper")(order=order)(
            find("ldpc_encoder")(coded_bits=symbols * (order.bit_length() - 1), order=order)(
                message
            )
        )
        for order, message in zip(orders, messages, strict=True)
    ]
    x = find("mode_selector")()(modes, *sent)
    noise = source.standard_normal((60, symbols, 2)) @ np.array([1, 1j]) / np.sqrt(2)
    y = (x + noise * 10 ** (-snr_db[:, None] / 20)).astype(np.complex64)
    right = []
    for order, message, believed_db in zip(orders, messages, (3.0, 15.0), strict=True):
        ratios = find("qam_demapper")(order=order, snr_db=believed_db)(y)
        found = find("ldpc_decoder")(message_size=message.shape[1], order=order)(ratios)
        right.append((found == message).all(axis=1))
    chosen = np.where(modes == 1, right[1], right[0])
    assert chosen.all()
    # The larger packets get through where they were chosen, and would not have otherwise.
    assert 0 < choose.results()["items"][1] < 60


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ParameterError, match="must rise"):
        find("link_adaptation")(thresholds=[5, 5])
    with pytest.raises(BlockError, match="'mode' is 2 at item 1; there are streams from 0 to 1"):
        find("mode_selector")()(np.int32([0, 2]), np.zeros(2), np.zeros(2))
