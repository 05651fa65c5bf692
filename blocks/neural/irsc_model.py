"""What both ends of a link over the MIMO interference channel have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import ClassVar

import numpy as np

from semradio.blocks.api import Array, ItemType, ItemTypeError, ModelError, parameter
from semradio.blocks.arithmetic.finite import check_finite
from semradio.blocks.mimo.planes import to_planes
from semradio.blocks.neural.model_block import NamedModelBlock

Axes = tuple[str, ...]

ALL_LINKS: Axes = ("re_im", "receiver", "transmitter", "rx_antenna", "tx_antenna")
"""Axes of the channel state as a model takes it, after the batch."""
OWN_LINKS: Axes = ("re_im", "transmitter", "rx_antenna", "tx_antenna")
"""The same of the links to one receiver, its row of H."""

_PLURAL = {
    "re_im": "planes",
    "receiver": "users",
    "transmitter": "users",
    "rx_antenna": "receive antennas",
    "tx_antenna": "transmit antennas",
    "stream": "streams",
    "slot": "slots",
}


class IrscModelBlock(NamedModelBlock):
    """Base of the transmitter and the receiver of a user.

    Complex items cross the border of the model as planes, and what its card says of users and
    axes is checked.
    """

    user: int = parameter(
        0, low=0, high=255, doc="Which user, counted from 0: its row of H, and its model."
    )

    layouts: ClassVar[Mapping[str, Sequence[Axes]]] = {}
    """Orders of axes that fit, by input or output of the model, in which axes have names; the
    first of several of one length holds for a model without a card."""

    def configure(self) -> None:
        super().configure()
        self.axes = {
            port.name: self._axes(port.name, len(port.shape) - 1)
            for port in (*self.session.inputs, *self.session.outputs)
            if port.name in self.layouts
        }
        stated = self.card.user if self.card else None
        if stated not in (None, self.user):
            raise ModelError(
                f"model '{self.model}' is made for user {stated}, but parameter 'user' is "
                f"{self.user} (counted from 0): take the model of this user"
            )

    def _axes(self, name: str, rank: int) -> Axes:
        """Return the order of the axes of a tensor; ModelError if the block has another one."""
        layouts = self.layouts[name]
        told = self.card.axes.get(name) if self.card else None
        for axes in layouts:
            if len(axes) == rank and told in (None, axes):
                return axes
        has = f"{rank} axes" if told is None else f"the axes {', '.join(told)}"
        fit = " or ".join(", ".join(axes) for axes in layouts)
        also = "" if told is None or len(told) == rank else f" and {rank} in the file"
        raise ModelError(
            f"'{name}' of model '{self.model}' has {has}{also} after the batch; the block "
            f"'{self.block_type}' has {fit}: export the model in that order"
        )

    def check_state(self, inputs: Mapping[str, ItemType]) -> dict[str, ItemType]:
        """Check the channel state against model and user; returns what of it feeds the model.

        Raises:
            ModelError: the model needs it, and it is not connected.
            ItemTypeError: it is for other users or antennas than the model.
        """
        state = inputs.get("h")
        if state is None:
            if "h" in self.tensors:
                raise ModelError(
                    f"model '{self.model}' needs the channel state: connect it to input 'h'"
                )
            return {}
        users = state.shape[0]
        stated = self.card.users if self.card else None
        if state.shape[1] != users:
            raise ItemTypeError(
                f"input 'h' of block '{self.name}' carries the links of {state.shape[1]} "
                f"transmitters to {users} receivers ({state}); they must be as many"
            )
        if stated not in (None, users):
            raise self._mismatch("h", state, "receiver", users, int(stated or 0))
        if self.user >= users:
            raise ItemTypeError(
                f"input 'h' of block '{self.name}' is for {_counted(users, 'receiver')} ({state}), "
                f"and parameter 'user' is {self.user}; users are counted from 0"
            )
        if "h" not in self.tensors:
            return {}
        whole = self.axes["h"] == ALL_LINKS
        return {"h": self.fed("h", state, state.shape if whole else state.shape[1:])}

    def fed(self, name: str, item: ItemType, shape: tuple[int, ...]) -> ItemType:
        """Return the planes that feed the model's input ``name``, given the shape of one plane.

        Raises:
            ItemTypeError: the model takes other sizes; the text names the first that differs.
        """
        axes, sizes = self.axes[name], self.tensors[name].shape[1:]
        for axis, given, wanted in zip(axes, (2, *shape), sizes, strict=True):
            if isinstance(wanted, int) and given != wanted:
                raise self._mismatch(name, item, axis, given, wanted)
        return ItemType("float32", (2, *shape))

    def check_antennas(self, name: str, given: int, state: ItemType | None, axis: int) -> None:
        """Raise ItemTypeError if frames and channel state have not as many antennas.

        That is so where the card says that frames have antennas, not streams of a precoder,
        and these are not as many as those of the channel state, its axis ``axis``.
        """
        told = self.card.axes.get(name, ()) if self.card else ()
        if state is None or "stream" in told or not told or state.shape[axis] == given:
            return
        raise ItemTypeError(
            f"input 'h' of block '{self.name}' is for {_counted(state.shape[axis], told[1])} "
            f"({state}), but the frames '{name}' of model '{self.model}' have {given}: set the "
            "antennas of the channel state, or use another model"
        )

    def planes(self, x: Array, at: int, name: str) -> Array:
        """Return a chunk as planes, complex64[n, *s] gives float32[n, 2, *s], checked for NaN."""
        planes = to_planes(x)
        if not isfinite(np.vdot(planes, planes)):
            check_finite(x, at, name)
        return planes

    def own(self, h: Array) -> Array:
        """Return what the model takes of a chunk of channel states: all links, or the row."""
        return h if self.axes["h"] == ALL_LINKS else h[:, self.user]

    def _mismatch(
        self, name: str, item: ItemType, axis: str, given: int, wanted: int
    ) -> ItemTypeError:
        has, takes = _counted(given, axis), _counted(wanted, axis)
        return ItemTypeError(
            f"input '{name}' of block '{self.name}' is for {has} ({item}), but model "
            f"'{self.model}' is for {takes}: use a model for {has}, or a link with {takes}"
        )


def _counted(number: int, axis: str) -> str:
    return f"{number} {_PLURAL[axis] if number != 1 else _PLURAL[axis][:-1]}"
