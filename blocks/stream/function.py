"""A function of the user's own as a block."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    Output,
    ParameterError,
    SyncBlock,
    block,
    parameter,
)

_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


@block("function", category="stream")
class Function(SyncBlock):
    """Apply a Python function to each chunk: ``y = f(x)`` with one item out for each item in.

    The function gets an array of shape (n, *item), which it must not write into, and returns one
    of n items. Its result for an item may depend on that item alone, or the output depends on how
    the stream is cut. It is imported when the block starts; since a flowgraph can so run any
    installed code, files that use this block need leave to do it.

    Raises:
        ParameterError: the module or the function is not there, or the module fails.

    Example:
        >>> Function(call="numpy:abs")(np.float32([1, -2]))
        array([1., 2.], dtype=float32)
    """

    needs_code: ClassVar[bool] = True

    call: str = parameter(doc="Import path 'module:function', such as 'numpy:conj'.")
    output: str | None = parameter(
        None, doc="Item type of the result, such as 'float32[23]'; that of the input if not given."
    )

    x = Input("any[...]", doc="Any stream.")
    y = Output(doc="What the function returns.")

    def configure(self) -> None:
        if _PATH.fullmatch(self.call) is None:
            raise ParameterError(
                f"parameter 'call' must be 'module:function', not {self.call!r}", "call"
            )
        self._output = None if self.output is None else ItemType.parse(self.output)

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        return {"y": self._output or inputs["x"]}

    def start(self) -> None:
        self._function = _imported(self.call)

    def work(self, x: Array, at: int) -> Array:
        y: Array = self._function(x)
        return y


def _imported(path: str) -> Callable[[Array], Any]:
    """Import ``module:function``; ParameterError tells what is not there."""
    module_name, _, name = path.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:
        raise ParameterError(
            f"parameter 'call': module '{module_name}' cannot be imported: "
            f"{type(error).__name__}: {error}",
            "call",
        ) from error
    for part in name.split("."):
        if not hasattr(found, part):
            raise ParameterError(
                f"parameter 'call': module '{module_name}' has no '{name}'", "call"
            )
        found = getattr(found, part)
    if not callable(found):
        raise ParameterError(
            f"parameter 'call': '{path}' is a {type(found).__name__}, not a function", "call"
        )
    function: Callable[[Array], Any] = found
    return function
