"""Messages in the stream that set live parameters of the blocks beside them."""

from __future__ import annotations

import numpy as np

from semradio.blocks.gnuradio.message_control import MessageControl
from semradio.blocks.sinks.tag_debug import TagDebug
from semradio.blocks.sources.vector_source import VectorSource
from semradio.blocks.stream.multiply_const import MultiplyConst
from semradio.flowgraphs import Flowgraph


def test_a_message_sets_a_parameter_of_another_block() -> None:
    orders = [[10, "message", {"gain": 3.0}], [20, "message", {"gain": "loud", "other": 1}]]
    fg = Flowgraph()
    source = VectorSource(data=np.ones(1000, np.float32), tags=orders)
    gain, sink = fg.add(MultiplyConst(constant=1.0), "gain"), TagDebug(limit=100)
    control = fg.add(MessageControl(targets={"gain": "gain.constant"}), "control")
    fg.connect(source, control)
    fg.connect(source, gain, sink)
    result = fg.run(chunk=4)
    assert result["control"] == {"commands": 2, "changed": 1, "refused": 1, "ignored": 1}
    (tag,) = [t for t in result[sink.name]["tags"] if t[1] == "gain.constant"]
    assert tag[2] == 3.0
    # At the border after the pass that brought it.
    assert 10 < tag[0] <= 20
    assert "command refused" in result.notes["control"][0]
