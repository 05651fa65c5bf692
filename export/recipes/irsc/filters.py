"""The linear MMSE filter as a layer: it is trained through, and it becomes a part of an ONNX file.

Complex values are planes (real, imaginary), the axis after the batch; ONNX knows no complex
numbers and no matrix inverse, so both are written out.
"""

from __future__ import annotations

import torch
from torch import Tensor

from semradio.export.recipes.irsc.air import multiply

LEAST_VARIANCE = 1e-6
"""Less disturbance than this counts as this: without any, there may be nothing to invert."""


def adjoint(a: Tensor) -> Tensor:
    """Return the conjugate transpose of planes, (n, 2, i, j) -> (n, 2, j, i)."""
    re, im = a.unbind(1)
    return torch.stack([re.transpose(-1, -2), -im.transpose(-1, -2)], dim=1)


def inverse(a: Tensor) -> Tensor:
    """Return the inverse of positive definite Hermitian matrices, planes (n, 2, m, m).

    By halves: the inverse of a corner and of its Schur complement, down to a closed form for one
    and two rows. A network with it stays a short list of operators whatever the size.
    """
    size = a.shape[-1]
    if size == 1:
        # The diagonal of a Hermitian matrix is real.
        return torch.cat([1.0 / a[:, :1], torch.zeros_like(a[:, 1:])], dim=1)
    if size == 2:
        return _inverse_of_two(a)
    half = size // 2
    corner = inverse(a[..., :half, :half])
    side = a[..., :half, half:]
    reached = multiply(corner, side)
    rest = inverse(a[..., half:, half:] - multiply(adjoint(side), reached))
    across = multiply(reached, rest)
    upper = torch.cat([corner + multiply(across, adjoint(reached)), -across], dim=3)
    return torch.cat([upper, torch.cat([-adjoint(across), rest], dim=3)], dim=2)


def _inverse_of_two(a: Tensor) -> Tensor:
    """Return (tr(A) I - A) / det(A), the inverse of a 2x2 matrix after Cayley and Hamilton."""
    first, last = a[:, :1, :1, :1], a[:, :1, 1:, 1:]
    determinant = first * last - a[..., :1, 1:].square().sum(dim=1, keepdim=True)
    re, im = a[:, :1], a[:, 1:]
    eye = torch.eye(2, dtype=a.dtype, device=a.device)
    return torch.cat([(first + last) * eye - re, -im], dim=1) / determinant


def lmmse(
    y: Tensor, h: Tensor, variance: Tensor, user: int, power: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return the LMMSE estimate of a user's streams, and its error over their power.

    It is p_k H_k^H (sum_j p_j H_j H_j^H + s I)^-1 y, written so that no term grows where s is
    small: with B the channels of the others and Q = I - B (B^H B + s I)^-1 B^H, which takes out
    what comes from them (Woodbury), x^ = (H_k^H Q H_k + s I)^-1 H_k^H Q y. The covariance of the
    error is s times that inverse.

    y : float32[n, 2, Nr, slots].
    h : float32[n, 2, K, Nr, Nt], the channels to this receiver.
    variance : float32[n, 1], s: of the noise, and of what the estimation error of h makes of x; at
        least :data:`LEAST_VARIANCE` counts.
    power : float32[n, K], p_j of each stream of user j, which count as white; 1 where not given.
    Returns float32[n, 2, Nt, slots], and float32[n, Nt] from 0 (nothing disturbs) to 1.
    """
    n, _, users, rx, tx = h.shape
    # With 32 bits, a channel that is nearly singular costs the last digits that programs agree on.
    y, h, variance = y.double(), h.double(), variance.double().clamp_min(LEAST_VARIANCE)
    if power is not None:
        h = h * power.sqrt()[:, None, :, None, None]
    own = h[:, :, user]
    quiet_own, quiet_y = own, y
    others = [j for j in range(users) if j != user]
    if others:
        heard = h[:, :, others].transpose(2, 3).reshape(n, 2, rx, len(others) * tx)
        back = adjoint(heard)
        inner = inverse(_plus_identity(multiply(back, heard), variance))
        both = torch.cat([own, y], dim=3)
        quiet = both - multiply(heard, multiply(inner, multiply(back, both)))
        quiet_own, quiet_y = quiet[..., :tx], quiet[..., tx:]
    back = adjoint(own)
    error = inverse(_plus_identity(multiply(back, quiet_own), variance))
    x = multiply(error, multiply(back, quiet_y))
    if power is not None:
        x = x * power[:, user].sqrt()[:, None, None, None]
    return x.float(), (variance * error[:, 0].diagonal(dim1=1, dim2=2)).float()


def _plus_identity(a: Tensor, scale: Tensor) -> Tensor:
    """Return planes plus ``scale``, float32[n, 1], times the identity."""
    eye = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)
    re, im = a.unbind(1)
    return torch.stack([re + scale[:, :, None] * eye, im], dim=1)
