"""The channel of all users as one matrix."""

from __future__ import annotations

import numpy as np

from semradio.blocks.mimo.link_matrix import stacked, unstacked


def test_rows_are_receive_antennas_and_columns_transmit_antennas() -> None:
    h = np.arange(5 * 3 * 3 * 2 * 4).reshape(5, 3, 3, 2, 4).astype(np.complex64)
    matrix = stacked(h)
    assert matrix.shape == (5, 6, 12)
    for i, k, j, r, t in np.ndindex(*h.shape):
        assert matrix[i, 2 * k + r, 4 * j + t] == h[i, k, j, r, t]
    back = unstacked(matrix, 3)
    np.testing.assert_array_equal(back, h)
    assert back.flags.c_contiguous
