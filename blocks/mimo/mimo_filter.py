"""A receiver's linear filter."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semradio.blocks.api import (
    Array,
    Input,
    ItemType,
    ItemTypeError,
    Output,
    SyncBlock,
    block,
    parameter,
)
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.mimo.links import check_user


@block("mimo_filter", category="mimo")
class MimoFilter(SyncBlock):
    """Estimate a user's streams by its receive filter: ``S^_k = U_k^H Y_k``.

    Raises:
        ItemTypeError: the filters are for other receive antennas, or for no user ``user``.
        StreamError: a frame or a filter holds NaN or infinity.

    Example:
        >>> received = np.ones((1, 2, 3), np.complex64)
        >>> filters = np.complex64([[[[0.5, 0.5]]]])
        >>> MimoFilter()(received, filters)
        array([[[1.+0.j, 1.+0.j, 1.+0.j]]], dtype=complex64)
    """

    user: int = parameter(0, low=0, doc="Whose filter, counted from 0.")

    y = Input("complex64[*,*]", doc="What the user's receiver gets: (receive antenna, slot).")
    filters = Input("complex64[*,*,*]", doc="U^H of each user: (user, stream, receive antenna).")
    x = Output("complex64[*,*]", doc="The estimated streams: (stream, slot).")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        received, filters = inputs["y"], inputs["filters"]
        users, streams, rx = filters.shape
        check_user(self.name, self.user, users, "filters", filters)
        if received.shape[0] != rx:
            raise ItemTypeError(
                f"the filters on input 'filters' of block '{self.name}' are for {rx} receive "
                f"antennas ({filters}), but the frames on input 'y' have {received.shape[0]} "
                f"({received}): they must agree"
            )
        return {"x": ItemType("complex64", (streams, received.shape[1]))}

    def work(self, y: Array, filters: Array, at: int) -> Array:
        check_finite(y, at, "y")
        check_finite(filters, at, "filters")
        u = np.ascontiguousarray(filters[:, self.user])
        x: Array = np.matmul(u, np.ascontiguousarray(y))
        return x
