"""The transmitter of the colour link."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import Array, Input, ItemType, Output, block
from semradio.blocks.neural.deepjscc_model import DeepJsccModelBlock, trial_picture


@block("deepjscc_encoder", category="neural")
class DeepJsccEncoder(DeepJsccModelBlock):
    """Turn a colour picture of any size into complex symbols by a model.

    ``image`` is uint8[rows,columns,3]; sides that are no multiples of the model's stride are
    filled up with their last row and column. ``x`` is complex64[uses,rows/stride,columns/stride]:
    a nested code, for the first of these planes alone are the code of a lower rate, but for one
    factor. Each picture has a mean power of 1 per symbol, so ``signal_power`` of ``awgn_channel``
    is the number of symbols of an item.

    The model's input ``image`` takes uint8[batch,rows,columns,3], its input ``snr_db``, if it has
    one, the parameter of that name; its output ``x``, float32[batch,2 symbols,rows,columns], has
    the real part of symbol i at 2i and the imaginary one at 2i + 1.

    Pictures of more than 65,536 pixels are run one by one. A picture of which the model makes
    zeros alone is sent as zeros.

    Raises:
        ModelError: the model is for another block, or has other inputs or outputs.
        ParameterError: the model has no such rate.

    Example:
        >>> pictures = np.full((2, 64, 96, 3), 128, np.uint8)
        >>> x = DeepJsccEncoder(model="deepjscc/photo/encoder", values_per_use=12)(pictures)
        >>> x.shape, round(float(np.mean(np.abs(x[0]) ** 2)), 3)
        ((2, 16, 8, 12), 1.0)

    Source:
        Bourtsoulatze, Burth Kurka & Gunduz, "Deep Joint Source-Channel Coding for Wireless Image
        Transmission", IEEE TCCN 2019, eq. (2); Xu, Ai, Chen, Yang, Sun & Rodrigues, "Wireless
        Image Transmission Using Deep Source Channel Coding With Attention Modules", IEEE TCSVT
        2022.
    """

    roles = ("deepjscc_encoder",)
    needed = ("image",)
    possible = ("snr_db",)
    result = "x"

    image = Input("uint8[*,*,3]", doc="The picture.")
    x = Output("complex64[*,*,*]", doc="Its symbols [symbol of a place, row, column].")

    def measures(self) -> tuple[int, int]:
        picture = trial_picture()
        told = {"snr_db": np.zeros((1, 1), np.float32)} if "snr_db" in self.tensors else {}
        features = self.tried({"image": picture, **told})
        return picture.shape[1] // features.shape[2], features.shape[1] // 2

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        places = tuple(-(-side // self.stride) for side in inputs["image"].shape[:2])
        return {"x": ItemType("complex64", (self.uses, *places))}

    def work(self, image: Array, at: int) -> Array:
        item = self.output_types(self.input_types)["x"]
        x: Array = np.empty((len(image), *item.shape), np.complex64)
        rows, columns = (places * self.stride for places in item.shape[1:])
        lacking = [(0, 0), (0, rows - image.shape[1]), (0, columns - image.shape[2]), (0, 0)]
        for part in self.groups(len(image), rows * columns):
            pictures = np.pad(image[part], lacking, mode="edge")
            features = self.infer({"image": pictures, **self.told(len(pictures))}, at + part.start)
            for k, picture in enumerate(features[:, : 2 * self.uses], part.start):
                # One by one, so that a picture's power does not depend on its neighbours.
                power = 2.0 * np.square(picture, dtype=np.float64).mean()
                scale = np.float32(1.0 / np.sqrt(max(power, 1e-12)))
                x[k].real = picture[0::2] * scale
                x[k].imag = picture[1::2] * scale
        return x
