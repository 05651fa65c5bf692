"""Interference alignment: precoders and receive filters that serve the worst user best."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from semradio.blocks.arithmetic.ordered_sums import total
from semradio.blocks.arithmetic.power import square
from semradio.blocks.mimo.lmmse import LEAST_NOISE

Complex = npt.NDArray[np.complex128]
Real = npt.NDArray[np.float64]

_TINY = 1e-100
"""Keeps quotients of zeros, from links that are zero, from being undefined."""

_ETA = 2.0
"""First exponent of the weight update; it falls with 1 / sqrt of the number of updates."""

_LEAST_MSE = 1e-12
"""Errors below this are rounding, and would have no power of their own."""

_MOMENTUM = 0.6
"""How far a precoder goes on in the direction of its last step; saves two thirds of the steps."""

_FRAMES = 256
"""Frames designed at once: their arrays fit into the second cache."""


def feasible(streams: int, users: int, rx: int, tx: int) -> bool:
    """Say whether ``streams`` streams for each user can be aligned: d (K + 1) <= Nt + Nr.

    Source: Yetis, Gou, Jafar & Kayran, "On feasibility of interference alignment in MIMO
    interference networks", 2010 (proper systems).
    """
    return streams * (users + 1) <= tx + rx


def minmax_mse(
    h: npt.NDArray[np.complex64],
    noise_variance: float,
    streams: int,
    power: float = 1.0,
    iterations: int = 60,
) -> tuple[Complex, Complex, Real]:
    """Design precoders and receive filters that lower the largest mean square error of a user.

    The streams are white and of power 1, and tr(V_k V_k^H) <= P Nt. By turns come the best receive
    filters for the precoders and the precoders with the least weighted sum of errors for the
    filters; each user's weight grows with its error, ever more slowly. Of all iterates the one with
    the lowest worst error is returned, with the filters that are best for it. A design is a
    function of its own H alone, whatever stands beside it.

    Args:
        h: channel states, complex64[n, K, K, Nr, Nt], indices (receiver, transmitter, antennas).
        noise_variance: sigma^2 of the complex noise per receive antenna and slot; below
            1e-7 P it counts as that.
        streams: d, streams of each user.
        power: P, mean power per transmit antenna and slot.
        iterations: how often filters and precoders are found.

    Returns:
        Precoders V, complex128[n, K, Nt, d]; filters U^H, complex128[n, K, d, Nr], whose outputs
        U_k^H Y_k estimate the streams; errors, float64[n, K], mean over the streams of a user.

    Source: Shi, Schubert & Boche, "Rate optimization for multiuser MIMO systems with linear
    processing", 2008 (sum of errors by turns); arXiv 2406.16878, eq. (10) (the system).
    """
    n, users, _, rx, tx = h.shape
    noise = max(noise_variance, LEAST_NOISE * power)
    precoders = np.empty((n, users, tx, streams), np.complex128)
    filters = np.empty((n, users, streams, rx), np.complex128)
    errors = np.empty((n, users))
    for first in range(0, n, _FRAMES):
        part = slice(first, min(first + _FRAMES, n))
        # Frames last, and two at least: then the innermost loop of every operation runs over
        # frames, and rounds the same for any number of them.
        few = np.repeat(h[part], 2, axis=0) if part.stop - first == 1 else h[part]
        links = np.ascontiguousarray(few.transpose(3, 4, 1, 2, 0), np.complex128)
        v, u, mse = _design(links, noise, streams, power * tx, iterations)
        count = part.stop - first
        precoders[part] = v.transpose(3, 2, 0, 1)[:count]
        filters[part] = u.conj().transpose(3, 2, 1, 0)[:count]
        errors[part] = mse.T[:count]
    return precoders, filters, errors


def _design(
    h: Complex, noise: float, streams: int, power: float, iterations: int
) -> tuple[Complex, Complex, Real]:
    """Design for h[Nr, Nt, receiver, transmitter, n].

    Returns V[Nt, d, K, n], U[Nr, d, K, n] and the errors[K, n].
    """
    rx, _, users, _, n = h.shape
    back = np.ascontiguousarray(h.conj().transpose(1, 0, 3, 2, 4))
    own = np.arange(users)
    weights = np.ones((users, n))
    v = found = _strongest(h[:, :, own, own], streams) * math.sqrt(power / streams)
    best_v, best_u = np.zeros_like(v), np.zeros((rx, streams, users, n), np.complex128)
    best, lowest = np.ones((users, n)), np.full(n, np.inf)
    for iteration in range(iterations):
        heard = _product(h, v[:, :, None])
        wanted = heard[:, :, own, own]
        u = _solve(_gram(heard), noise, wanted)
        own_gain = total(total(wanted.real * u.real + wanted.imag * u.imag)) / streams
        mse = np.maximum(1 - own_gain, _LEAST_MSE)
        worst = mse.max(axis=0)
        better = worst < lowest
        np.copyto(lowest, worst, where=better)
        np.copyto(best, mse, where=better)
        np.copyto(best_v, v, where=better)
        np.copyto(best_u, u, where=better)
        weights *= (mse * (users / total(mse))) ** (_ETA / math.sqrt(iteration + 1))
        weights *= users / total(weights)
        caused = _product(back, u[:, :, None])
        wanted = caused[:, :, own, own] * weights
        caused *= np.sqrt(weights)
        gram = _gram(caused)
        before, found = found, _solve(gram, _multiplier(gram, wanted, power), wanted)
        v = found + _MOMENTUM * (found - before)
        energy = total(total(square(v)))
        # Each within its power; then all louder alike, which only drowns noise, until one has all.
        scale = power / np.maximum(energy, power)
        most = (energy * scale).max(axis=0)
        v *= np.sqrt(scale * (power / (most + _TINY)))
    return best_v, best_u, best


def _strongest(h: Complex, streams: int) -> Complex:
    """Return the strongest right singular vectors: h[Nr, Nt, k, n] gives [Nt, d, k, n]."""
    right = np.linalg.svd(h.transpose(2, 3, 0, 1))[2][:, :, :streams]
    return np.ascontiguousarray(right.conj().transpose(3, 2, 0, 1))


def _product(a: Complex, b: Complex) -> Complex:
    """Matrix product over the first two axes: a[p, q, ...] b[q, s, ...] gives [p, s, ...]."""
    y: Complex = a[:, 0, None] * b[None, 0]
    for q in range(1, len(b)):
        y += a[:, q, None] * b[None, q]
    return y


def _gram(g: Complex) -> Complex:
    """Sum over senders j of G_kj G_kj^H: g[N, d, k, j, n] gives [N, N, k, n], its upper half."""
    size, streams, users, senders, n = g.shape
    y = np.empty((size, size, users, n), np.complex128)
    terms = [(s, j) for s in range(streams) for j in range(senders)]
    energy, conjugate = square(g), g.conj()
    for a in range(size):
        y[a, a] = total([energy[a, s, :, j] for s, j in terms])
        for b in range(a + 1, size):
            cross = g[a] * conjugate[b]
            y[a, b] = total([cross[s, :, j] for s, j in terms])
    return y


def _solve(a: Complex, ridge: Real | float, b: Complex) -> Complex:
    """Return (A + ridge I)^-1 B: a[N, N, k, n], ridge[k, n], b[N, s, k, n] gives [N, s, k, n]."""
    if len(a) == 1:
        scaled: Complex = b * (1 / (a[0].real + ridge))
        return scaled
    if len(a) == 2:
        first, cross, second = a[0, 0].real, a[0, 1], a[1, 1].real
        # The determinant of the unregularised matrix is not negative but for rounding.
        plain = np.maximum(first * second - square(cross), 0.0)
        scale = 1 / (plain + ridge * (first + second + ridge))
        y = np.empty_like(b)
        y[0] = ((second + ridge) * scale) * b[0] - (cross * scale) * b[1]
        y[1] = ((first + ridge) * scale) * b[1] - (cross.conj() * scale) * b[0]
        return y
    full = _full(a)
    index = np.arange(len(a))
    full[..., index, index] += np.broadcast_to(ridge, a.shape[2:])[..., None]
    solved = np.linalg.solve(full, b.transpose(2, 3, 0, 1))
    return np.ascontiguousarray(solved.transpose(2, 3, 0, 1))


def _full(a: Complex) -> Complex:
    """Return Hermitian matrices [k, n, N, N] of their upper halves [N, N, k, n]."""
    full = np.ascontiguousarray(a.transpose(2, 3, 0, 1))
    for row in range(len(a)):
        full[..., row + 1 :, row] = full[..., row, row + 1 :].conj()
    return full


def _multiplier(a: Complex, b: Complex, power: float) -> Real:
    """Return about the least ridge[k, n] for which ||(A + ridge I)^-1 B||^2 <= power.

    In the basis of A's eigenvectors the square of the norm is a sum of c_i / (mu_i + ridge)^2; the
    inverse of the norm is concave in the ridge, and nearly straight, so a Newton step from a lower
    bound goes far (Moré & Sorensen, "Computing a trust region step", 1983). One step is enough: A
    and B change more from one iteration to the next than further steps would bring.
    """
    mu, c = _spectrum(a, b)
    c = c / power
    most = mu[-1]
    least = most * 1e-12 + _TINY
    low = np.maximum(least, np.sqrt(total(c)) - most)
    inverse = 1 / (mu + low)
    part = c * inverse * inverse
    norm = total(part)
    part *= inverse
    step = (np.sqrt(norm) - 1) * norm / (total(part) + _TINY)
    ridge: Real = np.maximum(low + step, low)
    return ridge


def _spectrum(a: Complex, b: Complex) -> tuple[Real, Real]:
    """Return the eigenvalues of A and the energy of B along each eigenvector.

    The eigenvalues rise, [N, k, n].
    """
    if len(a) == 1:
        return a[0].real, total(square(b[0]))[None]
    if len(a) == 2:
        energy = square(b)
        first, cross, second = a[0, 0].real, a[0, 1], a[1, 1].real
        aside = square(cross)
        half = np.sqrt(np.square((first - second) / 2) + aside)
        mu = np.empty((2, *first.shape))
        mu[1] = (first + second) / 2 + half
        mu[0] = np.maximum(first * second - aside, 0.0) / (mu[1] + _TINY)
        upper, lower = total(energy[0]), total(energy[1])
        whole = upper + lower
        mixed = total(b[0].conj() * b[1])
        form = first * upper + second * lower
        form += 2 * (mixed.real * cross.real - mixed.imag * cross.imag)
        c = np.empty_like(mu)
        c[1] = np.clip((form - mu[0] * whole) / (2 * half + _TINY), 0.0, whole)
        c[0] = whole - c[1]
        return mu, c
    values, vectors = np.linalg.eigh(_full(a))
    along = vectors.conj().swapaxes(2, 3) @ b.transpose(2, 3, 0, 1)
    c = square(along).sum(axis=3)
    order = (2, 0, 1)
    return np.maximum(values, 0.0).transpose(order).copy(), c.transpose(order).copy()
