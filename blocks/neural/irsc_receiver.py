"""The receiver of one user of an interference channel."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import Array, Input, ItemType, Output, ParameterError, block, parameter
from semradio.blocks.neural.irsc_model import ALL_LINKS, OWN_LINKS, IrscModelBlock


@block("irsc_receiver", category="neural")
class IrscReceiver(IrscModelBlock):
    """Turn what user k receives into an image: ``s^_k = R_k(Y_k, H)``.

    The model's input ``y`` takes the frame as float32[2,Nr,NB], the real plane first. Its input
    ``h``, if it has one, takes the channel state as float32[2,K,K,Nr,Nt] (receiver, transmitter,
    receive antenna, transmit antenna), or as float32[2,K,Nr,Nt] the links to receiver ``user``
    alone; its input ``snr_db``, float32[1], the parameter of that name. Its output ``image``
    gives uint8[rows,columns]. Behind ``lmmse_receiver`` or ``mimo_filter`` the rows of ``y`` are
    streams, not antennas.

    A model without input ``h`` ignores a channel state that is connected, and one without
    ``snr_db`` that parameter, so that one flowgraph serves models of all kinds; but users and
    antennas are checked.

    Raises:
        ModelError: the model is for another block or user, has other inputs, outputs or axes, or
            needs a channel state and none is connected.
        ParameterError: the model needs ``snr_db`` and it is not given.
        ItemTypeError: frame or channel state do not fit the model.
        StreamError: an input holds NaN or infinity.

    Example:
        >>> received = np.ones((2, 2, 16), np.complex64)
        >>> image = IrscReceiver(model="irsc/csi_free/receiver_1", user=0)(received, None)
        >>> image.shape, image.dtype
        ((2, 28, 28), dtype('uint8'))

    Source:
        Wang, Guo, Dong & Zhao, "Benchmarking Semantic Communications for Image Transmission over
        MIMO Interference Channels", arXiv 2406.16878, eqs. (4), (6).
    """

    roles = ("irsc_receiver",)
    needed = ("y",)
    possible = ("h", "snr_db")
    result = "image"
    layouts = {
        "h": (ALL_LINKS, OWN_LINKS),
        "y": (("re_im", "rx_antenna", "slot"), ("re_im", "stream", "slot")),
    }

    snr_db: float | None = parameter(
        None,
        low=-100,
        high=200,
        live=True,
        unit="dB",
        doc="P / sigma^2 per receive antenna, for models that want to know it.",
    )

    y = Input("complex64[*,*]", doc="The received frame Y_k [receive antenna or stream, slot].")
    h = Input(
        "complex64[*,*,*,*]",
        optional=True,
        doc="The channel state [receiver, transmitter, receive antenna, transmit antenna].",
    )
    image = Output("uint8[...]", doc="The image s^_k.")

    def configure(self) -> None:
        super().configure()
        if "snr_db" in self.tensors and self.snr_db is None:
            raise ParameterError(
                f"model '{self.model}' needs the signal-to-noise ratio: give parameter 'snr_db'",
                "snr_db",
            )

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        frame = inputs["y"]
        feed = {"y": self.fed("y", frame, frame.shape), **self.check_state(inputs)}
        self.check_antennas("y", frame.shape[0], inputs.get("h"), 2)
        if "snr_db" in self.tensors:
            feed["snr_db"] = ItemType("float32", (1,))
        return {"image": self.result_type(feed)}

    def work(self, y: Array, h: Array | None, at: int) -> Array:
        feed = {"y": self.planes(y, at, "y")}
        if h is not None and "h" in self.tensors:
            feed["h"] = self.planes(self.own(h), at, "h")
        if "snr_db" in self.tensors:
            feed["snr_db"] = np.full((len(y), 1), self.snr_db, np.float32)
        return self.infer(feed, at)
