"""What Alice's and Bob's modules have in common."""

from __future__ import annotations

from collections.abc import Mapping

from semradio.blocks.api import ItemType, ModelError
from semradio.blocks.neural.model_block import OneToOneModelBlock

SWITCH = "arn"
"""Key of the tag by which Bob follows Alice: true from a protected item on."""


class ResidualModule(OneToOneModelBlock):
    """A model that gives what it takes, so that it can be plugged into a link and out again."""

    def output_types(self, inputs: Mapping[str, ItemType]) -> Mapping[str, ItemType]:
        types = super().output_types(inputs)
        taken, given = next(iter(inputs.values())), next(iter(types.values()))
        if taken != given:
            raise ModelError(
                f"model '{self.model}' turns {taken} into {given}; the block "
                f"'{self.block_type}' can be switched off, so it must give the type that it takes"
            )
        return types
