"""Alice's semantic transmitter."""

from __future__ import annotations

from semradio.blocks.api import Input, Output, block
from semradio.blocks.neural.model_block import OneToOneModelBlock


@block("semantic_encoder", category="neural")
class SemanticEncoder(OneToOneModelBlock):
    """Turn an image into channel symbols: ``x = G~(G(s))``, semantic and channel encoder.

    The item types are the model's. Images travel as uint8 and are scaled inside the model; the
    power of the symbols, E||x||^2 = 1, is fixed inside the model as well.

    Example:
        >>> images = np.zeros((2, 28, 28), np.uint8)
        >>> symbols = SemanticEncoder(model="arn/encoder")(images)
        >>> symbols.shape, (symbols**2).sum(axis=1).round(3)
        ((2, 23), array([0.738, 0.738], dtype=float32))

    Source:
        He, Wang & Quek, eqs. (4), (5).
    """

    roles = ("semantic_encoder",)

    image = Input("any[...]", doc="The image s.")
    x = Output(doc="The channel symbols x.")
