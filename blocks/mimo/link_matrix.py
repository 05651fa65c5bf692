"""The channel of all users as one matrix per frame."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

States = npt.NDArray[np.complex64]


def stacked(h: States) -> States:
    """Return H as block matrices: complex64[n, K, K, Nr, Nt] gives complex64[n, K Nr, K Nt].

    Row k Nr + r is receive antenna r of user k, column j Nt + t transmit antenna t of user j.
    """
    n, users, _, rx, tx = h.shape
    return h.transpose(0, 1, 3, 2, 4).reshape(n, users * rx, users * tx)


def unstacked(matrix: States, users: int) -> States:
    """Return what :func:`stacked` was made of, in C order: complex64[n, K, K, Nr, Nt]."""
    n, rows, columns = matrix.shape
    blocks = matrix.reshape(n, users, rows // users, users, columns // users)
    return np.ascontiguousarray(blocks.transpose(0, 1, 3, 2, 4))
