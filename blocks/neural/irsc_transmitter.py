"""The transmitter of one user of an interference channel."""

from __future__ import annotations

from collections.abc import Mapping

from semradio.blocks.api import Array, Input, ItemType, ModelError, Output, block
from semradio.blocks.mimo.planes import from_planes
from semradio.blocks.neural.irsc_model import ALL_LINKS, OWN_LINKS, IrscModelBlock


@block("irsc_transmitter", category="neural")
class IrscTransmitter(IrscModelBlock):
    """Turn an image into a frame: ``X_k = T_k(s_k, H)``, or ``T_k(s_k)`` without channel state.

    The frame is complex64[Nt,NB] (transmit antenna, slot); the model fixes its energy, P Nt NB.
    The model's input ``image`` takes the image; its input ``h``, if it has one, the channel state
    as float32[2,K,K,Nr,Nt] (real plane first; then receiver, transmitter, receive antenna,
    transmit antenna), or as float32[2,K,Nr,Nt] the row of receiver ``user``. Its output ``x``,
    float32[2,Nt,NB], gives the planes of the frame.

    A model without input ``h`` ignores a channel state that is connected, so that one flowgraph
    serves models of both kinds; but users and antennas are checked.

    Raises:
        ModelError: the model is for another block or user, has other inputs, outputs or axes, or
            needs a channel state and none is connected.
        ItemTypeError: image or channel state do not fit the model.
        StreamError: a channel state holds NaN or infinity.

    Example:
        >>> images = np.zeros((2, 28, 28), np.uint8)
        >>> frames = IrscTransmitter(model="irsc/csi_free/transmitter_1", user=0)(images, None)
        >>> frames.shape, frames.dtype
        ((2, 2, 16), dtype('complex64'))

    Source:
        Wang, Guo, Dong & Zhao, "Benchmarking Semantic Communications for Image Transmission over
        MIMO Interference Channels", arXiv 2406.16878, eqs. (1), (2).
    """

    roles = ("irsc_transmitter",)
    needed = ("image",)
    possible = ("h",)
    result = "x"
    layouts = {
        "h": (ALL_LINKS, OWN_LINKS),
        "x": (("re_im", "tx_antenna", "slot"), ("re_im", "stream", "slot")),
    }

    image = Input("any[...]", doc="The image s_k.")
    h = Input(
        "complex64[*,*,*,*]",
        optional=True,
        doc="The channel state [receiver, transmitter, receive antenna, transmit antenna].",
    )
    x = Output("complex64[*,*]", doc="The frame X_k [transmit antenna or stream, slot].")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        planes = self.result_type({"image": inputs["image"], **self.check_state(inputs)})
        if planes.dtype != "float32" or planes.shape[0] != 2:
            raise ModelError(
                f"model '{self.model}' gives {planes}; a frame is float32[2,antennas,slots], the "
                "real plane and the imaginary one"
            )
        self.check_antennas("x", planes.shape[1], inputs.get("h"), 3)
        return {"x": ItemType("complex64", planes.shape[1:])}

    def work(self, image: Array, h: Array | None, at: int) -> Array:
        feed = {"image": image}
        if h is not None and "h" in self.tensors:
            feed["h"] = self.planes(self.own(h), at, "h")
        return from_planes(self.infer(feed, at))
