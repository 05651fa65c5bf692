"""Complex arrays as planes of reals."""

from __future__ import annotations

import numpy as np

from semradio.blocks.mimo.planes import from_planes, to_planes

X = (np.arange(48).reshape(4, 2, 6) + 1j * np.arange(100, 148).reshape(4, 2, 6)).astype(
    np.complex64
)


def test_the_planes_are_axis_one_real_first() -> None:
    planes = to_planes(X)
    assert planes.shape == (4, 2, 2, 6)
    assert planes.dtype == np.float32
    assert planes.flags.c_contiguous
    assert planes[3, 0, 1, 5] == 47
    assert planes[3, 1, 1, 5] == 147


def test_there_and_back() -> None:
    for x in (X, X[::2], X[:, 1], X[:, 0, 0], X[:0]):
        back = from_planes(to_planes(x))
        assert back.dtype == np.complex64
        assert back.flags.c_contiguous
        np.testing.assert_array_equal(back, x)
