"""The linear MMSE filter as a layer: it is trained through, and it becomes a part of an ONNX file.

Complex values are planes (real, imaginary), the axis after the batch; ONNX knows no complex
numbers and no matrix inverse, so both are written out.
"""

from __future__ import annotations

import torch
from torch import Tensor

from semradio.export.recipes.irsc.air import multiply

_Complex = tuple[Tensor, Tensor]


def adjoint(a: Tensor) -> Tensor:
    """Return the conjugate transpose of planes, (n, 2, i, j) -> (n, 2, j, i)."""
    re, im = a.unbind(1)
    return torch.stack([re.transpose(-1, -2), -im.transpose(-1, -2)], dim=1)


def inverse(a: Tensor) -> Tensor:
    """Return the inverse of positive definite Hermitian matrices, planes (n, 2, m, m).

    Gauss-Jordan elimination without pivots, which positive definite matrices do not need.
    """
    size = a.shape[-1]
    re, im = a.unbind(1)
    eye = torch.eye(size, dtype=a.dtype, device=a.device).expand_as(re)
    rows: list[_Complex] = list(
        zip(
            torch.cat([re, eye], dim=2).unbind(1),
            torch.cat([im, torch.zeros_like(eye)], dim=2).unbind(1),
            strict=True,
        )
    )
    for pivot in range(size):
        rows[pivot] = top = _divided(rows[pivot], _entry(rows[pivot], pivot))
        for other in range(size):
            if other != pivot:
                share = _product(_entry(rows[other], pivot), top)
                rows[other] = (rows[other][0] - share[0], rows[other][1] - share[1])
    planes = [torch.stack([row[part] for row in rows], dim=1) for part in (0, 1)]
    return torch.stack(planes, dim=1)[..., size:]


def lmmse(
    y: Tensor, h: Tensor, variance: Tensor, user: int, power: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return the LMMSE estimate of a user's streams, and its error over their power.

    x^ = E H_k^H R^-1 y with R = sum over j != k of p_j H_j H_j^H + s I, what disturbs, and
    E = (H_k^H R^-1 H_k + I / p_k)^-1, the error's covariance. It equals the usual form
    p_k H_k^H (R + p_k H_k H_k^H)^-1 y, and the errors come out exact where they are small.

    y : float32[n, 2, Nr, slots].
    h : float32[n, 2, K, Nr, Nt], the channels to this receiver.
    variance : float32[n, 1], s: of the noise, and of what the estimation error of h makes of x.
    power : float32[n, K], p_j of each stream of user j, which count as white; 1 where not given.
    Returns float32[n, 2, Nt, slots], and float32[n, Nt] from 0 (nothing disturbs) to 1.
    """
    n, _, users, rx, tx = h.shape
    if power is not None:
        h = h * power.sqrt()[:, None, :, None, None]
    own = h[:, :, user]
    others = [j for j in range(users) if j != user]
    heard = h[:, :, others].transpose(2, 3).reshape(n, 2, rx, len(others) * tx)
    disturbance = inverse(_plus_identity(multiply(heard, adjoint(heard)), variance))
    matched = multiply(adjoint(own), disturbance)
    error = inverse(_plus_identity(multiply(matched, own), torch.ones_like(variance)))
    x = multiply(error, multiply(matched, y))
    if power is not None:
        x = x * power[:, user].sqrt()[:, None, None, None]
    return x, error[:, 0].diagonal(dim1=1, dim2=2)


def _plus_identity(a: Tensor, scale: Tensor) -> Tensor:
    """Return planes plus ``scale``, float32[n, 1], times the identity."""
    eye = torch.eye(a.shape[-1], dtype=a.dtype, device=a.device)
    re, im = a.unbind(1)
    return torch.stack([re + scale[:, :, None] * eye, im], dim=1)


def _entry(row: _Complex, column: int) -> _Complex:
    return row[0][:, column, None], row[1][:, column, None]


def _product(a: _Complex, b: _Complex) -> _Complex:
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def _divided(a: _Complex, b: _Complex) -> _Complex:
    scale = 1.0 / (b[0].square() + b[1].square())
    re, im = _product(a, (b[0], -b[1]))
    return re * scale, im * scale
