"""The Block API: everything that a block, or the code that runs one, needs."""

# The engine makes blocks callable: whoever imports a block imports it too.
from semradio.blocks.api import harness as harness
from semradio.blocks.api.block import Block
from semradio.blocks.api.item_type import Array, ItemType, Pattern
from semradio.blocks.api.kinds import RateBlock, Sink, Source, StreamBlock, SyncBlock
from semradio.blocks.api.parameter import parameter
from semradio.blocks.api.port import Input, Output, PortRef
from semradio.blocks.api.registry import block, find, names
from semradio.blocks.api.state import state
from semradio.blocks.api.tag import Tag
from semradio.blocks.errors import (
    BlockError,
    BlockNotFoundError,
    DatasetError,
    ItemTypeError,
    ModelError,
    ParameterError,
    SemradioError,
    StreamError,
)

__all__ = [
    "Array",
    "Block",
    "BlockError",
    "BlockNotFoundError",
    "DatasetError",
    "Input",
    "ItemType",
    "ItemTypeError",
    "ModelError",
    "Output",
    "ParameterError",
    "Pattern",
    "PortRef",
    "RateBlock",
    "SemradioError",
    "Sink",
    "Source",
    "StreamBlock",
    "StreamError",
    "SyncBlock",
    "Tag",
    "block",
    "find",
    "names",
    "parameter",
    "state",
]
