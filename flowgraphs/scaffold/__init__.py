"""New blocks, flowgraphs and systems: folders that work at once, to be changed from there."""

from semradio.flowgraphs.scaffold.making import KINDS, new_block, new_flowgraph, new_system

__all__ = ["KINDS", "new_block", "new_flowgraph", "new_system"]
