"""The linear receive filter of least mean square error."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from semradio.blocks.arithmetic.ordered_sums import total
from semradio.blocks.arithmetic.power import square

LEAST_NOISE = 1e-7
"""Noise over power below which a linear design counts it as this (70 dB): channel states and
filters are complex64, which resolve no more."""


def lmmse_filter(
    h: npt.NDArray[np.complex64],
    noise_variance: float,
    user: int,
    power: float = 1.0,
    csi_error: float = 0.0,
) -> npt.NDArray[np.complex64]:
    """Return W = P H_kk^H (sum_j P H_kj H_kj^H + (sigma^2 + K Nt P e) I)^-1 of user k.

    W Y_k estimates the symbols X_k with least mean square error when those of all antennas and
    users are white, of power P. Interference counts with its direction; the error of the channel
    estimate, independent in its entries, counts as more white noise.

    Args:
        h: channel states, complex64[n, K, K, Nr, Nt], indices (receiver, transmitter, antennas).
        noise_variance: sigma^2 of the complex noise per receive antenna and slot; below
            1e-7 P it counts as that.
        user: k, counted from 0.
        power: P, mean power per transmit antenna and slot.
        csi_error: e, variance of the estimation error of an entry of H.

    Returns:
        complex64[n, Nt, Nr]; that of a frame depends on its own H alone.

    Source: Kay, "Fundamentals of Statistical Signal Processing: Estimation Theory", 12.6.
    """
    _, users, _, rx, tx = h.shape
    noise = max(noise_variance, LEAST_NOISE * power) / power + users * tx * csi_error
    # Receive antenna, sending user, its antenna; frames last, so that sums run along them.
    row = np.ascontiguousarray(h[:, user].transpose(2, 1, 3, 0), np.complex128)
    streams = row.reshape(rx, users * tx, len(h))
    own = row[:, user].conj()
    if rx == 1:
        w = own / (total(square(streams[0])) + noise)
    elif rx == 2:
        first, second = total(square(streams[0])), total(square(streams[1]))
        cross = total(streams[0] * streams[1].conj())
        # The determinant without the noise is not negative but for rounding.
        plain = np.maximum(first * second - square(cross), 0.0)
        scale = 1 / (plain + noise * (first + second + noise))
        cross *= scale
        w = np.empty_like(own)
        w[0] = own[0] * ((second + noise) * scale) - own[1] * cross.conj()
        w[1] = own[1] * ((first + noise) * scale) - own[0] * cross
    else:
        streams = np.ascontiguousarray(streams.transpose(2, 0, 1))
        covariance = streams @ streams.conj().swapaxes(1, 2) + noise * np.eye(rx)
        # The covariance is Hermitian, so W^H = R^-1 H_kk needs no inverse.
        solved = np.linalg.solve(covariance, row[:, user].transpose(2, 0, 1))
        w = solved.conj().transpose(1, 2, 0)
    return np.ascontiguousarray(w.transpose(2, 1, 0), np.complex64)
