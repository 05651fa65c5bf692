"""Every semradio block as GNU Radio Companion sees it; prints ports and errors as JSON.

Runs under the Python that GNU Radio is installed for; ``$GRC_BLOCKS_PATH`` names the folder.
"""

import json
import logging

from gnuradio import gr
from gnuradio.grc.core.platform import Platform

warnings = []


class Heard(logging.Handler):
    """Keeps what Companion has to say of the files that it reads."""

    def emit(self, record):
        warnings.append(record.getMessage())


logging.getLogger().addHandler(Heard(logging.WARNING))
platform = Platform(
    name="test",
    prefs=gr.prefs(),
    version=gr.version(),
    version_parts=(gr.major_version(), gr.api_version(), gr.minor_version()),
)
platform.build_library()
graph = platform.make_flow_graph()
found = {}
for name in sorted(platform.blocks):
    if not name.startswith("semradio_"):
        continue
    block = graph.new_block(name)
    block.params["id"].set_value("b_" + name)
    graph.rewrite()
    block.validate()
    found[name] = {
        "errors": [
            f"{element}: {message}"
            for element, message in block.iter_error_messages()
            if "not connected" not in message
        ],
        "inputs": [[str(port.dtype), port.vlen] for port in block.sinks],
        "outputs": [[str(port.dtype), port.vlen] for port in block.sources],
        "category": block.category,
    }
print("found", json.dumps({"blocks": found, "warnings": [w for w in warnings if "semradio" in w]}))
