"""Eve."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import Array, Input, ItemType, ModelError, Output, block
from semradio.blocks.neural.model_block import OneToOneModelBlock


@block("eavesdropper", category="neural")
class Eavesdropper(OneToOneModelBlock):
    """Guess the private label of each intercepted item: ``s_Eve = D_Eve(y_Eve)``.

    The model gives one logit per class, float32[K] (or another floating type); ``label`` is the
    class of the largest and ``confidence`` its softmax probability, eq. (22).

    Example:
        >>> intercepted = np.zeros((3, 23), np.float32)
        >>> logits, label, confidence = Eavesdropper(model="arn/eve")(intercepted)
        >>> logits.shape, label.dtype, confidence.shape
        ((3, 10), dtype('int64'), (3,))

    Source:
        He, Wang & Quek, eqs. (14), (22).
    """

    roles = ("eavesdropper", "substitute")

    y = Input("any[...]", doc="The symbols that Eve receives.")
    logits = Output(doc="The classifier's last layer, one value per class.")
    label = Output("int64", doc="The guessed class.")
    confidence = Output("float32", doc="Softmax probability of the guessed class.")

    def named(self, result: ItemType) -> Mapping[str, ItemType]:
        if len(result.shape) != 1 or not result.dtype.startswith("float"):
            raise ModelError(
                f"model '{self.model}' gives {result}; the eavesdropper needs one logit per "
                "class, such as float32[10]"
            )
        return {"logits": result}

    def work(self, y: Array, at: int) -> tuple[Array | None, ...]:
        return self.given(self.infer(y, at))

    def given(self, result: Array) -> tuple[Array | None, ...]:
        logits = result
        if self.wanted <= {"logits"}:
            return logits, None, None
        label = logits.argmax(axis=1)
        # The winner's probability is 1 / sum(exp(logit - largest logit)). Indexing and a matrix
        # product: NumPy's max and sum along a short axis take three times as long.
        largest = logits[np.arange(len(logits)), label]
        shares = np.exp(logits - largest[:, None])
        confidence = 1 / (shares @ np.ones(shares.shape[1], shares.dtype))
        return logits, label, confidence.astype(np.float32, copy=False)
