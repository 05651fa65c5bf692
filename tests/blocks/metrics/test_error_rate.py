"""Bit and item errors against counting them one by one, and against theory."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erfc

from semradio.blocks.coding.qam_demapper import QamDemapper
from semradio.blocks.coding.qam_mapper import QamMapper
from semradio.blocks.metrics.error_rate import ErrorRate
from semradio.flowgraphs import Flowgraph, FlowgraphError

rng = np.random.default_rng(3)


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_counts(bits: int) -> None:
    received, sent = rng.integers(0, 256, (2, 5000, 7), dtype=np.uint8)
    received[::2] = sent[::2]
    found = ErrorRate(bits=bits)(received, sent)
    wrong = [
        sum(bin((a ^ b) & ((1 << bits) - 1)).count("1") for a, b in zip(x, y, strict=True))
        for x, y in zip(received.tolist(), sent.tolist(), strict=True)
    ]
    assert found == {
        "items": 5000,
        "item_errors": sum(w > 0 for w in wrong),
        "bler": sum(w > 0 for w in wrong) / 5000,
        "bits": 5000 * 7 * bits,
        "bit_errors": sum(wrong),
        "ber": sum(wrong) / (5000 * 7 * bits),
    }


def test_booleans_are_one_bit_each() -> None:
    found = ErrorRate()(np.array([True, False, True]), np.array([True, True, False]))
    assert (found["bits"], found["bit_errors"], found["bler"]) == (3, 2, 2 / 3)


def test_nothing_has_no_rate() -> None:
    found = ErrorRate()(np.zeros((0, 4), np.uint8), np.zeros((0, 4), np.uint8))
    assert (found["items"], found["ber"], found["bler"]) == (0, None, None)


def test_4_qam_in_noise_is_as_theory_has_it() -> None:
    """Proakis, Digital Communications, 4th ed., eq. (5.2-57) with Gray labels: Q(sqrt(Es/N0))."""
    sent = rng.integers(0, 2, (2000, 100), dtype=np.uint8)
    symbols = QamMapper(order=4)(sent)
    scale = np.sqrt(10**-0.5 / 2)
    noise = rng.standard_normal(symbols.shape) + 1j * rng.standard_normal(symbols.shape)
    ratios = QamDemapper(order=4, snr_db=5.0)((symbols + scale * noise).astype(np.complex64))
    found = ErrorRate(bits=1)((ratios < 0).astype(np.uint8), sent)
    due = 0.5 * erfc(np.sqrt(10**0.5) / np.sqrt(2))
    # Of 200,000 bits 7,500 are wrong: four standard deviations are 4.5 percent.
    assert found["ber"] == pytest.approx(due, rel=0.046)


def test_inputs_of_two_shapes_are_refused() -> None:
    with pytest.raises(FlowgraphError, match="uint8"):
        Flowgraph.load(
            """
flowgraph: wrong
blocks:
  one: {block: null_source, type: "uint8[4]", items: 5}
  two: {block: null_source, type: uint8, items: 5}
  errors: {block: error_rate}
connections: [one -> errors.received, two -> errors.sent]
"""
        ).check()
