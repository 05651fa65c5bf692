"""One of several streams."""

from __future__ import annotations

from semradio.blocks.api import Array, Input, Output, ParameterError, SyncBlock, block, parameter


@block("selector", category="stream")
class Selector(SyncBlock):
    """Pass one of several streams on: ``y[i] = x[input_index][i]``; the others' items are dropped.

    All inputs carry the same item type and go on together, so a live change of ``input_index``
    goes over to the same index of another stream. The selection ends with the shortest input.
    Tags of all inputs pass. GNU Radio's Selector chooses an output as well.

    Raises:
        ParameterError: an index beyond the inputs.

    Example:
        >>> Selector(input_index=1)(np.float32([1, 2]), np.float32([10, 20]))
        array([10., 20.], dtype=float32)
    """

    num_inputs: int = parameter(2, low=1, high=1024, doc="Number of streams.")
    input_index: int = parameter(0, low=0, live=True, doc="Which input passes, counted from 0.")

    x = Input("any[...]", count="num_inputs", doc="The streams: x[0], x[1], ...")
    y = Output(like="x", doc="The selected one.")

    def configure(self) -> None:
        if self.input_index >= self.num_inputs:
            raise ParameterError(
                f"parameter 'input_index' must be from 0 to {self.num_inputs - 1}, not "
                f"{self.input_index}",
                "input_index",
            )

    def work(self, x: list[Array], at: int) -> Array:
        return x[self.input_index]
