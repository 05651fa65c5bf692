"""Alice's pluggable protection module."""

from __future__ import annotations

from semradio.blocks.api import Input, Output, block
from semradio.blocks.neural.residual_module import SWITCH, ResidualModule


@block("arn_transmitter", category="neural")
class ArnTransmitter(ResidualModule):
    """Protect symbols by an adversarial residual: ``x' = x + F_Alice(x) = x + delta``.

    The residual lowers the accuracy of a fixed, unaware classifier at Eve; it is not
    confidentiality. Its power is limited in training only; the block ``power_ratio`` measures it.

    ``enabled`` switches the protection while running. The state travels in the stream: a tag
    ``arn`` (true or false) sits on item 0 and on each item from which a change counts, so that
    ``arn_receiver`` follows at exactly the same item.

    Example:
        >>> symbols = np.zeros((2, 23), np.float32)
        >>> symbols[:, 0] = 1
        >>> protected = ArnTransmitter(model="arn/alice")(symbols)
        >>> protected.shape, bool((protected != symbols).any())
        ((2, 23), True)

    Source:
        He, Wang & Quek, eqs. (9), (15), (16).
    """

    roles = ("arn_transmitter",)

    x = Input("any[...]", doc="The channel symbols x.")
    y = Output(doc="The protected symbols x'; x itself while disabled.")

    def on_start(self) -> None:
        self._announce(0)

    def changed(self, name: str, at: int) -> None:
        if name == "enabled":
            self._announce(at)

    def _announce(self, at: int) -> None:
        # Of several changes before the same item the last one counts, and only it may be told:
        # equal tags on one item are sent once, at the place of the first.
        self.tags_out = [(o, t) for o, t in self.tags_out if t[:2] != (at, SWITCH)]
        self.tag(SWITCH, self.enabled, at)
