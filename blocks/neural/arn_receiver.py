"""Bob's pluggable restoration module."""

from __future__ import annotations

from semradio.blocks.api import Array, Input, Output, Tag, block, parameter, state
from semradio.blocks.neural.residual_module import SWITCH, ResidualModule


@block("arn_receiver", category="neural")
class ArnReceiver(ResidualModule):
    """Remove protection and channel noise: ``x^ = y' - F_Bob(y')``.

    Follows Alice's switch through the tag ``arn`` in the stream: from an item tagged false on,
    items pass through unchanged; from one tagged true on, the module acts. It acts where no tag
    ever arrives, and with ``follow: false`` on every item. ``enabled: false`` wins over both.

    Example:
        >>> received = np.zeros((2, 23), np.float32)
        >>> ArnReceiver(model="arn/bob")(received).shape
        (2, 23)

    Source:
        He, Wang & Quek, eqs. (12), (17), (18).
    """

    roles = ("arn_receiver",)
    listens = (SWITCH,)

    follow: bool = parameter(
        True,
        doc="Whether Alice's switch in the stream counts; false for a module that was trained "
        "without hers.",
    )

    y = Input("any[...]", doc="The received symbols y'.")
    x = Output(doc="The restored symbols x^; y' itself where nothing is protected.")

    protected: bool = state(True, doc="Whether Alice protects, by the last tag.")

    def on_tag(self, tag: Tag) -> None:
        self.protected = bool(tag.value)

    @property
    def acts(self) -> bool:
        return self.enabled and (self.protected or not self.follow)

    def work(self, y: Array, at: int) -> Array:
        return self.infer(y, at) if self.protected or not self.follow else y
