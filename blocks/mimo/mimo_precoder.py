"""A transmitter's linear precoder."""

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
from semradio.blocks.arithmetic.power import item_power
from semradio.blocks.mimo.links import check_user


@block("mimo_precoder", category="mimo")
class MimoPrecoder(SyncBlock):
    """Send a user's streams by its precoder: ``X_k = V_k S_k``, within the power limit.

    A frame whose energy would exceed P Nt NB is scaled down to it. None is scaled up: the receive
    filters of the design belong to V_k as it is.

    Raises:
        ItemTypeError: the precoders are for another number of streams, or for no user ``user``.
        StreamError: a frame or a precoder holds NaN or infinity.

    Example:
        >>> streams = np.ones((1, 1, 3), np.complex64)
        >>> precoders = np.complex64([[[[0.6], [0.8]]]])
        >>> MimoPrecoder()(streams, precoders)
        array([[[0.6+0.j, 0.6+0.j, 0.6+0.j],
                [0.8+0.j, 0.8+0.j, 0.8+0.j]]], dtype=complex64)
    """

    user: int = parameter(0, low=0, doc="Whose precoder, counted from 0.")
    power: float = parameter(
        1.0, above=0, doc="P, largest mean power per transmit antenna and slot (linear)."
    )

    x = Input("complex64[*,*]", doc="The user's streams, of power 1: (stream, slot).")
    precoders = Input("complex64[*,*,*]", doc="V of each user: (user, transmit antenna, stream).")
    y = Output("complex64[*,*]", doc="The frame to send: (transmit antenna, slot).")

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        sent, precoders = inputs["x"], inputs["precoders"]
        users, tx, streams = precoders.shape
        check_user(self.name, self.user, users, "precoders", precoders)
        if sent.shape[0] != streams:
            raise ItemTypeError(
                f"the precoders on input 'precoders' of block '{self.name}' are for {streams} "
                f"streams ({precoders}), but input 'x' carries {sent.shape[0]} ({sent}): set "
                f"'streams' of the design to {sent.shape[0]}, or send {streams}"
            )
        return {"y": ItemType("complex64", (tx, sent.shape[1]))}

    def start(self) -> None:
        item = self.output_item_types["y"]
        self._energy = self.power * item.size

    def work(self, x: Array, precoders: Array, at: int) -> Array:
        check_finite(x, at, "x")
        check_finite(precoders, at, "precoders")
        v = np.ascontiguousarray(precoders[:, self.user])
        y: Array = np.matmul(v, np.ascontiguousarray(x))
        over = np.maximum(item_power(y) / self._energy, 1.0)
        if (over > 1).any():
            y /= np.sqrt(over).astype(np.float32)[:, None, None]
        return y
