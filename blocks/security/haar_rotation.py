"""Rotations of frames that only the holders of a key can undo: one for each frame, Haar measure.

Frame i is multiplied by an orthogonal matrix Q_i that is drawn from a keystream at the frame's
number, so any frame can be rotated and restored without the others. To who has not the key, Q_i x
is a random direction of the length of x, whatever x is.

Q_i is a product of Householder reflections along Gaussian vectors of n, n - 1, ..., 2 dimensions,
and of a diagonal of signs, which makes it uniform on the orthogonal group O(n) (Stewart, "The
efficient generation of random orthogonal matrices with an application to condition estimators",
SIAM J. Numer. Anal. 17, 1980). It is never formed. A few reflections at a time are applied as
I - V' T V, with T found from V V' (Schreiber and Van Loan, "A storage-efficient WY representation
for products of Householder transformations", SIAM J. Sci. Stat. Comput. 10, 1989): that is two
small products per frame instead of a dozen passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from semradio.blocks.errors import ItemTypeError, ParameterError
from semradio.blocks.security.keystream import FrameKeystream

Floats = npt.NDArray[np.float32]

FRAMES = 1 << 64
"""How many frames a session has: their numbers are below this."""

_TOGETHER = 12
"""Reflections that are applied at once, at most."""

_GROUP, _GROUP_VALUES = 128, 1 << 20
"""Frames that are drawn together: so many, or fewer where they are large."""


class HaarRotation:
    """The rotations of one key, session and frame size.

    Args:
        key: 32 secret bytes.
        session: any text; another session gives unrelated rotations.
        size: real values of a frame, at least 2.

    Raises:
        ParameterError: a key of another length, or a size below 2.
    """

    def __init__(self, key: bytes, session: str = "", *, size: int) -> None:
        if size < 2:
            raise ParameterError(f"a frame of {size} value cannot be hidden by rotation: use more")
        self.size = size
        self._pairs = -(-size * (size + 1) // 4)
        self._keystream = FrameKeystream(key, session, f"rotation of {size}", 8 * self._pairs)
        self._group = max(1, min(_GROUP, _GROUP_VALUES // size**2))
        self._blocks = -(-(size - 1) // _TOGETHER)
        self._rows = -(-(size - 1) // self._blocks)
        # Of the Gaussian values in the vectors of a frame: the vector of row j begins at column j.
        row, column = np.triu_indices(size - 1, 0, size)
        self._places = row * size + column
        self._drawn = -1
        self._reflections: _Reflections

    def rotate(self, x: npt.ArrayLike, first_frame: int) -> Floats:
        """Return the rotated frames ``Q_i x_i``, float32[n, size].

        Args:
            x: frames, float32[n, size].
            first_frame: number of the first, from 0 on; the others follow.

        Raises:
            ItemTypeError: frames of another size.
            ParameterError: a frame number that is negative or beyond 64 bits.
        """
        frames = self._checked(x, first_frame)
        out = np.empty_like(frames)
        for part, of_group, (v, y, signs) in self._parts(int(first_frame), len(frames)):
            z = (frames[part] * signs[of_group])[:, :, None]
            for k in reversed(range(self._blocks)):
                z -= v[k, of_group].swapaxes(1, 2) @ (y[k, of_group] @ z)
            out[part] = z[:, :, 0]
        return out

    def restore(self, y: npt.ArrayLike, first_frame: int) -> Floats:
        """Undo :meth:`rotate`: return ``Q_i' y_i``; arguments and errors are the same."""
        frames = self._checked(y, first_frame)
        out = np.empty_like(frames)
        for part, of_group, (v, w, signs) in self._parts(int(first_frame), len(frames)):
            z = frames[part].copy()[:, :, None]
            for k in range(self._blocks):
                z -= w[k, of_group].swapaxes(1, 2) @ (v[k, of_group] @ z)
            np.multiply(z[:, :, 0], signs[of_group], out=out[part])
        return out

    def _checked(self, x: npt.ArrayLike, first_frame: int) -> Floats:
        # Contiguous, for the products take another way through strided vectors, and round
        # differently there.
        frames = np.ascontiguousarray(x, dtype=np.float32)
        if frames.ndim != 2 or frames.shape[1] != self.size:
            raise ItemTypeError(
                f"frames must have shape (n, {self.size}), not {list(frames.shape)}"
            )
        if first_frame < 0 or first_frame + len(frames) > FRAMES:
            raise ParameterError(f"frame numbers go from 0 to {FRAMES - 1}: use another session")
        return frames

    def _parts(self, first: int, count: int) -> Iterator[tuple[slice, slice, _Reflections]]:
        """Cut frames at the borders of groups: places in the chunk, in the group, and the group.

        A group is always drawn whole, so that its values do not depend on who asks for which.
        """
        done = 0
        while done < count:
            group, start = divmod(first + done, self._group)
            size = min(self._group - start, count - done)
            if group != self._drawn:
                self._reflections = self._draw(group)
                self._drawn = group
            yield slice(done, done + size), slice(start, start + size), self._reflections
            done += size

    def _draw(self, group: int) -> _Reflections:
        """Draw the rotations of one group of frames."""
        m, n, rows = self._group, self.size, self._rows
        gaussian = self._gaussian(group * m)
        values = np.zeros((m, self._blocks * rows * n), np.float32)
        values[:, self._places] = gaussian[:, : len(self._places)]
        vectors = values.reshape(m, self._blocks * rows, n)
        corner = np.einsum("mjj->mj", vectors[:, : n - 1, : n - 1])
        signs = np.empty((m, n), np.float32)
        signs[:, : n - 1] = -np.copysign(np.float32(1), corner)
        signs[:, n - 1] = np.copysign(np.float32(1), gaussian[:, len(self._places)])
        # The reflection along x + sign(x_1) |x| e_1 takes x to the first axis.
        norm = np.sqrt(np.einsum("mjk,mjk->mj", vectors[:, : n - 1], vectors[:, : n - 1]))
        corner -= signs[:, : n - 1] * norm
        v = np.ascontiguousarray(vectors.reshape(m, self._blocks, rows, n).transpose(1, 0, 2, 3))
        return _Reflections(v, _triangular(v) @ v, signs)

    def _gaussian(self, first: int) -> Floats:
        """Standard normal values of a group of frames, float32[m, values], by Box-Muller."""
        words = np.frombuffer(self._keystream.frames(first, self._group), "<u4")
        words = words.reshape(self._group, -1)[:, : 2 * self._pairs]
        # 24 bits and a half step keep the first uniform above 0, where log is finite.
        uniform = (words >> np.uint32(8)).astype(np.float32)
        uniform += np.float32(0.5)
        uniform *= np.float32(2.0**-24)
        radius = np.log(uniform[:, : self._pairs])
        radius *= np.float32(-2.0)
        np.sqrt(radius, out=radius)
        angle = uniform[:, self._pairs :] * np.float32(2.0 * np.pi)
        return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


class _Reflections(NamedTuple):
    """The rotations of a group: Q = (I - V'_1 W_1) (I - V'_2 W_2) ... diag(signs), W = T V."""

    v: Floats
    """Reflection vectors, [block, frame, row, size]."""
    w: Floats
    """The same times T, [block, frame, row, size]."""
    signs: Floats
    """1 or -1, [frame, size]."""


def _triangular(v: Floats) -> Floats:
    """Return T with ``I - V' T V = H_1 H_2 ...`` for reflections H_j along the rows of V.

    Args:
        v: vectors, [block, frame, row, size]; a row of zeros stands for no reflection.

    Returns:
        Upper triangular, [block, frame, row, row].
    """
    blocks, m, rows, _ = v.shape
    gram = v @ np.ascontiguousarray(v.swapaxes(2, 3))
    # Frames last: each step then works on long rows.
    gram = np.ascontiguousarray(gram.reshape(-1, rows, rows).transpose(1, 2, 0))
    squares = np.einsum("jjm->jm", gram)
    factors = np.divide(np.float32(2), squares, out=np.zeros_like(squares), where=squares > 0)
    gram *= -factors
    t = np.zeros_like(gram)
    np.einsum("jjm->jm", t)[...] = factors
    for j in range(1, rows):
        np.einsum("ikm,km->im", t[:j, :j], gram[:j, j], out=t[:j, j])
    return np.ascontiguousarray(t.transpose(2, 0, 1)).reshape(blocks, m, rows, rows)
