"""The engine: runs blocks. A chain carries chunks through blocks, queues join chains.

Blocks know nothing of it; a flowgraph, a test and ``block(x)`` all run blocks through here.
"""

# Before anything of the engine: the Block API makes blocks callable, through this engine.
from semradio.blocks import api

__all__ = ["api"]
