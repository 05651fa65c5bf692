"""Channel states recorded in a file: measured, or computed elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from semradio.blocks.stored_file import StoredFile

States = npt.NDArray[np.complex64]

_PIECE = 1 << 18
"""Values looked at in one go."""


class StateFile:
    """The channel states of a ``.npy`` file, mapped read-only: (n, K, K, Nr, Nt) complex numbers.

    Args:
        file: path of the file; '~' is the home directory.

    Raises:
        ParameterError: there is no such file, it is no .npy file, or it holds other numbers, no
            states, or another shape.
    """

    def __init__(self, file: str) -> None:
        path = Path(file).expanduser()
        self._stored = StoredFile(path)
        self._stored.check()
        try:
            self._states = npy.open_memmap(path, mode="r")
        except Exception as error:
            # The header is text that NumPy parses: what is damaged fails in many ways.
            raise self._stored.wrong(f"is not a .npy file that can be read: {error}") from None
        shape, dtype = self._states.shape, self._states.dtype
        if dtype.kind != "c":
            raise self._stored.wrong(f"must hold complex numbers, not {dtype}")
        if len(shape) != 5 or shape[1] != shape[2] or 0 in shape[1:]:
            raise self._stored.wrong(
                "must hold channel states of shape (n, users, users, receive antennas, transmit "
                f"antennas), not {shape}"
            )
        if not len(self._states):
            raise self._stored.wrong(f"holds no channel state: its shape is {shape}")

    def __len__(self) -> int:
        return len(self._states)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one state: (K, K, Nr, Nt)."""
        return self._states.shape[1:]

    def check_finite(self) -> None:
        """Raise ParameterError naming the first state with NaN or infinity, if any."""
        step = max(1, _PIECE // self._states[0].size)
        for start in range(0, len(self), step):
            piece = self[start : start + step]
            bad = ~np.isfinite(piece).reshape(len(piece), -1).all(axis=1)
            if bad.any():
                raise self._stored.wrong(
                    "holds NaN or infinity, first in channel state "
                    f"{start + int(bad.argmax())} of {len(self)}"
                )

    def __getitem__(self, key: slice | npt.NDArray[np.int64]) -> States:
        """Return states as complex64[n, K, K, Nr, Nt], in C order."""
        with np.errstate(over="ignore"):
            return np.array(self._states[key], np.complex64, order="C")
