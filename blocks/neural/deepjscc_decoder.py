"""The receiver of the colour link."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    ItemTypeError,
    ModelError,
    Output,
    ParameterError,
    block,
    parameter,
)
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.neural.deepjscc_model import DeepJsccModelBlock

_TRIAL_PLACES = 4


@block("deepjscc_decoder", category="neural")
class DeepJsccDecoder(DeepJsccModelBlock):
    """Turn received symbols into a colour picture by a model.

    ``y`` is complex64[symbols,rows,columns], as ``deepjscc_encoder`` gives it; of the symbols of a
    place those that ``values_per_use`` says are used, the first ones: less than was sent is enough
    for a picture. ``image`` is uint8[rows,columns,3], the stride times as many rows and columns,
    or of size ``shape``, which cuts off what the encoder filled up.

    The model's input ``y``, float32[batch,2 symbols,rows,columns], takes the real part of symbol i
    at 2i and the imaginary one at 2i + 1, and zeros for those not used; ``uses``, if it has that
    input, their number; ``snr_db``, if it has it, the parameter of that name. Its output ``image``
    is uint8[batch,rows,columns,3].

    Pictures of more than 65,536 pixels are run one by one.

    Raises:
        ModelError: the model is for another block, or has other inputs or outputs.
        ParameterError: the model has no such rate; ``shape`` is larger than the picture.
        ItemTypeError: fewer symbols come than ``values_per_use`` says.
        StreamError: the symbols hold NaN or infinity.

    Example:
        >>> received = np.ones((2, 16, 8, 12), np.complex64)
        >>> decode = DeepJsccDecoder(model="deepjscc/photo/decoder", values_per_use=12, snr_db=5)
        >>> image = decode(received)
        >>> image.shape, image.dtype
        ((2, 64, 96, 3), dtype('uint8'))

    Source:
        As of ``deepjscc_encoder``.
    """

    roles = ("deepjscc_decoder",)
    needed = ("y",)
    possible = ("snr_db", "uses")
    result = "image"

    shape: list[int] | None = parameter(
        None, doc="[rows, columns] of the picture; all that the model gives if not given."
    )

    y = Input("complex64[*,*,*]", doc="The received symbols [symbol of a place, row, column].")
    image = Output("uint8[*,*,3]", doc="The picture.")

    def configure(self) -> None:
        super().configure()
        if self.shape is not None and (len(self.shape) != 2 or min(self.shape) < 1):
            raise ParameterError(f"'shape' is [rows, columns], not {self.shape}", "shape")
        if "uses" not in self.tensors and self.uses != self.symbols:
            raise ParameterError(
                f"model '{self.model}' has one rate: 'values_per_use' is "
                f"{3 * self.stride**2 / self.symbols:g}",
                "values_per_use",
            )

    def measures(self) -> tuple[int, int]:
        features = self.tensors["y"].shape[1]
        if not isinstance(features, int):
            raise ModelError(
                f"model '{self.model}' leaves the number of its symbols open; the block "
                f"'{self.block_type}' takes a model that fixes axis 1 of 'y'"
            )
        feed = {"y": np.zeros((1, features, _TRIAL_PLACES, _TRIAL_PLACES), np.float32)}
        for name in ("snr_db", "uses"):
            if name in self.tensors:
                feed[name] = np.ones((1, 1), np.float32)
        return self.tried(feed).shape[1] // _TRIAL_PLACES, features // 2

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        heard, rows, columns = inputs["y"].shape
        if heard < self.uses:
            raise ItemTypeError(
                f"input 'y' of block '{self.name}' carries {heard} symbols of each place, but "
                f"'values_per_use' {self.values_per_use:g} takes {self.uses}"
            )
        whole = [rows * self.stride, columns * self.stride]
        size = self.shape or whole
        if size[0] > whole[0] or size[1] > whole[1]:
            raise ParameterError(
                f"block '{self.name}': the picture has {whole[0]} rows and {whole[1]} columns, "
                f"less than 'shape' {size}",
                "shape",
            )
        return {"image": ItemType("uint8", (*size, 3))}

    def work(self, y: Array, at: int) -> Array:
        check_finite(y, at, "y")
        item = self.output_types(self.input_types)["image"]
        image: Array = np.empty((len(y), *item.shape), np.uint8)
        places = y.shape[2:]
        for part in self.groups(len(y), places[0] * places[1] * self.stride**2):
            used = y[part, : self.uses]
            features = np.zeros((len(used), 2 * self.symbols, *places), np.float32)
            features[:, 0 : 2 * self.uses : 2] = used.real
            features[:, 1 : 2 * self.uses : 2] = used.imag
            whole = self.infer({"y": features, **self.told(len(used))}, at + part.start)
            image[part] = whole[:, : item.shape[0], : item.shape[1]]
        return image
