"""Where the linear parts of a link begin: at the Karhunen-Loeve transform of the pictures.

Learned from there, a link is a good linear one from its first step on, and its symbols are in the
order of what they are worth, which is what a nested code needs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from semradio.export.recipes.deepjscc.networks import ConvNextDecoder, ConvNextEncoder, Link

_PATCHES = 200_000
_PILOT = 1
"""Feature with a constant on top, off which the receiver reads a picture's power; the second
component of pictures is a slope, whose mean over a picture is about zero."""
_PILOT_SIZE = 1.0


@torch.no_grad()
def begin(link: Link, pictures: Tensor, source: torch.Generator) -> None:
    """Set the linear parts of a link to the transform of 8 x 8 pixels of these pictures.

    Each component is scaled by the fourth root of its variance, which shares a given power so that
    the linear receiver's error is least; components come in the order of their variance.

    pictures : uint8[n, 3, rows, columns]
    """
    encoder, decoder = link.encoder, link.decoder
    assert isinstance(encoder, ConvNextEncoder) and isinstance(decoder, ConvNextDecoder)
    patches = _patches(pictures, source)
    features = 2 * link.symbols
    variances, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    variances = variances.flip(0)[:features].clamp_min(1e-6)
    vectors = vectors.flip(1)[:, :features].T
    scales = variances.pow(0.25)
    # Of unit mean power at a rate of 1/12, about the middle.
    middle = link.uses(12)
    common = (scales[: 2 * middle].square().sum() / middle).rsqrt()
    encoder.linear.weight.copy_((vectors * (common / scales)[:, None]).reshape(features, 3, 8, 8))
    pilot = torch.zeros(features)
    pilot[_PILOT] = _PILOT_SIZE
    encoder.linear.bias = nn.Parameter(pilot)
    decoder.linear.weight.copy_((vectors * (scales / common)[:, None]).T[:, :, None, None])
    back = decoder.linear.weight[:, _PILOT, 0, 0] * -_PILOT_SIZE
    decoder.linear.bias = nn.Parameter(back)


def _patches(pictures: Tensor, source: torch.Generator) -> Tensor:
    """Return patches of 8 x 8 pixels: float32[n, 192] in the order of ``pixel_unshuffle``."""
    share = max(1, _PATCHES * 64 // (pictures.shape[2] * pictures.shape[3]))
    chosen = torch.randperm(len(pictures), generator=source)[:share]
    found = functional.pixel_unshuffle(pictures[chosen].to(torch.float32) / 255.0 - 0.5, 8)
    patches = found.permute(0, 2, 3, 1).reshape(-1, 192)
    few = torch.randperm(len(patches), generator=source)[:_PATCHES]
    return patches[few]
