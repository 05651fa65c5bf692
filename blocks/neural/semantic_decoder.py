"""Bob's semantic receiver."""

from __future__ import annotations

from semradio.blocks.api import Input, Output, block
from semradio.blocks.neural.model_block import OneToOneModelBlock


@block("semantic_decoder", category="neural")
class SemanticDecoder(OneToOneModelBlock):
    """Turn received symbols into an image: ``s^ = D(D~(x^))``, channel and semantic decoder.

    The item types are the model's.

    Example:
        >>> symbols = np.ones((2, 23), np.float32) / np.sqrt(np.float32(23))
        >>> images = SemanticDecoder(model="arn/decoder")(symbols)
        >>> images.shape, images.dtype
        ((2, 28, 28), dtype('uint8'))

    Source:
        He, Wang & Quek, eqs. (7), (8) and, behind Bob's ARN module, (13).
    """

    roles = ("semantic_decoder",)

    x = Input("any[...]", doc="The received symbols, y or the restored x^.")
    image = Output(doc="The image s^.")
