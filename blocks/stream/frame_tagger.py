"""Frame numbers on a stream."""

from __future__ import annotations

from semradio.blocks.api import Array, Input, Output, SyncBlock, block, parameter


@block("frame_tagger", category="stream")
class FrameTagger(SyncBlock):
    """Tag the first item of every frame with the number of the frame: 0, 1, 2, ...

    A frame is ``length`` items; where the items are frames already, such as ``float32[23]``, that
    is 1. The tag stays with its frame through ``real_to_complex``, recordings and process
    borders, and ``complex_to_interleaved`` with the shape of the frame brings it back to it.

    Example:
        >>> link = Flowgraph("link")
        >>> tags = TagDebug()
        >>> link.connect(VectorSource(data=np.zeros((3, 23), np.float32)), FrameTagger(), tags)
        >>> link.run().results[tags.name]["tags"]
        [[0, 'frame', 0], [1, 'frame', 1], [2, 'frame', 2]]
    """

    length: int = parameter(1, low=1, unit="items", doc="Items in one frame.")
    key: str = parameter("frame", doc="Key of the tag.")
    first: int = parameter(0, low=0, doc="Number of the first frame.")

    x = Input("any[...]", doc="Any stream.")
    y = Output(like="x", doc="The same items.")

    def work(self, x: Array, at: int) -> Array:
        for frame in range(-(-at // self.length), -(-(at + len(x)) // self.length)):
            self.tag(self.key, self.first + frame, frame * self.length)
        return x
