"""Constants that a stream meets, as the stream's own type has them."""

from __future__ import annotations

import numpy as np

from semradio.blocks.api import Array, ItemType, ItemTypeError


def as_item(constant: complex, item: ItemType, name: str, given: object) -> Array:
    """Return a constant as an array of no axes and the stream's own dtype.

    What NumPy computes with it has that dtype too, and NumPy takes it faster than a scalar, which
    it has to convert at each call.

    Args:
        constant: the value.
        item: type of the stream.
        name: of the block, for messages.
        given: the constant as the user wrote it, for messages.

    Raises:
        ItemTypeError: the type of the stream does not hold the constant.
    """
    dtype = item.numpy
    if constant.imag and dtype.kind != "c":
        raise ItemTypeError(
            f"block '{name}': the complex constant {given!r} needs a complex stream, not {item}"
        )
    if dtype.kind in "fc":
        with np.errstate(over="ignore"):
            value = dtype.type(constant if dtype.kind == "c" else constant.real)
        if not np.isfinite(value):
            raise ItemTypeError(f"block '{name}': the constant {given!r} is too large for {item}")
        return np.asarray(value)
    limits = np.iinfo(dtype)
    whole = constant.real.is_integer()
    if not whole or not limits.min <= int(constant.real) <= limits.max:
        raise ItemTypeError(
            f"block '{name}': a stream of {item} needs a whole constant from "
            f"{limits.min} to {limits.max}, not {given!r}"
        )
    return np.array(int(constant.real), dtype)
